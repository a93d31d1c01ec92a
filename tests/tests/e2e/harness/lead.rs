//! Events to send.

use serde_json::{Value, json};

/// The lead of the documentation's sample.
pub(crate) fn sample() -> Value {
    json!({
        "name": "John Smith",
        "phone": "+12025551234",
        "email": "john@example.com",
        "message": "I'd like to know about pricing",
        "channel": "telegram",
        "conversation_id": "0198c0de-7e57-7bbb-8000-0123456789ab",
    })
}

/// A lead with nothing but a message, to be told from others by it.
pub(crate) fn saying(message: &str) -> Value {
    json!({ "message": message })
}

/// The event of this lead.
pub(crate) fn event(project: &str, lead: &Value) -> Value {
    json!({
        "event": "lead.created",
        "project_id": project,
        "created_at": "2026-05-31T10:00:00Z",
        "lead": lead,
    })
}
