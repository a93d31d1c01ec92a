//! Whose turn it is: pure bookkeeping over lanes, one per webhook with work.
//!
//! Projects that may start something take turns, and in each project its lanes, so a webhook with a million deliveries
//! delays no other. A project has at most as many deliveries under way as places are free: alone it has half of all places,
//! two have a third each, and whoever comes next always finds some, however slow the others are. A lane whose target keeps
//! failing is probed: one delivery at a time, with a rest after each failure.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use hookwright_model::{ProjectId, Timestamp, WebhookId};

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
#[derive(Debug)]
pub(crate) struct Schedule {
    /// Places for deliveries that are under way.
    free: usize,
    lanes: HashMap<WebhookId, Lane>,
    projects: HashMap<ProjectId, Project>,
    /// Projects with lanes in their queues, each once, in the order of their turns.
    ready: VecDeque<ProjectId>,
    timers: BTreeSet<(Timestamp, WebhookId)>,
}

/// A project with lanes in its queue or deliveries under way.
#[derive(Debug, Default)]
struct Project {
    in_flight: usize,
    queue: VecDeque<WebhookId>,
}

impl Project {
    /// How many more it may start: afterwards no fewer places are free than it has.
    fn room(&self, free: usize) -> usize {
        free.saturating_sub(self.in_flight).div_ceil(2)
    }
}

#[derive(Debug)]
struct Lane {
    project: ProjectId,
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
    fn new(project: ProjectId) -> Self {
        Self {
            project,
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
    /// A schedule that lets so many deliveries be under way.
    pub(crate) fn new(places: usize) -> Self {
        Self {
            free: places,
            lanes: HashMap::new(),
            projects: HashMap::new(),
            ready: VecDeque::new(),
            timers: BTreeSet::new(),
        }
    }

    /// A webhook of the project has a delivery that is due at this time.
    pub(crate) fn due(&mut self, webhook: WebhookId, project: ProjectId, at: Timestamp, now: Timestamp) {
        let lane = self.lanes.entry(webhook).or_insert_with(|| Lane::new(project));
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
        while let Some(webhook) = self.dequeue() {
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

    /// The lane that comes next, of the next project that has room.
    fn dequeue(&mut self) -> Option<WebhookId> {
        let has_room = |id| self.projects.get(id).is_some_and(|project| project.room(self.free) > 0);
        let id = self.ready.iter().position(has_room).and_then(|turn| self.ready.remove(turn))?;
        let project = self.projects.get_mut(&id)?;
        let webhook = project.queue.pop_front();
        if !project.queue.is_empty() {
            self.ready.push_back(id);
        }
        webhook
    }

    /// When there will be a turn again if nothing else happens.
    pub(crate) fn next_time(&self) -> Option<Timestamp> {
        self.timers.first().map(|&(at, _)| at)
    }

    /// How many deliveries the webhook may start in this turn, under its present limit.
    pub(crate) fn room(&mut self, webhook: WebhookId, concurrency: u16) -> usize {
        let Some(lane) = self.lanes.get_mut(&webhook) else { return 0 };
        lane.concurrency = concurrency.into();
        let project = self.projects.entry(lane.project).or_default();
        lane.room().min(QUANTUM).min(project.room(self.free))
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
            self.projects.entry(lane.project).or_default().in_flight += count;
            self.free = self.free.saturating_sub(count);
        }
        self.arrange(webhook, now);
    }

    /// A delivery that was started has ended.
    pub(crate) fn ended(&mut self, webhook: WebhookId, ended: Ended, now: Timestamp) {
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
            let project = self.projects.entry(lane.project).or_default();
            project.in_flight = project.in_flight.saturating_sub(1);
            self.free += 1;
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
                let id = lane.project;
                self.lanes.remove(&webhook);
                let project = self.projects.entry(id).or_default();
                if project.in_flight == 0 && project.queue.is_empty() {
                    self.projects.remove(&id);
                }
            }
            None => {}
            Some(_) if lane.room() == 0 => {}
            Some(at) if at <= now => {
                lane.wait = Wait::Queued;
                let project = self.projects.entry(lane.project).or_default();
                if project.queue.is_empty() {
                    self.ready.push_back(lane.project);
                }
                project.queue.push_back(webhook);
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

    fn project(n: u8) -> ProjectId {
        ProjectId::from_bytes([n; 16])
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn lanes_take_turns() {
        let mut schedule = Schedule::new(1_000);
        for n in [1, 2, 3] {
            schedule.due(webhook(n), project(1), at(0), at(0));
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

    /// Starts what may be started of webhooks that never run out; how many of each.
    fn fill(schedule: &mut Schedule) -> HashMap<WebhookId, usize> {
        let mut started = HashMap::new();
        while let Some(turn) = schedule.next_turn(at(0)) {
            let room = schedule.room(turn, 100);
            assert_ne!(room, 0);
            schedule.started(turn, room, Some(at(0)), at(0));
            *started.entry(turn).or_default() += room;
        }
        started
    }

    #[test]
    fn a_project_has_no_more_under_way_than_places_are_free() {
        let mut schedule = Schedule::new(60);
        for n in 1..=3 {
            schedule.due(webhook(n), project(1), at(0), at(0));
        }
        let started = fill(&mut schedule);
        assert_eq!(started.values().sum::<usize>(), 30, "half of all places, by however many webhooks");
        schedule.due(webhook(4), project(2), at(0), at(0));
        assert_eq!(fill(&mut schedule), HashMap::from([(webhook(4), 15)]));
        schedule.due(webhook(5), project(3), at(0), at(0));
        assert_eq!(fill(&mut schedule), HashMap::from([(webhook(5), 8)]), "there is always some room left");

        for _ in 0..6 {
            schedule.ended(webhook(1), GOOD, at(0));
        }
        let started = fill(&mut schedule);
        assert!(
            !started.contains_key(&webhook(1)),
            "the first project still has more than its share: {started:?}"
        );
        assert!(started.contains_key(&webhook(5)), "{started:?}");
    }

    #[test]
    fn a_single_place_serves_one_project_after_the_other() {
        let mut schedule = Schedule::new(1);
        for n in [1, 2] {
            schedule.due(webhook(n), project(n), at(0), at(0));
        }
        for n in [1, 2, 1, 2] {
            assert_eq!(fill(&mut schedule), HashMap::from([(webhook(n), 1)]));
            schedule.ended(webhook(n), GOOD, at(0));
        }
    }

    #[test]
    fn a_full_lane_waits_for_an_end() {
        let mut schedule = Schedule::new(1_000);
        schedule.due(webhook(1), project(1), at(0), at(0));
        let turn = schedule.next_turn(at(0)).unwrap();
        assert_eq!(schedule.room(turn, 2), 2);
        schedule.started(turn, 2, Some(at(0)), at(0));
        assert_eq!(schedule.next_turn(at(0)), None);
        schedule.ended(turn, GOOD, at(1));
        assert_eq!(schedule.next_turn(at(1)), Some(turn));
    }

    #[test]
    fn a_later_due_time_is_a_timer_and_an_earlier_notice_wins() {
        let mut schedule = Schedule::new(1_000);
        schedule.due(webhook(1), project(1), at(50), at(0));
        assert_eq!((schedule.next_turn(at(0)), schedule.next_time()), (None, Some(at(50))));
        schedule.due(webhook(1), project(1), at(20), at(0));
        assert_eq!(schedule.next_time(), Some(at(20)));
        assert_eq!(schedule.next_turn(at(20)), Some(webhook(1)));
    }

    #[test]
    fn a_failing_lane_rests_and_is_probed_until_it_recovers() {
        let mut schedule = Schedule::new(1_000);
        schedule.due(webhook(1), project(1), at(0), at(0));
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
        let mut schedule = Schedule::new(1_000);
        schedule.due(webhook(1), project(1), at(0), at(0));
        let turn = schedule.next_turn(at(0)).unwrap();
        schedule.started(turn, 1, None, at(0));
        schedule.ended(turn, GOOD, at(1));
        assert!(schedule.lanes.is_empty() && schedule.ready.is_empty() && schedule.timers.is_empty());
        assert!(schedule.projects.is_empty() && schedule.free == 1_000);
    }
}
