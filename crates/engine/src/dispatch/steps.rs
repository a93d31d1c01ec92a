//! Notices when the system's clock is set.
//!
//! Waits run by a clock that is never set, so they last as long as they should. What is stored is due by the system's clock:
//! after that was set back, a delivery whose wait is over seems to be due in the future.

use std::time::Duration;

use hookwright_model::{RetryPolicy, Timestamp};

use crate::flow::Uptime;

/// Two clocks that differ by less run alike.
const TOLERANCE_MILLIS: u64 = 1_000;

/// How far the system's clock was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Forward(Duration),
    Back(Duration),
}

/// The system's clock beside the one that is never set.
#[derive(Debug)]
pub(super) struct Steps {
    /// What the system's clock showed when the uptime was zero, as of the last look.
    zero: Timestamp,
    /// The latest that `zero` has been: by that clock stored deliveries may be due.
    latest_zero: Timestamp,
}

impl Steps {
    pub(super) fn new(wall: Timestamp, uptime: Uptime) -> Self {
        let zero = back(wall, uptime);
        Self { zero, latest_zero: zero }
    }

    /// Compares the clocks. Says how far the system's was set since the last look.
    pub(super) fn look(&mut self, wall: Timestamp, uptime: Uptime) -> Option<Step> {
        let zero = back(wall, uptime);
        let step = if zero.as_millis() > self.zero.as_millis() + TOLERANCE_MILLIS {
            Step::Forward(zero.since(self.zero))
        } else if self.zero.as_millis() > zero.as_millis() + TOLERANCE_MILLIS {
            Step::Back(self.zero.since(zero))
        } else {
            return None;
        };
        self.zero = zero;
        self.latest_zero = self.latest_zero.max(zero);
        Some(step)
    }

    /// Whether a delivery whose lane waited for it is due, although the system's clock does not say so yet.
    pub(super) fn is_due(&self, due_at: Timestamp, uptime: Uptime) -> bool {
        due_at <= self.latest_zero.after(uptime)
    }
}

/// Whether a delivery that is due at this time was stored by a clock that was ahead: nobody waits that long after so many
/// failures.
pub(super) fn is_out_of_reach(
    due_at: Timestamp,
    failures: u32,
    policy: &RetryPolicy,
    now: Timestamp,
) -> bool {
    let longest = if failures == 0 { Duration::ZERO } else { policy.longest_wait() };
    due_at.since(now) > longest + Duration::from_millis(TOLERANCE_MILLIS)
}

fn back(wall: Timestamp, uptime: Uptime) -> Timestamp {
    let uptime = u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX);
    Timestamp::from_millis(wall.as_millis().saturating_sub(uptime))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    #[test]
    fn steps_are_noticed_and_drifts_are_not() {
        let secs = Duration::from_secs;
        let mut steps = Steps::new(at(100_000), secs(0));
        assert_eq!(steps.look(at(100_010), secs(10)), None);
        assert_eq!(steps.look(Timestamp::from_millis(100_020_900), secs(20)), None);
        assert_eq!(steps.look(at(103_620), secs(20)), Some(Step::Forward(HOUR)));
        assert_eq!(steps.look(at(103_630), secs(30)), None);
        assert_eq!(steps.look(at(100_030), secs(30)), Some(Step::Back(HOUR)));
        assert_eq!(steps.look(at(100_040), secs(40)), None);
        assert!(steps.is_due(at(103_640), secs(40)), "stored while the clock was ahead");
        assert!(!steps.is_due(at(103_641), secs(40)));
    }

    #[test]
    fn nothing_is_due_later_than_its_policy_allows() {
        let policy = RetryPolicy::default();
        let reach = |due_at, failures| !is_out_of_reach(due_at, failures, &policy, at(0));
        assert!(reach(at(6 * 3_600), 1) && reach(at(7 * 3_600), 9));
        assert!(!reach(at(8 * 3_600), 9) && !reach(at(2), 0));
    }
}
