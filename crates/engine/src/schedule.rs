//! Whose turn it is: pure bookkeeping over lanes, one per webhook with work.
//!
//! Lanes that may start something wait in a queue and take turns, so a webhook with a million deliveries delays no
//! other. A lane whose target keeps failing is probed: one delivery at a time, with a rest after each failure.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use hookwright_model::{Timestamp, WebhookId};

use crate::attempt::{Ended, Health};

/// After so many failures in a row a lane is probed.
const PROBE_AFTER: u32 = 3;
/// The rest after the failure that starts the probing; it doubles with each further one.
const FIRST_REST: Duration = Duration::from_secs(5);
/// No rest is longer.
const LONGEST_REST: Duration = Duration::from_secs(60);
/// The most deliveries that a lane starts in one turn.
const QUANTUM: usize = 8;

/// The lanes of all webhooks that have work.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    lanes: HashMap<WebhookId, Lane>,
    ready: VecDeque<WebhookId>,
    timers: BTreeSet<(Timestamp, WebhookId)>,
}

#[derive(Debug)]
struct Lane {
    in_flight: usize,
    /// The webhook's limit, as of the lane's last turn.
    concurrency: usize,
    failures: u32,
    rest_until: Timestamp,
    /// When the first delivery that is not under way is due.
    due: Option<Timestamp>,
    wait: Wait,
}

/// Where a lane waits for its next turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// Nowhere: nothing is due, or as much is under way as may be.
    Idle,
    /// In the queue.
    Queued,
    /// For a time.
    Timer(Timestamp),
}

impl Lane {
    fn new() -> Self {
        Self {
            in_flight: 0,
            concurrency: usize::MAX,
            failures: 0,
            rest_until: Timestamp::EPOCH,
            due: None,
            wait: Wait::Idle,
        }
    }

    fn room(&self) -> usize {
        let limit = if self.failures >= PROBE_AFTER { 1 } else { self.concurrency };
        limit.saturating_sub(self.in_flight)
    }

    fn failed(&mut self, now: Timestamp) {
        // What was under way when the rest began fails with it and says nothing new.
        if now < self.rest_until {
            return;
        }
        self.failures += 1;
        if let Some(doublings) = self.failures.checked_sub(PROBE_AFTER) {
            let rest = FIRST_REST.saturating_mul(2_u32.saturating_pow(doublings));
            self.rest_until = now.after(rest.min(LONGEST_REST));
        }
    }
}

impl Schedule {
    /// A webhook has a delivery that is due at this time.
    pub(crate) fn due(&mut self, webhook: WebhookId, at: Timestamp, now: Timestamp) {
        let lane = self.lanes.entry(webhook).or_insert_with(Lane::new);
        lane.due = Some(lane.due.map_or(at, |due| due.min(at)));
        self.arrange(webhook, now);
    }

    /// Whose turn it is now.
    pub(crate) fn next_turn(&mut self, now: Timestamp) -> Option<WebhookId> {
        while let Some(&(at, webhook)) = self.timers.first()
            && at <= now
        {
            self.timers.pop_first();
            if let Some(lane) = self.lanes.get_mut(&webhook) {
                lane.wait = Wait::Idle;
            }
            self.arrange(webhook, now);
        }
        while let Some(webhook) = self.ready.pop_front() {
            let Some(lane) = self.lanes.get_mut(&webhook) else { continue };
            lane.wait = Wait::Idle;
            // A rest may have begun while the lane stood in the queue.
            if lane.rest_until <= now && lane.room() > 0 {
                return Some(webhook);
            }
            self.arrange(webhook, now);
        }
        None
    }

    /// When there will be a turn again if nothing else happens.
    pub(crate) fn next_time(&self) -> Option<Timestamp> {
        self.timers.first().map(|&(at, _)| at)
    }

    /// How many deliveries the webhook may start in this turn, under its present limit.
    pub(crate) fn room(&mut self, webhook: WebhookId, concurrency: u16) -> usize {
        let Some(lane) = self.lanes.get_mut(&webhook) else { return 0 };
        lane.concurrency = concurrency.into();
        lane.room().min(QUANTUM)
    }

    /// The turn ends: so many were started, and the next is due then.
    pub(crate) fn started(
        &mut self,
        webhook: WebhookId,
        count: usize,
        next: Option<Timestamp>,
        now: Timestamp,
    ) {
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.in_flight += count;
            lane.due = next;
        }
        self.arrange(webhook, now);
    }

    /// A delivery that was started has ended.
    pub(crate) fn ended(&mut self, webhook: WebhookId, ended: Ended, now: Timestamp) {
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
            match ended.health {
                Health::Good => {
                    lane.failures = 0;
                    lane.rest_until = Timestamp::EPOCH;
                }
                Health::Failing => lane.failed(now),
                Health::Unknown => {}
            }
            if let Some(at) = ended.retry_at {
                lane.due = Some(lane.due.map_or(at, |due| due.min(at)));
            }
        }
        self.arrange(webhook, now);
    }

    /// Puts a lane where it belongs, and forgets one about which there is nothing to know.
    fn arrange(&mut self, webhook: WebhookId, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(&webhook) else { return };
        match lane.wait {
            Wait::Queued => return,
            Wait::Timer(at) => {
                self.timers.remove(&(at, webhook));
                lane.wait = Wait::Idle;
            }
            Wait::Idle => {}
        }
        match lane.due.map(|due| due.max(lane.rest_until)) {
            None if lane.in_flight == 0 && lane.failures == 0 => {
                self.lanes.remove(&webhook);
            }
            None => {}
            Some(_) if lane.room() == 0 => {}
            Some(at) if at <= now => {
                lane.wait = Wait::Queued;
                self.ready.push_back(webhook);
            }
            Some(at) => {
                lane.wait = Wait::Timer(at);
                self.timers.insert((at, webhook));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILING: Ended = Ended { health: Health::Failing, retry_at: None };
    const GOOD: Ended = Ended { health: Health::Good, retry_at: None };

    fn webhook(n: u8) -> WebhookId {
        WebhookId::from_bytes([n; 16])
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn lanes_take_turns() {
        let mut schedule = Schedule::default();
        for n in [1, 2, 3] {
            schedule.due(webhook(n), at(0), at(0));
        }
        let mut turns = Vec::new();
        for _ in 0..6 {
            let turn = schedule.next_turn(at(0)).unwrap();
            let room = schedule.room(turn, 100);
            schedule.started(turn, room, Some(at(0)), at(0));
            turns.push(turn);
        }
        assert_eq!(turns, [1, 2, 3, 1, 2, 3].map(webhook));
    }

    #[test]
    fn a_full_lane_waits_for_an_end() {
        let mut schedule = Schedule::default();
        schedule.due(webhook(1), at(0), at(0));
        let turn = schedule.next_turn(at(0)).unwrap();
        assert_eq!(schedule.room(turn, 2), 2);
        schedule.started(turn, 2, Some(at(0)), at(0));
        assert_eq!(schedule.next_turn(at(0)), None);
        schedule.ended(turn, GOOD, at(1));
        assert_eq!(schedule.next_turn(at(1)), Some(turn));
    }

    #[test]
    fn a_later_due_time_is_a_timer_and_an_earlier_notice_wins() {
        let mut schedule = Schedule::default();
        schedule.due(webhook(1), at(50), at(0));
        assert_eq!((schedule.next_turn(at(0)), schedule.next_time()), (None, Some(at(50))));
        schedule.due(webhook(1), at(20), at(0));
        assert_eq!(schedule.next_time(), Some(at(20)));
        assert_eq!(schedule.next_turn(at(20)), Some(webhook(1)));
    }

    #[test]
    fn a_failing_lane_rests_and_is_probed_until_it_recovers() {
        let mut schedule = Schedule::default();
        schedule.due(webhook(1), at(0), at(0));
        let turn = schedule.next_turn(at(0)).unwrap();
        assert_eq!(schedule.room(turn, 6), 6);
        schedule.started(turn, 6, Some(at(0)), at(0));
        for _ in 0..6 {
            schedule.ended(turn, FAILING, at(100));
        }
        assert_eq!((schedule.next_turn(at(100)), schedule.next_time()), (None, Some(at(5_100))));
        let turn = schedule.next_turn(at(5_100)).unwrap();
        assert_eq!(schedule.room(turn, 6), 1);
        schedule.started(turn, 1, Some(at(0)), at(5_100));
        schedule.ended(turn, FAILING, at(5_200));
        assert_eq!(schedule.next_time(), Some(at(15_200)));
        let turn = schedule.next_turn(at(15_200)).unwrap();
        schedule.started(turn, 1, Some(at(0)), at(15_200));
        schedule.ended(turn, GOOD, at(15_300));
        assert_eq!(schedule.next_turn(at(15_300)), Some(turn));
        assert_eq!(schedule.room(turn, 6), 6);
    }

    #[test]
    fn an_empty_lane_is_forgotten() {
        let mut schedule = Schedule::default();
        schedule.due(webhook(1), at(0), at(0));
        let turn = schedule.next_turn(at(0)).unwrap();
        schedule.started(turn, 1, None, at(0));
        schedule.ended(turn, GOOD, at(1));
        assert!(schedule.lanes.is_empty() && schedule.ready.is_empty() && schedule.timers.is_empty());
    }
}
