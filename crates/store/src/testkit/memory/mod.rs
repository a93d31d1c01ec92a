//! The model: a store in plain maps under one lock. Simple and obviously right, rather than fast.

mod state;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hookwright_model::{
    Attempt, Delivery, DeliveryId, DeliveryState, Digest, Event, EventId, KeptReplies, Mapping, Page,
    PageRequest, PluginName, PluginOwner, PluginVersion, Project, ProjectId, Revision, Timestamp, VersionPin,
    Webhook, WebhookId,
};
use parking_lot::{Mutex, MutexGuard};

use state::State;

use crate::{
    Accepted, AttemptRecord, Claim, ClaimAfter, DeliveryFilter, Due, EventEntry, EventFilter, FanOut,
    NewEvent, NewPluginVersion, Noun, OpenFanOut, Repeat, Store, StoreError, StoreHealth,
};

/// A store in memory. Nothing is durable, but [`MemoryStore::reopened`] shows what a durable store would keep.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    writes: Mutex<Vec<Write>>,
}

/// One write that made deliveries, or cancelled them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write {
    /// The operation of the store.
    pub operation: &'static str,
    /// The project; of several events, that of the first one.
    pub project: ProjectId,
    /// How many deliveries were made or cancelled.
    pub deliveries: usize,
}

impl MemoryStore {
    /// A store that goes on with what this one has kept, as after a restart.
    pub fn reopened(&self) -> Self {
        let mut state = State { closed: false, claims: BTreeSet::new(), ..self.state.lock().clone() };
        let needed = state.needed_components();
        state.components.retain(|digest, _| needed.contains(digest));
        Self { state: Mutex::new(state), writes: Mutex::default() }
    }

    /// The writes so far that made or cancelled several deliveries at once, in order.
    pub fn writes(&self) -> Vec<Write> {
        self.writes.lock().clone()
    }

    fn note(&self, operation: &'static str, project: Option<ProjectId>, deliveries: usize) {
        self.writes.lock().extend(project.map(|project| Write { operation, project, deliveries }));
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state.lock();
        if state.closed { Err(StoreError::Closed) } else { Ok(state) }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create_project(&self, project: Project) -> Result<(), StoreError> {
        let mut state = self.open()?;
        if state.projects.contains_key(&project.id) {
            return Err(StoreError::Exists(Noun::Project));
        }
        state.projects.insert(project.id, project);
        Ok(())
    }

    async fn project(&self, id: ProjectId) -> Result<Project, StoreError> {
        self.open()?.project(id).cloned()
    }

    async fn projects(&self, page: PageRequest<ProjectId>) -> Result<Page<Project, ProjectId>, StoreError> {
        let state = self.open()?;
        let mut rest =
            state.projects.values().filter(|project| page.after.is_none_or(|after| after < project.id));
        let items: Vec<Project> = rest.by_ref().take(page.limit).cloned().collect();
        let next = rest.next().and(items.last()).map(|project| project.id);
        Ok(Page { items, next })
    }

    async fn create_webhook(&self, webhook: Webhook) -> Result<(), StoreError> {
        let mut state = self.open()?;
        state.project(webhook.project)?;
        if state.webhooks.contains_key(&webhook.id) {
            return Err(StoreError::Exists(Noun::Webhook));
        }
        state.keep_webhook(webhook);
        Ok(())
    }

    async fn update_webhook(&self, webhook: Webhook) -> Result<(), StoreError> {
        let mut state = self.open()?;
        let actual = state.webhook(webhook.id)?.revision;
        if webhook.revision != actual + 1 {
            return Err(StoreError::RevisionMismatch { actual });
        }
        state.keep_webhook(webhook);
        Ok(())
    }

    async fn delete_webhook(
        &self,
        id: WebhookId,
        expected: Option<Revision>,
        reason: &str,
    ) -> Result<(), StoreError> {
        let mut state = self.open()?;
        let actual = state.webhook(id)?.revision;
        if expected.is_some_and(|expected| expected != actual) {
            return Err(StoreError::RevisionMismatch { actual });
        }
        state.webhooks.remove(&id);
        state.mappings.retain(|(webhook, _), _| *webhook != id);
        for delivery in state.deliveries.values_mut().filter(|delivery| delivery.webhook == id) {
            if matches!(delivery.state, DeliveryState::Pending | DeliveryState::Held) {
                delivery.cancel(reason)?;
            }
        }
        Ok(())
    }

    async fn cancel_waiting(
        &self,
        webhook: WebhookId,
        limit: usize,
        reason: &str,
    ) -> Result<usize, StoreError> {
        let mut state = self.open()?;
        let project = state.webhook(webhook)?.project;
        let pending = state.waiting(|of| of == webhook).into_iter().map(|(.., id)| id);
        let is_held = |delivery: &&Delivery| {
            delivery.webhook == webhook
                && delivery.state == DeliveryState::Held
                && !state.claims.contains(&delivery.id)
        };
        let held = state.deliveries.values().filter(is_held).map(|delivery| delivery.id);
        let ids: Vec<DeliveryId> = pending.chain(held).take(limit).collect();
        for id in &ids {
            if let Some(delivery) = state.deliveries.get_mut(id) {
                delivery.cancel(reason)?;
            }
        }
        self.note("cancel_waiting", Some(project), ids.len());
        Ok(ids.len())
    }

    async fn webhook(&self, id: WebhookId) -> Result<Arc<Webhook>, StoreError> {
        self.open()?.webhook(id).cloned()
    }

    async fn webhooks(
        &self,
        project: ProjectId,
        page: PageRequest<WebhookId>,
    ) -> Result<Page<Arc<Webhook>, WebhookId>, StoreError> {
        let state = self.open()?;
        let wanted = |webhook: &&Arc<Webhook>| {
            webhook.project == project && page.after.is_none_or(|after| after < webhook.id)
        };
        let mut rest = state.webhooks.values().filter(wanted);
        let items: Vec<Arc<Webhook>> = rest.by_ref().take(page.limit).cloned().collect();
        let next = rest.next().and(items.last()).map(|webhook| webhook.id);
        Ok(Page { items, next })
    }

    async fn mapping_at(&self, webhook: WebhookId, revision: Revision) -> Result<Mapping, StoreError> {
        let state = self.open()?;
        state.mappings.get(&(webhook, revision)).cloned().ok_or(StoreError::NotFound(Noun::Mapping))
    }

    async fn add_plugin_version(
        &self,
        new: NewPluginVersion,
    ) -> Result<(Arc<PluginVersion>, Repeat), StoreError> {
        let mut state = self.open()?;
        if let PluginOwner::Project(project) = new.owner {
            state.project(project)?;
        }
        if state.owned_elsewhere(&new.name, new.owner) {
            return Err(StoreError::Exists(Noun::Plugin));
        }
        let digest = Digest::of(&new.component);
        let versions = state.plugins.entry((new.name.clone(), new.owner)).or_default();
        if let Some(newest) = versions.last().filter(|newest| newest.digest == digest) {
            return Ok((Arc::clone(newest), Repeat::Known));
        }
        let version = Arc::new(new.numbered(versions.last().map_or(1, |newest| newest.version + 1), digest));
        versions.push(Arc::clone(&version));
        state.components.insert(digest, new.component);
        Ok((version, Repeat::First))
    }

    async fn delete_plugin(&self, project: ProjectId, name: &PluginName) -> Result<(), StoreError> {
        let mut state = self.open()?;
        let key = (name.clone(), PluginOwner::Project(project));
        if !state.plugins.contains_key(&key) {
            return Err(StoreError::NotFound(Noun::Plugin));
        }
        state.check_detached(project, name, |_| true)?;
        state.plugins.remove(&key);
        Ok(())
    }

    async fn delete_plugin_version(
        &self,
        project: ProjectId,
        name: &PluginName,
        number: u32,
    ) -> Result<(), StoreError> {
        let mut state = self.open()?;
        let key = (name.clone(), PluginOwner::Project(project));
        let numbers: Vec<u32> = state.plugins.get(&key).into_iter().flatten().map(|v| v.version).collect();
        if !numbers.contains(&number) {
            return Err(StoreError::NotFound(Noun::Plugin));
        }
        if numbers.last() == Some(&number) {
            return Err(StoreError::NewestVersion);
        }
        state.check_detached(project, name, |pin| pin == VersionPin::Exact(number))?;
        if let Some(versions) = state.plugins.get_mut(&key) {
            versions.retain(|version| version.version != number);
        }
        Ok(())
    }

    async fn plugin(
        &self,
        project: ProjectId,
        name: &PluginName,
        version: VersionPin,
    ) -> Result<Arc<PluginVersion>, StoreError> {
        let state = self.open()?;
        let find = |owner| {
            let versions = state.plugins.get(&(name.clone(), owner))?;
            match version {
                VersionPin::Latest => versions.last(),
                VersionPin::Exact(number) => versions.iter().find(|version| version.version == number),
            }
        };
        find(PluginOwner::Project(project))
            .or_else(|| find(PluginOwner::Bundled))
            .cloned()
            .ok_or(StoreError::NotFound(Noun::Plugin))
    }

    async fn plugins(&self, project: ProjectId) -> Result<Vec<Arc<PluginVersion>>, StoreError> {
        let state = self.open()?;
        let usable = |owner| owner == PluginOwner::Bundled || owner == PluginOwner::Project(project);
        let named = state.plugins.iter().filter(|((_, owner), _)| usable(*owner));
        Ok(named.flat_map(|(_, versions)| versions.iter().rev().cloned()).collect())
    }

    async fn component(&self, digest: Digest) -> Result<Bytes, StoreError> {
        self.open()?.components.get(&digest).cloned().ok_or(StoreError::NotFound(Noun::Component))
    }

    async fn accept_events(&self, events: Vec<NewEvent>) -> Result<Vec<Accepted>, StoreError> {
        let mut state = self.open()?;
        let mut after = state.clone();
        let project = events.first().map(|new| new.event.project);
        let accepted: Vec<Accepted> =
            events.into_iter().map(|new| after.accept(new)).collect::<Result<_, _>>()?;
        *state = after;
        self.note("accept_events", project, accepted.iter().map(|one| one.deliveries.len()).sum());
        Ok(accepted)
    }

    async fn fan_out(
        &self,
        event: EventId,
        after: WebhookId,
        deliveries: Vec<Delivery>,
        then: FanOut,
    ) -> Result<Vec<(DeliveryId, WebhookId)>, StoreError> {
        let mut state = self.open()?;
        if state.fan_outs.get(&event) != Some(&after) {
            return Err(StoreError::NotFound(Noun::Event));
        }
        let stored = state.add_deliveries(event, deliveries, then);
        self.note("fan_out", Some(state.events[&event].project), stored.len());
        Ok(stored)
    }

    async fn fan_outs(&self, page: PageRequest<EventId>) -> Result<Page<OpenFanOut, EventId>, StoreError> {
        let state = self.open()?;
        let mut rest = state.fan_outs.iter().filter(|(id, _)| page.after.is_none_or(|after| after < **id));
        let open = |(id, after): (&EventId, &WebhookId)| OpenFanOut {
            event: *id,
            project: state.events[id].project,
            after: *after,
        };
        let items: Vec<OpenFanOut> = rest.by_ref().take(page.limit).map(open).collect();
        let next = rest.next().and(items.last()).map(|open| open.event);
        Ok(Page { items, next })
    }

    async fn deliver_event(
        &self,
        event: EventId,
        deliveries: Vec<Delivery>,
        then: FanOut,
    ) -> Result<Vec<(DeliveryId, WebhookId)>, StoreError> {
        let mut state = self.open()?;
        let stored = state.events.get(&event).ok_or(StoreError::NotFound(Noun::Event))?;
        if !state.is_undelivered(stored) {
            return Err(StoreError::HasDeliveries);
        }
        Ok(state.add_deliveries(event, deliveries, then))
    }

    async fn events(
        &self,
        project: ProjectId,
        filter: EventFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<EventEntry, EventId>, StoreError> {
        let state = self.open()?;
        let ids = state.posted.iter().rev().filter(|(of, _)| *of == project).map(|(_, id)| *id);
        let entry = |id: EventId| {
            let event = state.events[&id].clone();
            EventEntry { undelivered: state.is_undelivered(&event), event }
        };
        let mut wanted = ids
            .filter(|id| page.after.is_none_or(|after| *id < after))
            .map(entry)
            .filter(|entry| filter == EventFilter::All || entry.undelivered);
        let items: Vec<EventEntry> = wanted.by_ref().take(page.limit).collect();
        let next = wanted.next().and(items.last()).map(|entry| entry.event.id);
        Ok(Page { items, next })
    }

    async fn start_test(&self, event: Event, delivery: Delivery) -> Result<Claim, StoreError> {
        let mut state = self.open()?;
        state.webhook(delivery.webhook)?;
        let id = delivery.id;
        state.events.insert(event.id, event);
        state.deliveries.insert(id, delivery);
        Ok(state.claim(id))
    }

    async fn event(&self, id: EventId) -> Result<Event, StoreError> {
        self.open()?.events.get(&id).cloned().ok_or(StoreError::NotFound(Noun::Event))
    }

    async fn claim_due(&self, webhook: WebhookId, now: Timestamp, limit: usize) -> Result<Due, StoreError> {
        let mut state = self.open()?;
        let waiting = state.waiting(|of| of == webhook).into_iter();
        let (due, rest): (Vec<_>, Vec<_>) =
            waiting.enumerate().partition(|(i, (_, at, _))| *i < limit && *at <= now);
        Ok(Due {
            claims: due.into_iter().map(|(_, (.., id))| state.claim(id)).collect(),
            next: rest.first().map(|(_, (_, at, _))| *at),
        })
    }

    async fn due_webhooks(&self) -> Result<Vec<(WebhookId, Timestamp)>, StoreError> {
        let mut first: Vec<_> =
            self.open()?.waiting(|_| true).into_iter().map(|(webhook, at, _)| (webhook, at)).collect();
        first.dedup_by_key(|(webhook, _)| *webhook);
        Ok(first)
    }

    async fn finish_attempt(&self, record: AttemptRecord) -> Result<DeliveryState, StoreError> {
        let mut state = self.open()?;
        let disabled =
            state.webhooks.get(&record.delivery.webhook).and_then(|webhook| record.disabled(webhook));
        let AttemptRecord { mut delivery, attempt, reply, mut claim, .. } = record;
        if !state.claims.contains(&delivery.id) {
            return Err(StoreError::NotFound(Noun::Delivery));
        }
        let ends = matches!(delivery.state, DeliveryState::Pending | DeliveryState::Held);
        if ends && !state.webhooks.contains_key(&delivery.webhook) {
            let cancelled = &state.deliveries[&delivery.id];
            (delivery.state, delivery.reason) = (cancelled.state, cancelled.reason.clone());
            claim = ClaimAfter::Release;
        }
        if let Some(webhook) = disabled {
            state.keep_webhook(webhook);
        }
        if let Some(attempt) = attempt {
            state.attempts.insert((delivery.id, attempt.number), attempt);
        }
        state.replies.entry(delivery.id).or_default().extend(reply);
        if claim == ClaimAfter::Release {
            state.claims.remove(&delivery.id);
        }
        let stored = delivery.state;
        state.deliveries.insert(delivery.id, delivery);
        Ok(stored)
    }

    async fn release(&self, deliveries: &[DeliveryId]) {
        self.state.lock().claims.retain(|id| !deliveries.contains(id));
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Delivery, StoreError> {
        self.open()?.delivery(id)
    }

    async fn deliveries(
        &self,
        project: ProjectId,
        filter: DeliveryFilter,
        page: PageRequest<DeliveryId>,
    ) -> Result<Page<Delivery, DeliveryId>, StoreError> {
        let state = self.open()?;
        let ids = state.deliveries.keys().rev().filter(|id| page.after.is_none_or(|after| **id < after));
        let all: Vec<Delivery> = ids.map(|id| state.delivery(*id)).collect::<Result<_, _>>()?;
        let mut wanted = all.into_iter().filter(|d| d.project == project && filter.matches(d));
        let items: Vec<Delivery> = wanted.by_ref().take(page.limit).collect();
        let next = wanted.next().and(items.last()).map(|delivery| delivery.id);
        Ok(Page { items, next })
    }

    async fn attempts(&self, delivery: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        let state = self.open()?;
        Ok(state
            .attempts
            .range((delivery, 0)..=(delivery, u32::MAX))
            .map(|(_, attempt)| attempt.clone())
            .collect())
    }

    async fn resend(&self, id: DeliveryId, now: Timestamp) -> Result<Delivery, StoreError> {
        let mut state = self.open()?;
        let mut delivery = state.delivery(id)?;
        let kept = delivery.resend(now)?;
        state.webhook(delivery.webhook)?;
        if kept == KeptReplies::Drop {
            state.replies.remove(&id);
        }
        state.deliveries.insert(id, delivery.clone());
        Ok(delivery)
    }

    async fn cancel(&self, id: DeliveryId, reason: &str) -> Result<Delivery, StoreError> {
        let mut state = self.open()?;
        let mut delivery = state.delivery(id)?;
        delivery.cancel(reason)?;
        state.deliveries.insert(id, delivery.clone());
        Ok(delivery)
    }

    fn health(&self) -> StoreHealth {
        let closed = self.state.lock().closed;
        StoreHealth { writer: closed.then(|| StoreError::Closed.to_string()), disk: None }
    }

    async fn close(&self) {
        self.state.lock().closed = true;
    }
}
