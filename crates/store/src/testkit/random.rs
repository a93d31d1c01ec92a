//! Random operations, carried out by a backend and by the model: every answer must be the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use hookwright_model::{
    Delivery, DeliveryId, DeliveryState, Digest, DisableReason, Event, EventId, Origin, PageRequest, Pin,
    PluginName, PluginOwner, Webhook, WebhookId,
};
use proptest::test_runner::{Config, TestRunner};

use super::conformance::fan_out::{events_of, open_fan_outs};
use super::conformance::log::listed;
use super::conformance::webhooks::webhooks_of;
use super::fixtures::{self, at};
use super::steps::{COMPONENTS, Finish, Incoming, PROJECTS, Step, WEBHOOKS, steps};
use super::{Backend, MemoryStore};
use crate::{AttemptRecord, Claim, ClaimAfter, DeliveryFilter, EventFilter, FanOut, NewEvent, Store};

/// Runs so many random sequences of operations, each on a new backend, beside a [`MemoryStore`].
///
/// # Panics
/// With the shortest sequence of operations that is answered differently.
pub fn compare<B: Backend>(cases: u32, backend: impl Fn() -> B) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&steps(), |steps| {
        let backend = backend();
        runtime.block_on(async {
            let mut pair = Pair::new(&backend);
            for step in steps {
                pair.take(step).await;
            }
            pair.look_at_everything().await;
            pair.subject.close().await;
        });
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

struct Pair<'a> {
    backend: &'a dyn Backend,
    subject: Arc<dyn Store>,
    model: Arc<MemoryStore>,
    /// Seconds since the start.
    now: u64,
    events: Vec<Event>,
    deliveries: Vec<DeliveryId>,
    claims: BTreeMap<DeliveryId, Delivery>,
}

/// Calls an operation on both stores, compares the answers and gives that of the backend.
macro_rules! same {
    ($pair:expr, $operation:ident($($argument:expr),*)) => {{
        let subject = $pair.subject.$operation($(Clone::clone(&$argument)),*).await;
        let model = $pair.model.$operation($(Clone::clone(&$argument)),*).await;
        assert_eq!(format!("{subject:#?}"), format!("{model:#?}"), "{}", stringify!($operation($($argument),*)));
        subject
    }};
}

impl<'a> Pair<'a> {
    fn new(backend: &'a dyn Backend) -> Self {
        Self {
            backend,
            subject: backend.open(),
            model: Arc::new(MemoryStore::default()),
            now: 0,
            events: Vec::new(),
            deliveries: Vec::new(),
            claims: BTreeMap::new(),
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::CreateProject(number) => {
                let _ = same!(self, create_project(fixtures::project(number)));
            }
            Step::CreateWebhook(number) => {
                let _ = same!(self, create_webhook(webhook(number)));
            }
            Step::UpdateWebhook { webhook: number, ahead, state, mapping } => {
                let stored = self.model.webhook(webhook(number).id).await;
                let mut webhook = stored.map_or_else(|_| webhook(number), |webhook| Webhook::clone(&webhook));
                webhook.revision += ahead;
                webhook.state = state;
                webhook.mapping = mapping.map(fixtures::mapping);
                webhook.mapping_revision = webhook.revision;
                let _ = same!(self, update_webhook(webhook));
            }
            Step::DeleteWebhook { webhook: number, expected } => {
                let _ = same!(self, delete_webhook(webhook(number).id, expected, "deleted"));
            }
            Step::CancelWaiting { webhook: number, limit } => {
                let _ = same!(self, cancel_waiting(webhook(number).id, limit, "deleted"));
            }
            Step::AddPlugin { bundled, name, component } => {
                let project = PluginOwner::Project(fixtures::project(0).id);
                let owner = if bundled { PluginOwner::Bundled } else { project };
                let _ = same!(self, add_plugin_version(fixtures::plugin(owner, name, component)));
            }
            Step::DeletePlugin { name, version } => self.delete_plugin(name, version).await,
            Step::Accept(incoming) => self.accept(&incoming).await,
            Step::FanOut { event, elsewhere, webhooks, then } => {
                if let Some(event) = nth(self.events.iter(), event).cloned() {
                    let deliveries = self.deliveries_of(&event, &webhooks);
                    let after = if elsewhere { webhook(0).id } else { self.stands_after(event.id).await };
                    let _ = same!(self, fan_out(event.id, after, deliveries, fan_out(then)));
                }
            }
            Step::DeliverEvent { event, webhooks, then } => {
                if let Some(event) = nth(self.events.iter(), event).cloned() {
                    let deliveries = self.deliveries_of(&event, &webhooks);
                    let _ = same!(self, deliver_event(event.id, deliveries, fan_out(then)));
                }
            }
            Step::StartTest(number) => self.start_test(number).await,
            Step::ClaimDue { webhook: number, limit } => {
                let due = same!(self, claim_due(webhook(number).id, at(self.now), limit)).unwrap();
                self.keep(due.claims);
            }
            Step::Finish { claim, how } => self.finish(claim, &how).await,
            Step::Release(index) => {
                if let Some(id) = nth(self.claims.keys(), index).copied() {
                    self.claims.remove(&id);
                    same!(self, release(std::slice::from_ref(&id)));
                }
            }
            Step::Resend(index) => {
                if let Some(id) = nth(self.deliveries.iter(), index).copied() {
                    let _ = same!(self, resend(id, at(self.now)));
                }
            }
            Step::Cancel(index) => {
                if let Some(id) = nth(self.deliveries.iter(), index).copied() {
                    let _ = same!(self, cancel(id, "not wanted"));
                }
            }
            Step::Wait { seconds } => self.now += seconds,
            Step::Reopen => self.reopen().await,
        }
        same!(self, due_webhooks()).unwrap();
    }

    async fn delete_plugin(&self, name: &str, version: Option<u32>) {
        let (project, name): (_, PluginName) = (fixtures::project(0).id, name.parse().unwrap());
        let _ = match version {
            None => same!(self, delete_plugin(project, &name)),
            Some(version) => same!(self, delete_plugin_version(project, &name, version)),
        };
    }

    fn keep(&mut self, claims: Vec<Claim>) {
        self.claims.extend(claims.into_iter().map(|claim| (claim.delivery.id, claim.delivery)));
    }

    fn event(&mut self, project: u32, body: &'static str) -> Event {
        let number = u32::try_from(self.events.len()).unwrap();
        let named = fixtures::event(fixtures::project(project).id, number);
        let event =
            Event { received_at: at(self.now), payload: Bytes::from_static(body.as_bytes()), ..named };
        self.events.push(event.clone());
        event
    }

    async fn accept(&mut self, incoming: &[Incoming]) {
        let events: Vec<NewEvent> = incoming.iter().map(|incoming| self.incoming(incoming)).collect();
        self.deliveries
            .extend(events.iter().flat_map(|new| new.deliveries.iter().map(|delivery| delivery.id)));
        let _ = same!(self, accept_events(events));
    }

    fn incoming(&mut self, incoming: &Incoming) -> NewEvent {
        let event = self.event(incoming.project, incoming.body);
        let webhooks = chosen(&event, &incoming.webhooks);
        let new = fixtures::new_event(event, &webhooks.iter().collect::<Vec<_>>());
        let new = NewEvent { fan_out: fan_out(incoming.then), ..new };
        match incoming.key {
            Some(key) => fixtures::keyed(new, key),
            None => new,
        }
    }

    /// Deliveries with ids of their own: a webhook can be chosen again for the same event.
    fn deliveries_of(&mut self, event: &Event, numbers: &[u32]) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        for webhook in chosen(event, numbers) {
            let mut random = [1; 10];
            random[8..].copy_from_slice(&u16::try_from(self.deliveries.len()).unwrap().to_be_bytes());
            let id = DeliveryId::new(at(self.now), random);
            self.deliveries.push(id);
            deliveries.push(Delivery { id, ..fixtures::delivery(event, &webhook) });
        }
        deliveries
    }

    /// Where the fan-out of an event stands, if it goes on.
    async fn stands_after(&self, event: EventId) -> WebhookId {
        let model: Arc<dyn Store> = Arc::<MemoryStore>::clone(&self.model);
        let open = open_fan_outs(&model, 99).await.into_iter().find(|open| open.event == event);
        open.map_or(webhook(0).id, |open| open.after)
    }

    async fn start_test(&mut self, number: u32) {
        let event = self.event(number % PROJECTS, "{}");
        let delivery = Delivery { origin: Origin::Test, ..fixtures::delivery(&event, &webhook(number)) };
        self.deliveries.push(delivery.id);
        if let Ok(claim) = same!(self, start_test(event, delivery)) {
            self.keep(vec![claim]);
        }
    }

    async fn finish(&mut self, index: usize, how: &Finish) {
        let record = if matches!(how, Finish::NotClaimed) {
            let free = self.deliveries.iter().filter(|id| !self.claims.contains_key(id));
            let Some(id) = nth(free, index).copied() else { return };
            let Ok(delivery) = same!(self, delivery(id)) else { return };
            fixtures::finished(&delivery, DeliveryState::Delivered)
        } else {
            let Some(delivery) = nth(self.claims.values(), index) else { return };
            self.record(delivery, how)
        };
        let id = record.delivery.id;
        let stored = same!(self, finish_attempt(record));
        let given_up = stored.is_ok_and(|stored| stored != record.delivery.state);
        if record.claim == ClaimAfter::Release || given_up {
            self.claims.remove(&id);
        } else if let Some(claimed) = self.claims.get_mut(&id) {
            *claimed = record.delivery;
        }
    }

    fn record(&self, delivery: &Delivery, how: &Finish) -> AttemptRecord {
        match how {
            Finish::Answered => fixtures::answered(delivery),
            Finish::Row | Finish::NotClaimed => {
                let row = fixtures::finished(delivery, DeliveryState::Pending);
                let delivery =
                    Delivery { attempts: delivery.attempts, uncertain: Some("s".to_owned()), ..row.delivery };
                AttemptRecord { delivery, attempt: None, claim: ClaimAfter::Keep, ..row }
            }
            Finish::Retry { seconds } => {
                let mut retry = fixtures::finished(delivery, DeliveryState::Pending);
                retry.delivery.due_at = at(self.now + seconds);
                let component = if seconds % 2 == 0 { COMPONENTS[0] } else { COMPONENTS[1] };
                retry.delivery.pin = Some(Pin { digest: Digest::of(component), mapping_revision: 1 });
                retry
            }
            Finish::End { state, disable } => {
                let end = fixtures::finished(delivery, *state);
                AttemptRecord { disable_webhook: disable.then_some(DisableReason::Gone), ..end }
            }
        }
    }

    async fn reopen(&mut self) {
        self.look_at_everything().await;
        self.subject.close().await;
        self.subject = self.backend.open();
        self.model = Arc::new(self.model.reopened());
        self.claims.clear();
        self.look_at_everything().await;
    }

    async fn look_at_everything(&self) {
        same!(self, projects(PageRequest { after: None, limit: 9 })).unwrap();
        for number in 0..WEBHOOKS {
            let webhook = webhook(number);
            // Compared as they are: their `Debug` form hides the secrets.
            assert_eq!(
                self.subject.webhook(webhook.id).await.ok(),
                self.model.webhook(webhook.id).await.ok()
            );
            for revision in 1..8_u64 {
                let _ = same!(self, mapping_at(webhook.id, revision));
            }
        }
        for event in &self.events {
            let _ = same!(self, event(event.id));
        }
        let model: Arc<dyn Store> = Arc::<MemoryStore>::clone(&self.model);
        assert_eq!(open_fan_outs(&self.subject, 2).await, open_fan_outs(&model, 9).await);
        for id in &self.deliveries {
            let _ = same!(self, delivery(*id));
            same!(self, attempts(*id)).unwrap();
        }
        for component in COMPONENTS {
            let _ = same!(self, component(Digest::of(component)));
        }
        for number in 0..PROJECTS {
            self.look_at_project(number).await;
        }
    }

    async fn look_at_project(&self, number: u32) {
        let project = fixtures::project(number).id;
        same!(self, plugins(project)).unwrap();
        let any = DeliveryFilter::default();
        let states = DeliveryState::ALL.map(|state| DeliveryFilter { state: Some(state), ..any });
        let webhooks =
            (0..WEBHOOKS).map(|number| DeliveryFilter { webhook: Some(webhook(number).id), ..any });
        let events = self.events.iter().take(6).map(|event| DeliveryFilter { event: Some(event.id), ..any });
        let model: Arc<dyn Store> = Arc::<MemoryStore>::clone(&self.model);
        for filter in [any].into_iter().chain(states).chain(webhooks).chain(events) {
            let expected = listed(&model, project, filter, 100).await;
            assert_eq!(listed(&self.subject, project, filter, 3).await, expected, "{filter:?}");
        }
        assert_eq!(webhooks_of(&self.subject, project, 2).await, webhooks_of(&model, project, 9).await);
        for filter in [EventFilter::All, EventFilter::Undelivered] {
            let expected = events_of(&model, project, filter, 100).await;
            assert_eq!(events_of(&self.subject, project, filter, 3).await, expected, "{filter:?}");
        }
    }
}

/// Those of these webhooks that are of the event's project, each once.
fn chosen(event: &Event, numbers: &[u32]) -> Vec<Webhook> {
    let chosen: BTreeSet<u32> = numbers.iter().copied().collect();
    chosen.into_iter().map(webhook).filter(|webhook| webhook.project == event.project).collect()
}

fn fan_out(then: Option<u32>) -> FanOut {
    then.map_or(FanOut::Complete, |number| FanOut::After(webhook(number).id))
}

/// The webhook with this number, before any change.
fn webhook(number: u32) -> Webhook {
    fixtures::webhook(fixtures::project(number % PROJECTS).id, number)
}

fn nth<T>(mut items: impl Iterator<Item = T> + Clone, index: usize) -> Option<T> {
    let count = items.clone().count();
    items.nth(index.checked_rem(count)?)
}
