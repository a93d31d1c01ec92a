//! The sample lead of test sends and previews.

use hookwright_model::{Event, EventId, EventKind, ProjectId, Timestamp};

/// The event of a lead with every field. Anyone who finds it in a CRM sees that it is a test. The number is one that is reserved
/// for fiction (North American Numbering Plan, 555-0100 to 555-0199) and the domain one for examples (RFC 2606).
pub fn event(id: EventId, project: ProjectId, now: Timestamp) -> Event {
    let payload = serde_json::json!({
        "event": EventKind::LeadCreated.as_str(),
        "project_id": project.to_string(),
        "created_at": now.to_string(),
        "lead": {
            "name": "Test Lead",
            "phone": "+12025550123",
            "email": "test.lead@example.com",
            "message": "This is a test sent from Hookwright. You can delete it.",
            "channel": "test",
            "conversation_id": format!("test-{}", now.as_millis()),
        },
    });
    let payload = payload.to_string().into();
    Event { id, project, kind: EventKind::LeadCreated, received_at: now, payload }
}
