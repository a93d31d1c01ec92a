//! Whose turn it is: pure bookkeeping over lanes, one per webhook with work.
//!
//! Projects that may start something take turns, and in each project its lanes, so a webhook with a million deliveries
//! delays no other. A project has at most as many deliveries under way as places are free: alone it has half of all places,
//! two have a third each, and another one always finds some, however slow the others are. How much a lane may start, and
//! when, is its [`Flow`]'s matter. A test send waits for a place as well, but neither for its webhook to be active nor for a
//! rest to end: somebody wants to know now.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use hookwright_fair_queue::FairQueue;
use hookwright_model::{ProjectId, WebhookId};

use crate::delivery::Health;
use crate::flow::{Flow, Rest, Slot, Uptime};

/// The most deliveries that a lane starts in one turn.
const QUANTUM: usize = 8;

/// The lanes of all webhooks that have work.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// Places for deliveries that are under way.
    free: usize,
    lanes: HashMap<WebhookId, Lane>,
    /// The lanes that may start something, by project. What a project costs is how many of its deliveries are under way: the
    /// one with the fewest comes first.
    ready: FairQueue<ProjectId, usize, WebhookId>,
    timers: BTreeSet<(Uptime, WebhookId)>,
    tests: BTreeMap<Ticket, WaitingTest>,
}

/// Numbers test sends in the order in which they came.
pub(crate) type Ticket = u64;

/// A test send that has no place yet.
#[derive(Debug, Clone, Copy)]
struct WaitingTest {
    webhook: WebhookId,
    project: ProjectId,
    concurrency: u16,
}

/// How many more a project may start that has so many under way: afterwards no fewer places are free than it has.
fn share(free: usize, in_flight: usize) -> usize {
    free.saturating_sub(in_flight).div_ceil(2)
}

#[derive(Debug)]
struct Lane {
    project: ProjectId,
    in_flight: usize,
    /// The webhook's limit, as of the lane's last turn.
    concurrency: usize,
    flow: Flow,
    /// Why the lane rests, if it does.
    reason: String,
    /// When the first delivery that is not under way is due.
    due: Option<Uptime>,
    wait: Wait,
}

/// Where a lane waits for its next turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// Nowhere: nothing is due, or the limit is reached.
    Idle,
    /// In the queue.
    Queued,
    /// For a time.
    Timer(Uptime),
}

impl Lane {
    fn new(project: ProjectId) -> Self {
        Self {
            project,
            in_flight: 0,
            concurrency: usize::MAX,
            flow: Flow::default(),
            reason: String::new(),
            due: None,
            wait: Wait::Idle,
        }
    }

    fn room(&self) -> usize {
        self.flow.limit(self.concurrency).saturating_sub(self.in_flight)
    }
}

/// A rest of a lane, as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resting {
    pub(crate) until: Uptime,
    pub(crate) rest: Rest,
    pub(crate) reason: String,
}

impl Schedule {
    /// A schedule that lets so many deliveries be under way.
    pub(crate) fn new(places: usize) -> Self {
        Self {
            free: places,
            lanes: HashMap::new(),
            ready: FairQueue::new(),
            timers: BTreeSet::new(),
            tests: BTreeMap::new(),
        }
    }

    /// A webhook of the project has a delivery that is due at this time.
    pub(crate) fn due(&mut self, webhook: WebhookId, project: ProjectId, at: Uptime, now: Uptime) {
        let lane = self.lanes.entry(webhook).or_insert_with(|| Lane::new(project));
        lane.due = Some(lane.due.map_or(at, |due| due.min(at)));
        self.arrange(webhook, now);
    }

    /// Whose turn it is now.
    pub(crate) fn next_turn(&mut self, now: Uptime) -> Option<WebhookId> {
        while let Some(&(at, webhook)) = self.timers.first()
            && at <= now
        {
            self.timers.pop_first();
            if let Some(lane) = self.lanes.get_mut(&webhook) {
                lane.wait = Wait::Idle;
                if lane.room() == 0 {
                    lane.flow.grow(lane.concurrency, now);
                }
            }
            self.arrange(webhook, now);
        }
        while let Some(webhook) = self.dequeue() {
            let Some(lane) = self.lanes.get_mut(&webhook) else { continue };
            lane.wait = Wait::Idle;
            // A rest may have begun while the lane stood in the queue.
            if lane.flow.opens_at() <= now && lane.room() > 0 {
                return Some(webhook);
            }
            self.arrange(webhook, now);
        }
        None
    }

    /// The lane that comes next, of the project that has the fewest deliveries under way.
    fn dequeue(&mut self) -> Option<WebhookId> {
        let (_, in_flight) = self.ready.peek()?;
        // If it has no room, no other project has any.
        if share(self.free, in_flight) == 0 {
            return None;
        }
        self.ready.pop().map(|(_, webhook)| webhook)
    }

    /// When there will be a turn again if nothing else happens.
    pub(crate) fn next_time(&self) -> Option<Uptime> {
        self.timers.first().map(|&(at, _)| at)
    }

    /// How many deliveries the webhook may start in this turn, under its present limit.
    pub(crate) fn room(&mut self, webhook: WebhookId, concurrency: u16) -> usize {
        let Some(lane) = self.lanes.get_mut(&webhook) else { return 0 };
        lane.concurrency = concurrency.into();
        lane.room().min(QUANTUM).min(share(self.free, self.ready.cost(lane.project)))
    }

    /// The turn ends: so many were started, and the next is due then.
    pub(crate) fn started(&mut self, webhook: WebhookId, count: usize, next: Option<Uptime>, now: Uptime) {
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.due = next;
            if count > 0 {
                lane.flow.started(now);
            }
        }
        self.take_places(webhook, count);
        self.arrange(webhook, now);
    }

    fn take_places(&mut self, webhook: WebhookId, count: usize) {
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.in_flight += count;
            self.ready.set_cost(lane.project, self.ready.cost(lane.project) + count);
            self.free = self.free.saturating_sub(count);
        }
    }

    /// A delivery that was started has ended. It is to be tried again then, if it is.
    pub(crate) fn ended(&mut self, webhook: WebhookId, retry_at: Option<Uptime>, now: Uptime) {
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
            self.ready.set_cost(lane.project, self.ready.cost(lane.project).saturating_sub(1));
            self.free += 1;
            if let Some(at) = retry_at {
                lane.due = Some(lane.due.map_or(at, |due| due.min(at)));
            }
        }
        self.arrange(webhook, now);
    }

    /// A target has answered, or has not. Returns the rest that this begins, `reason` being why.
    pub(crate) fn heard(
        &mut self,
        webhook: WebhookId,
        health: Health,
        reason: &str,
        now: Uptime,
    ) -> Option<Resting> {
        let lane = self.lanes.get_mut(&webhook)?;
        let begins = lane.flow.heard(health, now);
        if begins {
            reason.clone_into(&mut lane.reason);
        }
        self.arrange(webhook, now);
        if begins { self.resting(webhook, now) } else { None }
    }

    /// Reserves the time of one request of a delivery that is under way.
    pub(crate) fn slot(&mut self, webhook: WebhookId, now: Uptime) -> Slot {
        self.lanes.get_mut(&webhook).map_or(Slot::At(now), |lane| lane.flow.slot(now))
    }

    /// The same for a test send, which no rest holds up.
    pub(crate) fn test_slot(&mut self, webhook: WebhookId, now: Uptime) -> Uptime {
        self.lanes.get_mut(&webhook).map_or(now, |lane| lane.flow.reserve(now))
    }

    /// The rest that a lane has now.
    pub(crate) fn resting(&self, webhook: WebhookId, now: Uptime) -> Option<Resting> {
        let lane = self.lanes.get(&webhook)?;
        let (until, rest) = lane.flow.rest(now)?;
        Some(Resting { until, rest, reason: lane.reason.clone() })
    }

    /// How long the delivery has been due that waits the longest, over all lanes.
    pub(crate) fn oldest_due(&self, now: Uptime) -> Option<Duration> {
        self.lanes.values().filter_map(|lane| now.checked_sub(lane.due?)).max()
    }

    /// What was learned of a webhook's target no longer holds: the webhook was deleted, or leads somewhere else.
    pub(crate) fn forget_target(&mut self, webhook: WebhookId, now: Uptime) {
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.flow = Flow::default();
        }
        self.arrange(webhook, now);
    }

    /// A test send wants a place.
    pub(crate) fn want_test(
        &mut self,
        ticket: Ticket,
        webhook: WebhookId,
        project: ProjectId,
        concurrency: u16,
    ) {
        self.tests.insert(ticket, WaitingTest { webhook, project, concurrency });
    }

    /// A test send no longer waits.
    pub(crate) fn drop_test(&mut self, ticket: Ticket) {
        self.tests.remove(&ticket);
    }

    /// How many test sends of a project wait.
    pub(crate) fn waiting_tests(&self, project: ProjectId) -> usize {
        self.tests.values().filter(|test| test.project == project).count()
    }

    /// The first test send for which there is a place, which it takes.
    pub(crate) fn next_test(&mut self) -> Option<(Ticket, WebhookId)> {
        let has_place = |test: &WaitingTest| {
            let under_way = self.lanes.get(&test.webhook).map_or(0, |lane| lane.in_flight);
            let room = share(self.free, self.ready.cost(test.project));
            under_way < usize::from(test.concurrency) && room > 0
        };
        let (&ticket, &test) = self.tests.iter().find(|(_, test)| has_place(test))?;
        self.tests.remove(&ticket);
        self.lanes.entry(test.webhook).or_insert_with(|| Lane::new(test.project));
        self.take_places(test.webhook, 1);
        Some((ticket, test.webhook))
    }

    /// Puts a lane where it belongs, and drops an idle one about which there is nothing to remember.
    fn arrange(&mut self, webhook: WebhookId, now: Uptime) {
        let Some(lane) = self.lanes.get_mut(&webhook) else { return };
        match lane.wait {
            Wait::Queued => return,
            Wait::Timer(at) => {
                self.timers.remove(&(at, webhook));
                lane.wait = Wait::Idle;
            }
            Wait::Idle => {}
        }
        match lane.due.map(|due| due.max(lane.flow.opens_at())) {
            None if lane.in_flight == 0 && lane.flow.is_unremarkable() => drop(self.lanes.remove(&webhook)),
            None => {}
            Some(_) if lane.room() == 0 => {
                if let Some(at) = lane.flow.grows_at(lane.concurrency) {
                    lane.wait = Wait::Timer(at);
                    self.timers.insert((at, webhook));
                }
            }
            Some(at) if at <= now => {
                lane.wait = Wait::Queued;
                self.ready.push(lane.project, webhook);
            }
            Some(at) => {
                lane.wait = Wait::Timer(at);
                self.timers.insert((at, webhook));
            }
        }
    }
}

#[cfg(test)]
mod tests;
