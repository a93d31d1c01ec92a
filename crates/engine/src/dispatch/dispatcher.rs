//! The loop.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hookwright_model::{DeliveryId, RetryPolicy, Timestamp, Webhook, WebhookId, WebhookState};
use hookwright_store::{Due, StoreError};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::{Id, JoinError, JoinSet};
use tracing::{error, info, warn};

use super::steps::{Step, Steps, is_out_of_reach};
use super::{Begun, Drained, Notices, TestSends};
use crate::attempt::{Ended, STORE_RETRY, Worker};
use crate::delivery::Health;
use crate::flow::Uptime;

/// The loop goes round at least this often, which shows that it lives and that nobody has set the clock.
const BEAT: Duration = Duration::from_secs(5);

/// Every delivery that is claimed: the claims are given back when the dispatcher ends.
pub(super) type Claimed = Arc<Mutex<HashMap<DeliveryId, WebhookId>>>;

pub(super) struct Dispatcher {
    worker: Arc<Worker>,
    notices: Arc<Notices>,
    tests: Arc<TestSends>,
    running: JoinSet<Ended>,
    owners: HashMap<Id, (WebhookId, DeliveryId)>,
    claimed: Claimed,
    steps: Steps,
}

impl Dispatcher {
    /// A dispatcher that begins with what is pending. Each webhook is looked at once: by which clock its first delivery is
    /// due is not known yet.
    pub(super) fn new(
        worker: Arc<Worker>,
        notices: Arc<Notices>,
        tests: Arc<TestSends>,
        claimed: Claimed,
        pending: &[Arc<Webhook>],
    ) -> Self {
        let now = worker.lanes.now();
        let steps = Steps::new(worker.ports.clock.now(), now);
        for webhook in pending {
            worker.lanes.lock().due(webhook.id, webhook.project, now, now);
        }
        Self { worker, notices, tests, running: JoinSet::new(), owners: HashMap::new(), claimed, steps }
    }

    /// Runs until it is told to stop, then lets what is under way end, for as long as it was given.
    pub(super) async fn run(mut self, mut stop: oneshot::Receiver<Duration>) -> Drained {
        let (notices, lanes) = (Arc::clone(&self.notices), Arc::clone(&self.worker.lanes));
        let deadline = loop {
            self.look_at_the_clock();
            self.start_tests();
            self.start_what_is_due().await;
            // Not sooner: one that never gets here has not moved.
            lanes.beat();
            let next = lanes.lock().next_time();
            let pause = next.map_or(BEAT, |at| at.saturating_sub(lanes.now()).min(BEAT));
            tokio::select! {
                deadline = &mut stop => break deadline.unwrap_or_default(),
                () = notices.changed.notified() => self.take_notices(),
                () = lanes.changed() => {}
                Some(joined) = self.running.join_next_with_id() => self.joined(joined).await,
                () = tokio::time::sleep(pause) => {}
            }
        };
        self.tests.close();
        info!(deliveries = self.running.len(), "draining");
        let ended =
            tokio::time::timeout(deadline, async { while self.running.join_next().await.is_some() {} }).await;
        match ended {
            Ok(()) => Drained::Complete,
            Err(_) => Drained::CutOff(self.running.len()),
        }
    }

    fn wall(&self) -> Timestamp {
        self.worker.ports.clock.now()
    }

    fn now(&self) -> Uptime {
        self.worker.lanes.now()
    }

    fn look_at_the_clock(&mut self) {
        let (wall, now) = (self.wall(), self.now());
        match self.steps.look(wall, now) {
            Some(Step::Forward(by)) => {
                warn!(
                    clock.step_secs = by.as_secs(),
                    "the system's clock was set forward; waits are not shortened"
                );
            }
            Some(Step::Back(by)) => {
                warn!(
                    clock.step_secs = by.as_secs(),
                    "the system's clock was set back; waits are not lengthened"
                );
            }
            None => {}
        }
    }

    fn take_notices(&mut self) {
        let now = self.now();
        let mut schedule = self.worker.lanes.lock();
        for (webhook, project) in self.notices.take() {
            schedule.due(webhook, project, now, now);
        }
    }

    /// Begins the test sends for which there is a place.
    fn start_tests(&mut self) {
        loop {
            let next = self.worker.lanes.lock().next_test();
            let Some((ticket, webhook)) = next else { return };
            let (end, ended) = oneshot::channel();
            let begun = self.tests.take(ticket).and_then(|test| {
                test.begun.send(Begun { ended }).ok()?;
                Some((test.event, test.delivery))
            });
            let Some((event, delivery)) = begun else {
                // Nobody waits for it any more.
                let now = self.now();
                self.worker.lanes.lock().ended(webhook, None, now);
                continue;
            };
            let (worker, id) = (Arc::clone(&self.worker), delivery.id);
            self.claimed.lock().insert(id, webhook);
            let task = self.running.spawn(async move {
                let claim = worker.store.start_test(event, delivery).await;
                let (ended, outcome) = match claim {
                    Ok(claim) => (worker.run(claim).await, Ok(())),
                    Err(error) => (Ended { retry_in: None }, Err(error)),
                };
                // The caller may have stopped waiting.
                let _ = end.send(outcome);
                ended
            });
            self.owners.insert(task.id(), (webhook, id));
        }
    }

    async fn start_what_is_due(&mut self) {
        loop {
            let now = self.now();
            let turn = self.worker.lanes.lock().next_turn(now);
            let Some(webhook) = turn else { return };
            match self.claim(webhook).await {
                Ok(due) => {
                    self.claimed.lock().extend(due.claims.iter().map(|claim| (claim.delivery.id, webhook)));
                    let wall = self.wall();
                    let next = due.next.map(|at| now + at.since(wall));
                    self.worker.lanes.lock().started(webhook, due.claims.len(), next, now);
                    for claim in due.claims {
                        let delivery = claim.delivery.id;
                        let worker = Arc::clone(&self.worker);
                        let task = self.running.spawn(async move { worker.run(claim).await });
                        self.owners.insert(task.id(), (webhook, delivery));
                    }
                }
                Err(error) => {
                    error!(webhook.id = %webhook, error = %error, "deliveries could not be claimed");
                    self.worker.lanes.lock().started(webhook, 0, Some(now + STORE_RETRY), now);
                }
            }
        }
    }

    /// What the webhook may start now; nothing at all while it is switched off or gone.
    async fn claim(&mut self, id: WebhookId) -> Result<Due, StoreError> {
        let webhook = match self.worker.store.webhook(id).await {
            Ok(webhook) if webhook.state == WebhookState::Active => webhook,
            Ok(_) => return Ok(Due::default()),
            Err(StoreError::NotFound(_)) => {
                self.worker.lanes.lock().forget_target(id, self.now());
                return Ok(Due::default());
            }
            Err(error) => return Err(error),
        };
        let room = self.worker.lanes.lock().room(id, webhook.limits.concurrency);
        let wall = self.wall();
        let due = self.worker.store.claim_due(id, wall, room).await?;
        match due.next {
            Some(at) if room > 0 && due.claims.is_empty() && at > wall => {
                self.claim_by_another_clock(id, &webhook.retry, at, wall).await
            }
            _ => Ok(due),
        }
    }

    /// The lane's time has come, but its first delivery is due at `at` by the system's clock. That is so when the webhook
    /// has only become active again, or when the clock was ahead as the delivery was stored.
    async fn claim_by_another_clock(
        &mut self,
        id: WebhookId,
        retry: &RetryPolicy,
        at: Timestamp,
        wall: Timestamp,
    ) -> Result<Due, StoreError> {
        let mut due = self.worker.store.claim_due(id, at, 1).await?;
        let Some(first) = due.claims.first().map(|claim| &claim.delivery) else { return Ok(due) };
        if self.steps.is_due(at, self.now()) || is_out_of_reach(at, first.failures, retry, wall) {
            // The next one may be in the same case.
            due.next = due.next.map(|next| next.min(wall));
            return Ok(due);
        }
        self.worker.store.release(&[first.id]).await;
        Ok(Due { claims: Vec::new(), next: Some(at) })
    }

    async fn joined(&mut self, joined: Result<(Id, Ended), JoinError>) {
        let (task, ended) = match joined {
            Ok((task, ended)) => (task, Ok(ended)),
            Err(error) => (error.id(), Err(error)),
        };
        let Some((webhook, delivery)) = self.owners.remove(&task) else { return };
        let ended = match ended {
            Ok(ended) => ended,
            Err(error) => {
                error!(delivery.id = %delivery, error = %error, "a worker panicked");
                self.worker.store.release(&[delivery]).await;
                let reason = || "a worker panicked".to_owned();
                self.worker.lanes.heard(webhook, Health::Failing, reason, self.wall());
                Ended { retry_in: Some(STORE_RETRY) }
            }
        };
        self.claimed.lock().remove(&delivery);
        let now = self.now();
        self.worker.lanes.lock().ended(webhook, ended.retry_in.map(|wait| now + wait), now);
    }
}
