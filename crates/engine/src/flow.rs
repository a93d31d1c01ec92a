//! How much one target can be sent, learned from its answers: pure bookkeeping, one per lane.
//!
//! - A lane begins with few deliveries at once and gets one more with each success, so the first answers that say "slow down"
//!   cost little. A target that only takes its time gets twice as many whenever some time has passed without a refusal.
//! - A target that says so gets a pause, as long as it asked for, then one request. From then on its requests keep a distance,
//!   which doubles with each such answer and shrinks with each success: quickly while it is far from where the target last
//!   refused, slowly near it.
//! - A target that keeps failing is probed: one request at a time, with a rest after each failure.

use std::time::Duration;

use crate::delivery::Health;

/// Time since the dispatcher's clock was started. That clock is never set.
pub(crate) type Uptime = Duration;

/// A lane begins with so many deliveries at once.
const FIRST_WINDOW: usize = 2;
/// After so much time without an answer, a lane may have twice as many.
const PATIENCE: Duration = Duration::from_millis(500);
/// After so many failures in a row a lane is probed.
const PROBE_AFTER: u32 = 3;
/// The rest after the failure that starts the probing; it doubles with each further one.
const FIRST_REST: Duration = Duration::from_secs(5);
/// No rest is longer, unless the target asked for it.
const LONGEST_REST: Duration = Duration::from_secs(60);
/// The pause for a target that takes less than it is sent and names none; it doubles with each further such answer.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The distance of requests after the first such answer.
const FIRST_GAP: Duration = Duration::from_secs(1);
const LONGEST_GAP: Duration = Duration::from_secs(60);
/// With a larger distance a lane has one delivery under way.
const CROWDED_GAP: Duration = Duration::from_millis(250);
/// A smaller one is none.
const LEAST_GAP: Duration = Duration::from_millis(5);
/// How a success changes the distance, far from the one at which the target refused and near it.
const FAR_FACTOR: f64 = 0.9;
const NEAR_FACTOR: f64 = 0.99;
/// So much of the distance at which the target refused is near it.
const NEAR: f64 = 1.5;

/// When a request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// At this time, which is the request's alone.
    At(Uptime),
    /// Not before this: the lane rests.
    After(Uptime),
}

/// Whether a rest was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// The target asked for a pause, or takes less than it is sent.
    Asked,
    /// It keeps failing.
    Failing,
}

#[derive(Debug)]
pub(crate) struct Flow {
    /// In a row.
    failures: u32,
    rest: Option<(Uptime, Rest)>,
    /// The most deliveries at once.
    window: usize,
    /// When the window grows, if nothing is heard until then.
    grows_at: Uptime,
    /// The least time between two requests.
    gap: Duration,
    /// The gap at which the target last refused.
    refused_gap: Duration,
    /// When the next request may be sent, as far as the gap goes.
    next_slot: Uptime,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            failures: 0,
            rest: None,
            window: FIRST_WINDOW,
            grows_at: Uptime::ZERO,
            gap: Duration::ZERO,
            refused_gap: Duration::ZERO,
            next_slot: Uptime::ZERO,
        }
    }
}

impl Flow {
    /// Whether there is anything to remember while nothing is to be sent.
    pub(crate) fn is_unremarkable(&self) -> bool {
        self.failures == 0 && self.gap.is_zero()
    }

    /// The rest that the lane has now.
    pub(crate) fn rest(&self, now: Uptime) -> Option<(Uptime, Rest)> {
        self.rest.filter(|(until, _)| now < *until)
    }

    /// When the next delivery may be started.
    pub(crate) fn opens_at(&self) -> Uptime {
        let rest = self.rest.map_or(Uptime::ZERO, |(until, _)| until);
        if self.gap.is_zero() { rest } else { rest.max(self.next_slot) }
    }

    /// The most deliveries under way at once, within the webhook's own limit.
    pub(crate) fn limit(&self, concurrency: usize) -> usize {
        let is_probed = self.failures >= PROBE_AFTER || self.gap > CROWDED_GAP;
        concurrency.min(if is_probed { 1 } else { self.window })
    }

    /// Deliveries have been started.
    pub(crate) fn started(&mut self, now: Uptime) {
        self.grows_at = now + PATIENCE;
    }

    /// When the limit grows by itself, if nothing is heard until then; none while the target has been failing.
    pub(crate) fn grows_at(&self, concurrency: usize) -> Option<Uptime> {
        let is_slow_start = self.failures == 0 && self.gap.is_zero() && self.window < concurrency;
        is_slow_start.then_some(self.grows_at)
    }

    /// Lets the limit grow, if it is time.
    pub(crate) fn grow(&mut self, concurrency: usize, now: Uptime) {
        if self.grows_at(concurrency).is_some_and(|at| at <= now) {
            self.window = self.window.saturating_mul(2);
            self.grows_at = now + PATIENCE;
        }
    }

    /// Reserves the time of one request.
    pub(crate) fn slot(&mut self, now: Uptime) -> Slot {
        match self.rest(now) {
            Some((until, _)) => Slot::After(until),
            None => Slot::At(self.reserve(now)),
        }
    }

    /// The same for a request that a rest does not hold up.
    pub(crate) fn reserve(&mut self, now: Uptime) -> Uptime {
        if self.gap.is_zero() || self.rest(now).is_some() {
            return now;
        }
        let at = now.max(self.next_slot);
        self.next_slot = at + self.gap;
        at
    }

    /// Learns from an answer. Says whether a rest has begun or become longer.
    pub(crate) fn heard(&mut self, health: Health, now: Uptime) -> bool {
        match health {
            Health::Good => {
                self.succeeded(now);
                false
            }
            Health::Failing => self.failed(now),
            Health::Throttling(named) => self.throttled(named.unwrap_or_default(), now),
            Health::Unknown => false,
        }
    }

    fn succeeded(&mut self, now: Uptime) {
        // What was under way when a pause was asked for says nothing about it.
        if matches!(self.rest(now), Some((_, Rest::Asked))) {
            return;
        }
        self.failures = 0;
        self.rest = None;
        self.window = self.window.saturating_add(1);
        let is_near = self.gap >= self.refused_gap && self.gap < self.refused_gap.mul_f64(NEAR);
        self.gap = self.gap.mul_f64(if is_near { NEAR_FACTOR } else { FAR_FACTOR });
        if self.gap < LEAST_GAP {
            self.gap = Duration::ZERO;
            self.refused_gap = Duration::ZERO;
        }
    }

    fn failed(&mut self, now: Uptime) -> bool {
        // What was under way when the rest began fails with it and says nothing new.
        if self.rest(now).is_some() {
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        let Some(doublings) = self.failures.checked_sub(PROBE_AFTER) else { return false };
        self.window = 1;
        self.rest_for(doubled(FIRST_REST, doublings), Rest::Failing, now)
    }

    fn throttled(&mut self, named: Duration, now: Uptime) -> bool {
        if let Some((until, Rest::Asked)) = self.rest(now) {
            return now + named > until && self.rest_for(named, Rest::Asked, now);
        }
        // Once the rate is about known, a short pause does.
        let first = if self.gap.is_zero() { FIRST_PAUSE } else { (self.gap * 4).min(FIRST_PAUSE) };
        let pause = named.max(doubled(first, self.failures));
        self.failures = self.failures.saturating_add(1);
        self.window = 1;
        self.refused_gap = self.gap;
        self.gap = if self.gap.is_zero() { FIRST_GAP } else { self.gap.saturating_mul(2).min(LONGEST_GAP) };
        self.rest_for(pause, Rest::Asked, now)
    }

    fn rest_for(&mut self, pause: Duration, rest: Rest, now: Uptime) -> bool {
        let until = now.saturating_add(pause);
        self.rest = Some((until, rest));
        self.next_slot = self.next_slot.max(until);
        true
    }
}

fn doubled(first: Duration, doublings: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn a_lane_starts_slowly_and_grows_with_each_success() {
        let mut flow = Flow::default();
        assert_eq!(flow.limit(16), 2);
        for _ in 0..3 {
            flow.heard(Health::Good, secs(0));
        }
        assert_eq!((flow.limit(16), flow.limit(4)), (5, 4));
        assert!(flow.is_unremarkable());
    }

    #[test]
    fn a_target_that_takes_its_time_gets_more_and_one_that_refuses_does_not() {
        let mut flow = Flow::default();
        flow.started(secs(1));
        flow.grow(16, secs(1));
        assert_eq!((flow.limit(16), flow.grows_at(16)), (2, Some(secs(1) + PATIENCE)));
        for limit in [4, 8, 16] {
            let at = flow.grows_at(16).unwrap();
            flow.grow(16, at);
            assert_eq!(flow.limit(16), limit);
        }
        assert_eq!(flow.grows_at(16), None, "it has all that it may have");
        flow.heard(Health::Throttling(None), secs(9));
        assert_eq!((flow.limit(16), flow.grows_at(16)), (1, None));
    }

    #[test]
    fn a_failing_target_is_probed_with_longer_and_longer_rests() {
        let mut flow = Flow::default();
        for _ in 0..9 {
            flow.heard(Health::Good, secs(0));
        }
        for _ in 0..6 {
            flow.heard(Health::Failing, secs(0));
        }
        assert_eq!((flow.rest(secs(0)), flow.limit(16)), (Some((secs(5), Rest::Failing)), 1));
        assert!(flow.heard(Health::Failing, secs(5)));
        assert_eq!(flow.rest(secs(5)), Some((secs(15), Rest::Failing)));
        for _ in 0..9 {
            let (until, _) = flow.rest.unwrap();
            flow.heard(Health::Failing, until);
        }
        let (until, _) = flow.rest.unwrap();
        flow.heard(Health::Failing, until);
        assert_eq!(flow.rest.unwrap().0 - until, LONGEST_REST);
        flow.heard(Health::Good, until);
        assert_eq!((flow.rest(until), flow.limit(16)), (None, 2), "it grows back from one");
    }

    #[test]
    fn a_pause_lasts_as_long_as_was_asked_and_other_answers_do_not_end_it() {
        let mut flow = Flow::default();
        assert!(flow.heard(Health::Throttling(Some(secs(300))), secs(0)));
        flow.heard(Health::Good, secs(1));
        flow.heard(Health::Failing, secs(1));
        assert!(!flow.heard(Health::Throttling(Some(secs(30))), secs(1)), "it ends sooner");
        assert_eq!(flow.slot(secs(299)), Slot::After(secs(300)));
        assert!(flow.heard(Health::Throttling(Some(secs(300))), secs(2)), "it ends later");
        assert_eq!((flow.slot(secs(301)), flow.opens_at()), (Slot::After(secs(302)), secs(302)));
        assert_eq!((flow.limit(16), flow.slot(secs(302))), (1, Slot::At(secs(302))));
    }

    #[test]
    fn a_target_that_names_no_pause_or_too_short_ones_gets_longer_ones() {
        for named in [None, Some(secs(0)), Some(secs(1))] {
            let (mut flow, mut now, mut pauses) = (Flow::default(), secs(0), Vec::new());
            for _ in 0..8 {
                flow.heard(Health::Throttling(named), now);
                let until = flow.opens_at();
                pauses.push((until - now).as_secs());
                now = until;
            }
            assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60], "{named:?}");
        }
    }

    #[test]
    fn requests_keep_a_distance_after_a_pause() {
        let mut flow = Flow::default();
        flow.heard(Health::Throttling(None), secs(0));
        assert_eq!(flow.slot(secs(1)), Slot::At(secs(1)));
        assert_eq!(flow.slot(secs(1)), Slot::At(secs(2)));
        assert_eq!((flow.slot(secs(1)), flow.opens_at()), (Slot::At(secs(3)), secs(4)));
        for _ in 0..100 {
            flow.heard(Health::Good, secs(9));
        }
        assert!(flow.is_unremarkable(), "without a further refusal the distance goes");
    }

    /// A target that takes so many requests a second and refuses the others; requests one after the other, as the flow has
    /// them. Returns how many it took and refused in the time.
    fn against(per_second: f64, time: Duration) -> (u32, u32) {
        let (mut flow, mut now, mut free_at) = (Flow::default(), secs(0), secs(0));
        let (mut taken, mut refused) = (0, 0);
        while now < time {
            match flow.slot(now) {
                Slot::After(until) => now = until,
                Slot::At(at) => {
                    now = at + Duration::from_millis(1);
                    if now >= free_at {
                        free_at = now + Duration::from_secs_f64(1.0 / per_second);
                        taken += 1;
                        flow.heard(Health::Good, now);
                    } else {
                        refused += 1;
                        flow.heard(Health::Throttling(None), now);
                    }
                }
            }
        }
        (taken, refused)
    }

    #[test]
    fn the_rate_of_a_target_is_found_without_being_named() {
        for per_second in [0.1, 0.5, 1.0, 3.0, 10.0, 30.0] {
            let time = secs(600);
            let (taken, refused) = against(per_second, time);
            let most = per_second * time.as_secs_f64();
            assert!(f64::from(taken) > 0.6 * most, "{per_second}/s: {taken} of {most}");
            assert!(
                f64::from(refused) < 0.15 * f64::from(taken) + 8.0,
                "{per_second}/s: {refused} beside {taken}"
            );
        }
    }
}
