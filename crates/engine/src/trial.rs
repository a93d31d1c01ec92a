//! Tests that a person starts: a sample lead, sent once, now.

use hookwright_model::{Delivery, DeliveryId, Event, EventId, EventKind, Origin, Timestamp, WebhookId};
use hookwright_store::StoreError;

use crate::Engine;

impl Engine {
    /// Sends a sample lead to a webhook, whatever its state, and waits for the outcome. It is tried once; the attempts
    /// are in the log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such webhook, and what the store says.
    ///
    /// # Cancel safety
    /// The test goes on when the caller stops waiting.
    pub async fn test(&self, webhook: WebhookId) -> Result<Delivery, StoreError> {
        let webhook = self.store().webhook(webhook).await?;
        let now = self.now();
        let event = Event {
            id: EventId::new(now, self.random()),
            project: webhook.project,
            kind: EventKind::LeadCreated,
            received_at: now,
            payload: sample(webhook.project, now).into(),
        };
        let id = DeliveryId::new(now, self.random());
        let delivery = Delivery::new(id, event.id, webhook.id, webhook.project, Origin::Test, now);
        let claim = self.store().start_test(event, delivery).await?;
        let worker = std::sync::Arc::clone(&self.worker);
        // A panic of the worker is in the log already; the delivery shows how far it came.
        let _ = tokio::spawn(async move { worker.run(claim).await }).await;
        self.store().delivery(id).await
    }
}

/// A lead with every field, plainly a test to whoever finds it in a CRM. The number is one that is reserved for fiction
/// (North American Numbering Plan, 555-0100 to 555-0199) and the domain one for examples (RFC 2606).
fn sample(project: hookwright_model::ProjectId, now: Timestamp) -> String {
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
    payload.to_string()
}
