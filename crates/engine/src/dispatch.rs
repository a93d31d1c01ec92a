//! The dispatcher: one task that claims what is due and starts it, within bounds and fairly. It is told in memory what
//! there is to do, and reads the store only for a webhook whose turn it is.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hookwright_model::{DeliveryId, ProjectId, Timestamp, Webhook, WebhookId, WebhookState};
use hookwright_store::{Due, StoreError};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::task::{Id, JoinError, JoinSet};
use tracing::{error, info};

use crate::attempt::{Ended, Health, STORE_RETRY, Worker};
use crate::schedule::Schedule;

/// Tells the dispatcher which webhooks have work. Notices of one webhook merge, so this never grows beyond the number
/// of webhooks.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    webhooks: Mutex<HashMap<WebhookId, ProjectId>>,
    changed: Notify,
}

impl Notices {
    /// These webhooks, of these projects, have something due now.
    pub(crate) fn add(&self, webhooks: impl IntoIterator<Item = (WebhookId, ProjectId)>) {
        self.webhooks.lock().extend(webhooks);
        self.changed.notify_one();
    }

    fn take(&self) -> HashMap<WebhookId, ProjectId> {
        std::mem::take(&mut *self.webhooks.lock())
    }
}

/// What a drain left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Nothing: every delivery under way came to its end.
    Complete,
    /// So many deliveries were cut off; the next start sends them again.
    CutOff(usize),
}

pub(crate) struct Dispatcher {
    worker: Arc<Worker>,
    notices: Arc<Notices>,
    schedule: Schedule,
    running: JoinSet<Ended>,
    owners: HashMap<Id, (WebhookId, DeliveryId)>,
}

impl Dispatcher {
    /// A dispatcher that begins with what is pending.
    pub(crate) fn new(
        worker: Arc<Worker>,
        notices: Arc<Notices>,
        max_in_flight: usize,
        pending: Vec<(Arc<Webhook>, Timestamp)>,
    ) -> Self {
        let now = worker.ports.clock.now();
        let mut schedule = Schedule::new(max_in_flight);
        for (webhook, at) in pending {
            schedule.due(webhook.id, webhook.project, at, now);
        }
        Self { worker, notices, schedule, running: JoinSet::new(), owners: HashMap::new() }
    }

    /// Runs until it is told to stop, then lets what is under way end, for as long as it was given.
    pub(crate) async fn run(mut self, mut stop: oneshot::Receiver<Duration>) -> Drained {
        let notices = Arc::clone(&self.notices);
        let deadline = loop {
            self.start_what_is_due().await;
            let wake_at = self.schedule.next_time();
            tokio::select! {
                deadline = &mut stop => break deadline.unwrap_or_default(),
                () = notices.changed.notified() => self.take_notices(),
                Some(joined) = self.running.join_next_with_id() => self.joined(joined).await,
                () = sleep_until(wake_at, self.worker.ports.clock.now()), if wake_at.is_some() => {}
            }
        };
        info!(deliveries = self.running.len(), "draining");
        let ended =
            tokio::time::timeout(deadline, async { while self.running.join_next().await.is_some() {} }).await;
        match ended {
            Ok(()) => Drained::Complete,
            Err(_) => Drained::CutOff(self.running.len()),
        }
    }

    fn now(&self) -> Timestamp {
        self.worker.ports.clock.now()
    }

    fn take_notices(&mut self) {
        let now = self.now();
        for (webhook, project) in self.notices.take() {
            self.schedule.due(webhook, project, now, now);
        }
    }

    async fn start_what_is_due(&mut self) {
        loop {
            let now = self.now();
            let Some(webhook) = self.schedule.next_turn(now) else { return };
            match self.claim(webhook, now).await {
                Ok(due) => {
                    self.schedule.started(webhook, due.claims.len(), due.next, now);
                    for claim in due.claims {
                        let delivery = claim.delivery.id;
                        let worker = Arc::clone(&self.worker);
                        let task = self.running.spawn(async move { worker.run(claim).await });
                        self.owners.insert(task.id(), (webhook, delivery));
                    }
                }
                Err(error) => {
                    error!(webhook.id = %webhook, error = %error, "deliveries could not be claimed");
                    self.schedule.started(webhook, 0, Some(now.after(STORE_RETRY)), now);
                }
            }
        }
    }

    /// What the webhook may start now; nothing at all while it is switched off or gone.
    async fn claim(&mut self, id: WebhookId, now: Timestamp) -> Result<Due, StoreError> {
        let webhook = match self.worker.store.webhook(id).await {
            Ok(webhook) if webhook.state == WebhookState::Active => webhook,
            Ok(_) | Err(StoreError::NotFound(_)) => return Ok(Due::default()),
            Err(error) => return Err(error),
        };
        let room = self.schedule.room(id, webhook.limits.concurrency);
        self.worker.store.claim_due(id, now, room).await
    }

    async fn joined(&mut self, joined: Result<(Id, Ended), JoinError>) {
        let (task, ended) = match joined {
            Ok((task, ended)) => (task, Ok(ended)),
            Err(error) => (error.id(), Err(error)),
        };
        let Some((webhook, delivery)) = self.owners.remove(&task) else { return };
        let now = self.now();
        let ended = match ended {
            Ok(ended) => ended,
            Err(error) => {
                error!(delivery.id = %delivery, error = %error, "a worker panicked");
                self.worker.store.release(&[delivery]).await;
                Ended { health: Health::Failing, retry_at: Some(now.after(STORE_RETRY)) }
            }
        };
        self.schedule.ended(webhook, ended, now);
    }
}

async fn sleep_until(at: Option<Timestamp>, now: Timestamp) {
    if let Some(at) = at {
        tokio::time::sleep(at.since(now)).await;
    }
}
