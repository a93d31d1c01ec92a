//! Test sends: the sample lead, sent once, now, at a person's request.

use std::time::Duration;

use hookwright_model::{Delivery, DeliveryId, ErrorKind, EventId, Origin, WebhookId};
use hookwright_store::StoreError;

use crate::dispatch::Begun;
use crate::{ScopedEngine, sample};

/// How long a test send waits for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The most test sends of one project that wait.
const MAX_WAITING: usize = 64;

/// Why a test was not sent.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// Its turn did not come.
    #[error(
        "The test was not sent: for {} seconds, other deliveries of this webhook or project took every place. Try again later",
        .0.as_secs()
    )]
    Busy(Duration),
    /// Too many wait already.
    #[error(
        "The test was not sent: {MAX_WAITING} tests of this project wait for their turn already. Try again later"
    )]
    TooMany,
    /// The server stops, or its dispatcher is being started again.
    #[error("The test was not sent: the server is stopping or starting. Try again in a moment")]
    Stopping,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TestError {
    /// What the error means to the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy(_) | Self::TooMany | Self::Stopping => ErrorKind::Unavailable,
            Self::Store(error) => error.kind(),
        }
    }
}

impl ScopedEngine {
    /// Sends a sample lead to a webhook, even if it is paused, and waits for the outcome. A failure is not retried; the
    /// attempts are in the log. It takes its turn: it counts against the webhook's concurrency and its project's share.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such webhook, what the store says, and why its turn did not come.
    ///
    /// # Cancel safety
    /// A test send that has begun goes on when the caller stops waiting.
    pub async fn test_send(&self, webhook: WebhookId) -> Result<Delivery, TestError> {
        let webhook = self.webhook(webhook).await?;
        let now = self.now();
        let event = sample::event(EventId::new(now, self.random()), webhook.project, now);
        let id = DeliveryId::new(now, self.random());
        let delivery = Delivery::new(id, event.id, webhook.id, webhook.project, Origin::Test, now);
        let lanes = &self.engine.worker.lanes;
        if lanes.lock().waiting_tests(webhook.project) >= MAX_WAITING {
            return Err(TestError::TooMany);
        }
        let (ticket, begins) = self.engine.tests.add(event, delivery).ok_or(TestError::Stopping)?;
        lanes.lock().want_test(ticket, webhook.id, webhook.project, webhook.limits.concurrency);
        lanes.notify();
        let begun = tokio::time::timeout(LONGEST_WAIT, begins).await;
        match begun {
            Ok(Ok(Begun { ended })) => {
                // A panic of the worker is in the log already; the delivery shows how far it came.
                ended.await.unwrap_or(Ok(()))?;
                Ok(self.store().delivery(id).await?)
            }
            Ok(Err(_)) => Err(TestError::Stopping),
            Err(_) => {
                lanes.lock().drop_test(ticket);
                self.engine.tests.remove(ticket);
                Err(TestError::Busy(LONGEST_WAIT))
            }
        }
    }
}
