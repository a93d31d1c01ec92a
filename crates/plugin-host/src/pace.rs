//! How much processor time calls take, and which components take so much of it that their calls run apart.

use std::collections::HashMap;
use std::time::Duration;

use hookwright_model::Digest;
use parking_lot::Mutex;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::limits::{KNOWN_FOR, SLOW};

/// How many calls the mean is of, about.
const WEIGHT: u32 = 8;

/// Processor time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    // Never negative: both count from the start of the thread.
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// The pace of each component that was called of late.
#[derive(Default)]
pub(crate) struct Paces(Mutex<HashMap<Digest, Pace>>);

struct Pace {
    /// The mean of what calls took, in which the last ones weigh most.
    mean: Duration,
    until: Instant,
}

impl Paces {
    /// Whether calls of the component took long of late. A single long one among quick ones says nothing: on a busy machine
    /// that happens to any component.
    pub(crate) fn is_slow(&self, component: Digest, now: Instant) -> bool {
        self.0.lock().get(&component).is_some_and(|pace| now < pace.until && pace.mean > SLOW)
    }

    /// Notes what a call of the component took.
    pub(crate) fn took(&self, component: Digest, time: Duration, now: Instant) {
        let mut paces = self.0.lock();
        let known = paces.get(&component).filter(|pace| now < pace.until);
        // What a first call takes longer, because nothing of it is in the processor's caches, is not held against it.
        let mean = known.map_or(time / 2, |pace| (pace.mean * (WEIGHT - 1) + time) / WEIGHT);
        if known.is_none() {
            paces.retain(|_, pace| now < pace.until);
        }
        paces.insert(component, Pace { mean, until: now + KNOWN_FOR });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::QUICK;

    #[test]
    fn a_component_is_slow_for_a_while_after_its_first_long_call() {
        let (paces, component, other) = (Paces::default(), Digest::of(b"a"), Digest::of(b"b"));
        let now = Instant::now();
        paces.took(other, SLOW, now);
        paces.took(component, QUICK, now);
        assert!(paces.is_slow(component, now) && !paces.is_slow(other, now));
        assert!(!paces.is_slow(component, now + KNOWN_FOR));
        paces.took(other, SLOW, now + KNOWN_FOR);
        assert_eq!(paces.0.lock().len(), 1, "what is not called is forgotten");
    }

    #[test]
    fn a_long_call_among_quick_ones_is_forgiven_and_many_are_not() {
        let (paces, component, now) = (Paces::default(), Digest::of(b"a"), Instant::now());
        paces.took(component, SLOW / 10, now);
        paces.took(component, QUICK, now);
        assert!(!paces.is_slow(component, now));
        let calls = (1..100).find(|_| {
            paces.took(component, QUICK, now);
            paces.is_slow(component, now)
        });
        assert!(calls.is_some_and(|calls| calls < 10), "{calls:?}");
        let calls = (1..100).find(|_| {
            paces.took(component, SLOW / 10, now);
            !paces.is_slow(component, now)
        });
        assert!(calls.is_some_and(|calls| calls < 10), "it comes back when it is quick again: {calls:?}");
    }
}
