//! When to try again.

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
    /// Once this much time has passed since the first try, the delivery is given up.
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
    /// The shortest wait after the target refused our credentials: only a person can mend that, so asking often
    /// helps nobody and may get the account blocked.
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
        #[expect(clippy::cast_precision_loss, reason = "a random number needs no more than 53 bits")]
        let unit = random as f64 / u64::MAX as f64;
        let reach = f64::from(self.jitter_percent) / 100.0;
        wait.mul_f64(1.0 - reach + 2.0 * reach * unit)
    }
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
}
