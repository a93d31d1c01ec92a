//! Test sends: the sample lead, sent once, now, at a person's request.

use hookwright_model::{Delivery, DeliveryId, EventId, Origin, WebhookId};
use hookwright_store::StoreError;

use crate::{ScopedEngine, sample};

impl ScopedEngine {
    /// Sends a sample lead to a webhook, even if it is paused, and waits for the outcome. A failure is not retried; the
    /// attempts are in the log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such webhook, and what the store says.
    ///
    /// # Cancel safety
    /// The delivery goes on when the caller stops waiting.
    pub async fn test_send(&self, webhook: WebhookId) -> Result<Delivery, StoreError> {
        let webhook = self.webhook(webhook).await?;
        let now = self.now();
        let event = sample::event(EventId::new(now, self.random()), webhook.project, now);
        let id = DeliveryId::new(now, self.random());
        let delivery = Delivery::new(id, event.id, webhook.id, webhook.project, Origin::Test, now);
        let claim = self.store().start_test(event, delivery).await?;
        let worker = std::sync::Arc::clone(&self.engine.worker);
        // A panic of the worker is in the log already; the delivery shows how far it came.
        let _ = tokio::spawn(async move { worker.run(claim).await }).await;
        self.store().delivery(id).await
    }
}
