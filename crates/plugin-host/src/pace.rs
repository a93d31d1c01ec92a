//! How much processor time calls take, and which components take so much of it that their calls run apart.

use std::collections::HashMap;
use std::time::Duration;

use hookwright_model::Digest;
use parking_lot::Mutex;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::limits::{QUICK, SLOW_FOR};

/// Processor time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    // Never negative: both count from the start of the thread.
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// The components whose calls took long, and until when that counts.
#[derive(Default)]
pub(crate) struct Paces(Mutex<HashMap<Digest, Instant>>);

impl Paces {
    /// Whether a call of the component took long a short time ago.
    pub(crate) fn is_slow(&self, component: Digest, now: Instant) -> bool {
        self.0.lock().get(&component).is_some_and(|until| now < *until)
    }

    /// Notes what a call of the component took.
    pub(crate) fn took(&self, component: Digest, time: Duration, now: Instant) {
        if time > QUICK {
            let mut slow = self.0.lock();
            slow.retain(|_, until| now < *until);
            slow.insert(component, now + SLOW_FOR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_slow_for_a_while_after_a_long_call() {
        let (paces, component, other) = (Paces::default(), Digest::of(b"a"), Digest::of(b"b"));
        let now = Instant::now();
        paces.took(component, QUICK, now);
        assert!(!paces.is_slow(component, now));
        paces.took(component, QUICK * 2, now);
        assert!(paces.is_slow(component, now) && !paces.is_slow(other, now));
        assert!(!paces.is_slow(component, now + SLOW_FOR));
    }
}
