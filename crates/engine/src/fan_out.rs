//! Makes the deliveries of an event, one bounded step at a time.
//!
//! Most projects have few webhooks: their deliveries are made with the event. Where there are more, the event is stored
//! with the first ones and the rest follow from here, step by step and project by project, so that one event for many
//! webhooks keeps nobody waiting. Where a fan-out stands is in the store; a restart goes on with it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use hookwright_model::{
    Delivery, DeliveryId, ErrorKind, Event, EventId, Origin, PageRequest, ProjectId, WebhookId,
};
use hookwright_store::{FanOut, OpenFanOut, Store, StoreError};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::{error, warn};

use crate::attempt::{STORE_RETRY, Worker};
use crate::dispatch::Notices;

/// The most deliveries that one step makes: a fraction of a millisecond of the store's time for each.
pub(crate) const STEP_DELIVERIES: usize = 256;

/// How many open fan-outs a start reads at once.
const PAGE: usize = 1_000;

/// Some deliveries of an event, and where its fan-out stands with them.
pub(crate) struct Step {
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) then: FanOut,
}

impl Worker {
    /// The deliveries for the webhooks after this one: as many as one step makes.
    pub(crate) async fn fan_out_step(
        &self,
        event: &Event,
        after: Option<WebhookId>,
    ) -> Result<Step, StoreError> {
        let page = PageRequest { after, limit: STEP_DELIVERIES };
        let webhooks = self.store.webhooks(event.project, page).await?;
        let now = self.ports.clock.now();
        let wanted = webhooks.items.iter().filter(|webhook| webhook.wants(event.kind));
        let deliveries = wanted.map(|webhook| {
            let id = DeliveryId::new(now, self.ports.entropy.bytes());
            Delivery::new(id, event.id, webhook.id, event.project, Origin::Event, now)
        });
        Ok(Step {
            deliveries: deliveries.collect(),
            then: webhooks.next.map_or(FanOut::Complete, FanOut::After),
        })
    }
}

/// The fan-outs that go on, in memory. Projects take turns, and in each the events, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct FanOuts {
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    /// Every project with a fan-out, once.
    turns: VecDeque<ProjectId>,
    waiting: HashMap<ProjectId, VecDeque<(EventId, WebhookId)>>,
}

impl Queue {
    /// The project's own queue; the project is the last in turn if it had none.
    fn of(&mut self, project: ProjectId) -> &mut VecDeque<(EventId, WebhookId)> {
        self.waiting.entry(project).or_insert_with(|| {
            self.turns.push_back(project);
            VecDeque::new()
        })
    }

    fn events(&self) -> HashSet<EventId> {
        self.waiting.values().flatten().map(|(event, _)| *event).collect()
    }

    fn take(&mut self) -> Option<OpenFanOut> {
        let project = self.turns.pop_front()?;
        let mut waiting = self.waiting.remove(&project)?;
        let (event, after) = waiting.pop_front()?;
        if !waiting.is_empty() {
            self.waiting.insert(project, waiting);
            self.turns.push_back(project);
        }
        Some(OpenFanOut { event, project, after })
    }
}

impl FanOuts {
    /// Adds those that the store has and that are not here.
    pub(crate) async fn load(&self, store: &dyn Store) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = store.fan_outs(PageRequest { after, limit: PAGE }).await?;
            let known = self.queue.lock().events();
            let missing = page.items.into_iter().filter(|open| !known.contains(&open.event));
            missing.for_each(|open| self.add(open));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Adds a fan-out, after the others of its project.
    pub(crate) fn add(&self, open: OpenFanOut) {
        self.queue.lock().of(open.project).push_back((open.event, open.after));
        self.changed.notify_one();
    }

    /// Puts a fan-out back, before the others of its project.
    fn put_back(&self, open: OpenFanOut) {
        self.queue.lock().of(open.project).push_front((open.event, open.after));
    }

    /// Goes on with fan-outs until the store is closed, also after a panic.
    pub(crate) async fn supervise(self: Arc<Self>, worker: Arc<Worker>, notices: Arc<Notices>) {
        loop {
            // It ends with the supervisor.
            let mut running = JoinSet::new();
            running.spawn(Arc::clone(&self).run(Arc::clone(&worker), Arc::clone(&notices)));
            match running.join_next().await {
                Some(Err(error)) => error!(error = %error, "the fan-out panicked; it is started again"),
                Some(Ok(())) | None => return,
            }
            loop {
                tokio::time::sleep(STORE_RETRY).await;
                match self.load(&*worker.store).await {
                    Ok(()) => break,
                    Err(StoreError::Closed) => return,
                    Err(error) => error!(error = %error, "the open fan-outs cannot be read"),
                }
            }
        }
    }

    /// Goes on with fan-outs, one step after the other, until the store is closed.
    async fn run(self: Arc<Self>, worker: Arc<Worker>, notices: Arc<Notices>) {
        loop {
            let open = self.queue.lock().take();
            let Some(open) = open else {
                self.changed.notified().await;
                continue;
            };
            match go_on(&worker, &notices, open).await {
                Ok(FanOut::Complete) => {}
                Ok(FanOut::After(after)) => {
                    self.put_back(OpenFanOut { after, ..open });
                    // A store that answers at once would keep others from their turn.
                    tokio::task::yield_now().await;
                }
                Err(StoreError::Closed) => return,
                // Another step of this event came first.
                Err(StoreError::NotFound(_)) => {}
                Err(error) if error.kind() == ErrorKind::Unavailable => {
                    warn!(event.id = %open.event, error = %error, "a fan-out has to wait");
                    self.put_back(open);
                    tokio::time::sleep(STORE_RETRY).await;
                }
                Err(error) => {
                    error!(event.id = %open.event, error = %error, "a fan-out stopped; the next start goes on with it");
                }
            }
        }
    }
}

async fn go_on(worker: &Worker, notices: &Notices, open: OpenFanOut) -> Result<FanOut, StoreError> {
    let event = worker.store.event(open.event).await?;
    let step = worker.fan_out_step(&event, Some(open.after)).await?;
    let stored = worker.store.fan_out(open.event, open.after, step.deliveries, step.then).await?;
    notices.add(stored.into_iter().map(|(_, webhook)| (webhook, open.project)));
    Ok(step.then)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_take_turns_and_events_keep_their_order() {
        let open = |project, event| OpenFanOut {
            event: EventId::from_bytes([event; 16]),
            project: ProjectId::from_bytes([project; 16]),
            after: WebhookId::from_bytes([0; 16]),
        };
        let fan_outs = FanOuts::default();
        for (project, event) in [(1, 1), (1, 2), (2, 3), (1, 4)] {
            fan_outs.add(open(project, event));
        }
        let take = || fan_outs.queue.lock().take();
        assert_eq!(take(), Some(open(1, 1)));
        fan_outs.put_back(open(1, 1));
        assert_eq!(take(), Some(open(2, 3)), "the other project's turn");
        for event in [1, 2, 4] {
            assert_eq!(take(), Some(open(1, event)));
        }
        assert_eq!(take(), None);
        fan_outs.add(open(2, 5));
        assert_eq!(take(), Some(open(2, 5)));
    }
}
