//! The lanes as the dispatcher, its workers and everyone who asks share them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hookwright_model::{Origin, Timestamp, WebhookId};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::info;

use crate::delivery::Health;
use crate::flow::{Rest, Slot, Uptime};
use crate::schedule::{Resting, Schedule};

/// A worker waits so long for a rest to end; for longer ones its delivery is put off.
const SHORT_REST: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug)]
pub(crate) struct Lanes {
    schedule: Mutex<Schedule>,
    started: Instant,
    /// When the dispatcher last went through its loop, in milliseconds of uptime.
    beat_ms: AtomicU64,
    changed: Notify,
}

impl Lanes {
    pub(crate) fn new(max_in_flight: usize) -> Self {
        Self {
            schedule: Mutex::new(Schedule::new(max_in_flight)),
            started: Instant::now(),
            beat_ms: AtomicU64::new(0),
            changed: Notify::new(),
        }
    }

    pub(crate) fn now(&self) -> Uptime {
        self.started.elapsed()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock()
    }

    /// Replaces the schedule by an empty one, after the dispatcher has ended with what it knew.
    pub(crate) fn reset(&self, max_in_flight: usize) {
        *self.lock() = Schedule::new(max_in_flight);
    }

    /// The dispatcher goes through its loop.
    pub(crate) fn beat(&self) {
        let now = u64::try_from(self.now().as_millis()).unwrap_or(u64::MAX);
        self.beat_ms.store(now, Ordering::Relaxed);
    }

    /// How long ago the dispatcher last went through its loop.
    pub(crate) fn since_beat(&self) -> Duration {
        self.now().saturating_sub(Duration::from_millis(self.beat_ms.load(Ordering::Relaxed)))
    }

    /// Lets the dispatcher look again.
    pub(crate) fn notify(&self) {
        self.changed.notify_one();
    }

    /// Waits until somebody has notified the dispatcher.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Waits until a delivery under way may send its next request.
    ///
    /// # Errors
    /// How long the lane rests, when that is not soon over.
    pub(crate) async fn enter(&self, webhook: WebhookId, origin: Origin) -> Result<(), Duration> {
        loop {
            let now = self.now();
            if origin == Origin::Test {
                let at = self.lock().test_slot(webhook, now);
                // Somebody waits for it.
                tokio::time::sleep(at.saturating_sub(now).min(SHORT_REST)).await;
                return Ok(());
            }
            let slot = self.lock().slot(webhook, now);
            match slot {
                Slot::At(at) if at <= now => return Ok(()),
                Slot::At(at) => {
                    tokio::time::sleep(at - now).await;
                    // A rest may have begun meanwhile.
                    match self.lock().resting(webhook, self.now()) {
                        None => return Ok(()),
                        Some(resting) if resting.until > self.now() + SHORT_REST => {
                            return Err(resting.until - self.now());
                        }
                        Some(_) => {}
                    }
                }
                Slot::After(until) if until > now + SHORT_REST => return Err(until - now),
                Slot::After(until) => tokio::time::sleep(until - now).await,
            }
        }
    }

    /// What was learned of a webhook's target no longer holds.
    pub(crate) fn forget_target(&self, webhook: WebhookId) {
        let now = self.now();
        self.lock().forget_target(webhook, now);
        self.notify();
    }

    /// A target has answered, or has not.
    pub(crate) fn heard(
        &self,
        webhook: WebhookId,
        health: Health,
        reason: impl FnOnce() -> String,
        wall: Timestamp,
    ) {
        let reason = match health {
            Health::Unknown => return,
            Health::Good => String::new(),
            Health::Failing | Health::Throttling(_) => reason(),
        };
        let now = self.now();
        let begun = self.lock().heard(webhook, health, &reason, now);
        if let Some(Resting { until, rest, reason }) = begun {
            let until = wall.after(until.saturating_sub(now));
            match rest {
                Rest::Asked => info!(webhook.id = %webhook, lane.resting_until = %until, "{reason}"),
                Rest::Failing => {
                    info!(webhook.id = %webhook, lane.resting_until = %until, "the target keeps failing: {reason}");
                }
            }
        }
        self.notify();
    }
}
