//! When a failed attempt is repeated.

use std::time::Duration;

/// The retry schedule of one webhook: exponential, with jitter, until a total time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The wait after the first failure.
    pub first: Duration,
    /// By how much each wait is longer than the one before.
    pub factor: u32,
    /// No wait is longer than this, jitter aside.
    pub max: Duration,
    /// How far a wait may be moved, in percent of itself, up or down: it keeps deliveries that failed together from
    /// coming back together.
    pub jitter_percent: u8,
    /// Once this much time has passed since the first attempt, and some attempts have failed in a row
    /// ([`RetryPolicy::least_failures`]), the delivery is given up.
    pub give_up_after: Duration,
}

/// The schedule's numbers contradict each other or exceed what is supported.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum RetryPolicyError {
    /// The first wait is out of range.
    #[error("the first wait must be between 1 second and 24 hours")]
    First,
    /// The factor is out of range.
    #[error("the factor must be between 1 and 10")]
    Factor,
    /// The longest wait is out of range.
    #[error("the longest wait must be between the first wait and 24 hours")]
    Max,
    /// The jitter is out of range.
    #[error("the jitter must be between 0 and 50 percent")]
    Jitter,
    /// The total time is out of range.
    #[error("the time after which a delivery is given up must be at most 30 days")]
    GiveUpAfter,
}

/// See [`RetryPolicy::least_failures`].
const LEAST_FAILURES: u32 = 5;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for RetryPolicy {
    /// 5 s, then three times longer each time up to 6 h, ±20 %, until 72 h have passed.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            factor: 3,
            max: Duration::from_secs(6 * 60 * 60),
            jitter_percent: 20,
            give_up_after: 3 * DAY,
        }
    }
}

impl RetryPolicy {
    /// The shortest wait after the target refused the credentials: only a person can fix that, and asking often may get the
    /// account blocked.
    pub const SLOW: Duration = Duration::from_secs(30 * 60);

    /// The policy itself, when its numbers make sense.
    ///
    /// # Errors
    /// The first number that does not.
    pub fn checked(self) -> Result<Self, RetryPolicyError> {
        if !(Duration::from_secs(1)..=DAY).contains(&self.first) {
            return Err(RetryPolicyError::First);
        }
        if !(1..=10).contains(&self.factor) {
            return Err(RetryPolicyError::Factor);
        }
        if !(self.first..=DAY).contains(&self.max) {
            return Err(RetryPolicyError::Max);
        }
        if self.jitter_percent > 50 {
            return Err(RetryPolicyError::Jitter);
        }
        if self.give_up_after > 30 * DAY {
            return Err(RetryPolicyError::GiveUpAfter);
        }
        Ok(self)
    }

    /// The wait after this many failures in a row (the first is 1), without jitter.
    pub fn wait(&self, failures: u32) -> Duration {
        let growth = self.factor.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(growth).min(self.max)
    }

    /// Moves a wait by the jitter of this policy. `random` is uniform over all 64-bit values.
    pub fn jittered(&self, wait: Duration, random: u64) -> Duration {
        wait.mul_f64(1.0 - self.reach() + 2.0 * self.reach() * unit(random))
    }

    /// A wait that a target named, as this policy has it: at most [`RetryPolicy::max`], and longer by up to the jitter, never
    /// shorter. `random` is uniform over all 64-bit values.
    pub fn named(&self, wait: Duration, random: u64) -> Duration {
        wait.min(self.max).mul_f64(1.0 + self.reach() * unit(random))
    }

    /// The longest wait that this policy ever gives: a delivery that is due later was recorded under a clock that was wrong.
    pub fn longest_wait(&self) -> Duration {
        self.max.max(Self::SLOW).mul_f64(1.0 + self.reach())
    }

    /// The failures in a row without which a delivery is not given up, however much time has passed: those that fit into the
    /// time, but no more than five. So neither a clock that is set nor a process that stood still ends a delivery.
    pub fn least_failures(&self) -> u32 {
        let mut time = Duration::ZERO;
        (1..LEAST_FAILURES)
            .take_while(|failures| {
                time += self.wait(*failures);
                time <= self.give_up_after
            })
            .count()
            .try_into()
            .map_or(LEAST_FAILURES, |fitting: u32| fitting + 1)
    }

    /// The jitter as a part of one.
    fn reach(&self) -> f64 {
        f64::from(self.jitter_percent) / 100.0
    }
}

/// A random number as a part of one.
fn unit(random: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a random number needs no more than 53 bits")]
    let unit = random as f64 / u64::MAX as f64;
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_maximum() {
        let waits: Vec<u64> = (1..=9).map(|n| RetryPolicy::default().wait(n).as_secs()).collect();
        assert_eq!(waits, [5, 15, 45, 135, 405, 1_215, 3_645, 10_935, 21_600]);
        assert_eq!(RetryPolicy::default().wait(u32::MAX), RetryPolicy::default().max);
    }

    #[test]
    fn jitter_stays_within_its_reach() {
        let policy = RetryPolicy::default();
        let wait = Duration::from_secs(100);
        assert_eq!(policy.jittered(wait, 0), Duration::from_secs(80));
        assert_eq!(policy.jittered(wait, u64::MAX), Duration::from_secs(120));
    }

    #[test]
    fn a_named_wait_is_never_shorter_and_within_the_policy() {
        let policy = RetryPolicy::default();
        let wait = Duration::from_secs(100);
        assert_eq!((policy.named(wait, 0), policy.named(wait, u64::MAX)), (wait, Duration::from_secs(120)));
        assert_eq!(policy.named(Duration::from_secs(u64::MAX), 0), policy.max);
        assert!(policy.named(Duration::from_secs(u64::MAX), u64::MAX) <= policy.longest_wait());
        let short = RetryPolicy { first: Duration::from_secs(1), max: Duration::from_secs(60), ..policy };
        assert!(short.longest_wait() >= RetryPolicy::SLOW);
    }

    #[test]
    fn giving_up_needs_the_failures_that_fit_into_the_time_but_no_more_than_five() {
        let failures = |hours: u64| {
            let give_up_after = Duration::from_secs(hours * 60 * 60);
            RetryPolicy { give_up_after, ..RetryPolicy::default() }.least_failures()
        };
        assert_eq!((failures(0), failures(1), failures(72)), (1, 5, 5));
        let soon = RetryPolicy { give_up_after: Duration::from_secs(20), ..RetryPolicy::default() };
        assert_eq!(soon.least_failures(), 3, "5 s and 15 s fit");
    }
}
