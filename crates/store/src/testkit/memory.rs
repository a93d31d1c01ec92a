//! The model: a store in plain maps under one lock. Simple and obviously right, rather than fast.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hookwright_model::{
    Attempt, Delivery, DeliveryId, DeliveryState, Digest, Event, EventId, KeptReplies, Mapping, Page,
    PageRequest, PluginName, PluginOwner, PluginVersion, Project, ProjectId, Reply, Revision, Timestamp,
    VersionPin, Webhook, WebhookId, WebhookState,
};
use parking_lot::{Mutex, MutexGuard};

use crate::{
    Accepted, AttemptRecord, Claim, ClaimAfter, DeliveryFilter, Due, IdempotencyKey, NewEvent,
    NewPluginVersion, Noun, Repeat, Store, StoreError, StoreHealth,
};

/// A store in memory. Nothing is durable, but [`MemoryStore::reopened`] shows what a durable store would keep.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Default, Clone)]
struct State {
    closed: bool,
    projects: BTreeMap<ProjectId, Project>,
    webhooks: BTreeMap<WebhookId, Arc<Webhook>>,
    mappings: BTreeMap<(WebhookId, Revision), Mapping>,
    plugins: BTreeMap<(PluginName, PluginOwner), Vec<Arc<PluginVersion>>>,
    components: BTreeMap<Digest, Bytes>,
    events: BTreeMap<EventId, Event>,
    accepted: BTreeMap<(ProjectId, IdempotencyKey), Accepted>,
    deliveries: BTreeMap<DeliveryId, Delivery>,
    attempts: BTreeMap<(DeliveryId, u32), Attempt>,
    replies: BTreeMap<DeliveryId, Vec<Reply>>,
    claims: BTreeSet<DeliveryId>,
}

impl MemoryStore {
    /// A store that goes on with what this one has kept, as after a restart.
    pub fn reopened(&self) -> Self {
        let mut state = State { closed: false, claims: BTreeSet::new(), ..self.state.lock().clone() };
        let needed = state.needed_components();
        state.components.retain(|digest, _| needed.contains(digest));
        Self { state: Mutex::new(state) }
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state.lock();
        if state.closed { Err(StoreError::Closed) } else { Ok(state) }
    }
}

impl State {
    fn project(&self, id: ProjectId) -> Result<&Project, StoreError> {
        self.projects.get(&id).ok_or(StoreError::NotFound(Noun::Project))
    }

    fn webhook(&self, id: WebhookId) -> Result<&Arc<Webhook>, StoreError> {
        self.webhooks.get(&id).ok_or(StoreError::NotFound(Noun::Webhook))
    }

    /// The delivery as people see it.
    fn delivery(&self, id: DeliveryId) -> Result<Delivery, StoreError> {
        let mut delivery = self.deliveries.get(&id).ok_or(StoreError::NotFound(Noun::Delivery))?.clone();
        if self.claims.contains(&id) {
            delivery.state = DeliveryState::Delivering;
        }
        Ok(delivery)
    }

    fn keep_webhook(&mut self, webhook: Webhook) {
        if let Some(mapping) = &webhook.mapping {
            self.mappings.insert((webhook.id, webhook.mapping_revision), mapping.clone());
        }
        self.webhooks.insert(webhook.id, Arc::new(webhook));
    }

    fn accept(&mut self, new: NewEvent) -> Result<Accepted, StoreError> {
        let NewEvent { event, deliveries, idempotency } = new;
        self.project(event.project)?;
        let key = idempotency.map(|key| (event.project, key));
        if let Some(first) = key.as_ref().and_then(|key| self.accepted.get(key)) {
            let known = &self.events[&first.event];
            if event.received_at < known.received_at.after(IdempotencyKey::KEPT_FOR) {
                return if known.payload == event.payload {
                    Ok(Accepted { repeat: Repeat::Known, ..first.clone() })
                } else {
                    Err(StoreError::IdempotencyMismatch)
                };
            }
        }
        let active = |delivery: &Delivery| {
            self.webhooks.get(&delivery.webhook).is_some_and(|webhook| webhook.state == WebhookState::Active)
        };
        let kept: Vec<Delivery> = deliveries.into_iter().filter(active).collect();
        let deliveries = kept.iter().map(|delivery| (delivery.id, delivery.webhook)).collect();
        let accepted = Accepted { event: event.id, deliveries, repeat: Repeat::First };
        self.deliveries.extend(kept.into_iter().map(|delivery| (delivery.id, delivery)));
        self.events.insert(event.id, event);
        if let Some(key) = key {
            self.accepted.insert(key, accepted.clone());
        }
        Ok(accepted)
    }

    fn claim(&mut self, id: DeliveryId) -> Claim {
        self.claims.insert(id);
        let delivery = Delivery { state: DeliveryState::Delivering, ..self.deliveries[&id].clone() };
        let event = self.events[&delivery.event].clone();
        Claim { event, replies: self.replies.get(&id).cloned().unwrap_or_default(), delivery }
    }

    /// The deliveries that wait and are not claimed, ordered by webhook and due time.
    fn waiting(&self) -> BTreeSet<(WebhookId, Timestamp, DeliveryId)> {
        let waits = |delivery: &&Delivery| {
            delivery.state == DeliveryState::Pending && !self.claims.contains(&delivery.id)
        };
        self.deliveries.values().filter(waits).map(|d| (d.webhook, d.due_at, d.id)).collect()
    }

    /// The components of a version, or of a delivery that has not ended.
    fn needed_components(&self) -> BTreeSet<Digest> {
        let waits =
            |delivery: &&Delivery| matches!(delivery.state, DeliveryState::Pending | DeliveryState::Held);
        let pins = self.deliveries.values().filter(waits).filter_map(|delivery| delivery.pin);
        let versions = self.plugins.values().flatten().map(|version| version.digest);
        versions.chain(pins.map(|pin| pin.digest)).collect()
    }

    /// Refuses unless no webhook of the project uses a plugin, in a version that matters.
    fn check_detached(
        &self,
        project: ProjectId,
        name: &PluginName,
        matters: impl Fn(VersionPin) -> bool,
    ) -> Result<(), StoreError> {
        let uses = |webhook: &&Arc<Webhook>| {
            let mapping = webhook.mapping.as_ref();
            webhook.project == project
                && mapping.is_some_and(|mapping| mapping.plugin == *name && matters(mapping.version))
        };
        let attached: Vec<WebhookId> =
            self.webhooks.values().filter(uses).map(|webhook| webhook.id).collect();
        if attached.is_empty() { Ok(()) } else { Err(StoreError::Attached(attached)) }
    }

    fn owned_elsewhere(&self, name: &PluginName, owner: PluginOwner) -> bool {
        let bundled = |owner| owner == PluginOwner::Bundled;
        self.plugins.keys().any(|(taken, by)| taken == name && bundled(*by) != bundled(owner))
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

    async fn webhook(&self, id: WebhookId) -> Result<Arc<Webhook>, StoreError> {
        self.open()?.webhook(id).cloned()
    }

    async fn webhooks(&self, project: ProjectId) -> Result<Vec<Arc<Webhook>>, StoreError> {
        Ok(self.open()?.webhooks.values().filter(|webhook| webhook.project == project).cloned().collect())
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
        let accepted = events.into_iter().map(|new| after.accept(new)).collect::<Result<_, _>>()?;
        *state = after;
        Ok(accepted)
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
        let waiting = state.waiting().into_iter().filter(|(of, ..)| *of == webhook);
        let (due, rest): (Vec<_>, Vec<_>) =
            waiting.enumerate().partition(|(i, (_, at, _))| *i < limit && *at <= now);
        Ok(Due {
            claims: due.into_iter().map(|(_, (.., id))| state.claim(id)).collect(),
            next: rest.first().map(|(_, (_, at, _))| *at),
        })
    }

    async fn due_webhooks(&self) -> Result<Vec<(WebhookId, Timestamp)>, StoreError> {
        let mut first: Vec<_> =
            self.open()?.waiting().into_iter().map(|(webhook, at, _)| (webhook, at)).collect();
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
