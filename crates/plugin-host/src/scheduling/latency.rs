//! The latency tracker: how much processor time the calls of each component take, and which components take so much that
//! their calls belong in the slow tier.

use std::collections::HashMap;
use std::time::Duration;

use hookwright_model::Digest;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::limits::{KNOWN_FOR, SLOW};

/// Window of the moving average, in calls.
const WINDOW: u32 = 8;

/// The latency of each component that was called recently.
#[derive(Default)]
pub(crate) struct LatencyTracker(Mutex<HashMap<Digest, Latency>>);

struct Latency {
    /// A moving average, in which the last calls weigh most.
    mean: Duration,
    until: Instant,
}

impl LatencyTracker {
    /// Whether calls of the component have recently taken long. A single long call among quick ones says nothing: on a busy
    /// machine that happens to any component.
    pub(crate) fn is_slow(&self, component: Digest, now: Instant) -> bool {
        self.0.lock().get(&component).is_some_and(|latency| now < latency.until && latency.mean > SLOW)
    }

    /// Records what a call of the component took.
    pub(crate) fn took(&self, component: Digest, time: Duration, now: Instant) {
        let mut known = self.0.lock();
        let last = known.get(&component).filter(|latency| now < latency.until);
        // A first call counts half: it takes longer because nothing of it is in the processor's caches.
        let mean = last.map_or(time / 2, |latency| (latency.mean * (WINDOW - 1) + time) / WINDOW);
        if last.is_none() {
            known.retain(|_, latency| now < latency.until);
        }
        known.insert(component, Latency { mean, until: now + KNOWN_FOR });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::QUICK;

    #[test]
    fn a_component_is_slow_for_a_while_after_its_first_long_call() {
        let (tracker, component, other) = (LatencyTracker::default(), Digest::of(b"a"), Digest::of(b"b"));
        let now = Instant::now();
        tracker.took(other, SLOW, now);
        tracker.took(component, QUICK, now);
        assert!(tracker.is_slow(component, now) && !tracker.is_slow(other, now));
        assert!(!tracker.is_slow(component, now + KNOWN_FOR));
        tracker.took(other, SLOW, now + KNOWN_FOR);
        assert_eq!(tracker.0.lock().len(), 1, "what is not called is forgotten");
    }

    #[test]
    fn a_long_call_among_quick_ones_is_forgiven_and_many_are_not() {
        let (tracker, component, now) = (LatencyTracker::default(), Digest::of(b"a"), Instant::now());
        tracker.took(component, SLOW / 10, now);
        tracker.took(component, QUICK, now);
        assert!(!tracker.is_slow(component, now));
        let calls = (1..100).find(|_| {
            tracker.took(component, QUICK, now);
            tracker.is_slow(component, now)
        });
        assert!(calls.is_some_and(|calls| calls < 10), "{calls:?}");
        let calls = (1..100).find(|_| {
            tracker.took(component, SLOW / 10, now);
            !tracker.is_slow(component, now)
        });
        assert!(calls.is_some_and(|calls| calls < 10), "it comes back when it is quick again: {calls:?}");
    }
}
