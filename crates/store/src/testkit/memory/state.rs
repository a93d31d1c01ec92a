//! What the model keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use hookwright_model::{
    Attempt, Delivery, DeliveryId, DeliveryState, Digest, Event, EventId, Mapping, PluginName, PluginOwner,
    PluginVersion, Project, ProjectId, Reply, Revision, Timestamp, VersionPin, Webhook, WebhookId,
};

use crate::{Accepted, Claim, FanOut, IdempotencyKey, NewEvent, Noun, Repeat, StoreError};

#[derive(Default, Clone)]
pub(super) struct State {
    pub(super) closed: bool,
    pub(super) projects: BTreeMap<ProjectId, Project>,
    pub(super) webhooks: BTreeMap<WebhookId, Arc<Webhook>>,
    pub(super) mappings: BTreeMap<(WebhookId, Revision), Mapping>,
    pub(super) plugins: BTreeMap<(PluginName, PluginOwner), Vec<Arc<PluginVersion>>>,
    pub(super) components: BTreeMap<Digest, Bytes>,
    pub(super) events: BTreeMap<EventId, Event>,
    /// The events that producers sent.
    pub(super) posted: BTreeSet<(ProjectId, EventId)>,
    pub(super) fan_outs: BTreeMap<EventId, WebhookId>,
    pub(super) accepted: BTreeMap<(ProjectId, IdempotencyKey), Accepted>,
    pub(super) deliveries: BTreeMap<DeliveryId, Delivery>,
    pub(super) attempts: BTreeMap<(DeliveryId, u32), Attempt>,
    pub(super) replies: BTreeMap<DeliveryId, Vec<Reply>>,
    pub(super) claims: BTreeSet<DeliveryId>,
}

impl State {
    pub(super) fn project(&self, id: ProjectId) -> Result<&Project, StoreError> {
        self.projects.get(&id).ok_or(StoreError::NotFound(Noun::Project))
    }

    pub(super) fn webhook(&self, id: WebhookId) -> Result<&Arc<Webhook>, StoreError> {
        self.webhooks.get(&id).ok_or(StoreError::NotFound(Noun::Webhook))
    }

    /// The delivery as people see it.
    pub(super) fn delivery(&self, id: DeliveryId) -> Result<Delivery, StoreError> {
        let mut delivery = self.deliveries.get(&id).ok_or(StoreError::NotFound(Noun::Delivery))?.clone();
        if self.claims.contains(&id) {
            delivery.state = DeliveryState::Delivering;
        }
        Ok(delivery)
    }

    pub(super) fn keep_webhook(&mut self, webhook: Webhook) {
        if let Some(mapping) = &webhook.mapping {
            self.mappings.insert((webhook.id, webhook.mapping_revision), mapping.clone());
        }
        self.webhooks.insert(webhook.id, Arc::new(webhook));
    }

    pub(super) fn accept(&mut self, new: NewEvent) -> Result<Accepted, StoreError> {
        let NewEvent { event, deliveries, fan_out, idempotency } = new;
        self.project(event.project)?;
        let key = idempotency.map(|key| (event.project, key));
        if let Some(first) = key.as_ref().and_then(|key| self.accepted.get(key)) {
            let known = &self.events[&first.event];
            if event.received_at < known.received_at.after(IdempotencyKey::KEPT_FOR) {
                return if event.says_the_same_as(known) {
                    let fan_out = self.fan_outs.get(&first.event).copied();
                    let fan_out = fan_out.map_or(FanOut::Complete, FanOut::After);
                    Ok(Accepted { repeat: Repeat::Known, fan_out, ..first.clone() })
                } else {
                    Err(StoreError::IdempotencyMismatch)
                };
            }
        }
        let deliveries = self.add_deliveries(event.id, deliveries, fan_out);
        let accepted = Accepted { event: event.id, deliveries, fan_out, repeat: Repeat::First };
        self.posted.insert((event.project, event.id));
        self.events.insert(event.id, event);
        if let Some(key) = key {
            self.accepted.insert(key, accepted.clone());
        }
        Ok(accepted)
    }

    pub(super) fn add_deliveries(
        &mut self,
        event: EventId,
        deliveries: Vec<Delivery>,
        then: FanOut,
    ) -> Vec<(DeliveryId, WebhookId)> {
        match then {
            FanOut::Complete => drop(self.fan_outs.remove(&event)),
            FanOut::After(webhook) => drop(self.fan_outs.insert(event, webhook)),
        }
        let kept = deliveries.into_iter().filter(|delivery| self.webhooks.contains_key(&delivery.webhook));
        let kept: Vec<Delivery> = kept.collect();
        let ids = kept.iter().map(|delivery| (delivery.id, delivery.webhook)).collect();
        self.deliveries.extend(kept.into_iter().map(|delivery| (delivery.id, delivery)));
        ids
    }

    pub(super) fn is_undelivered(&self, event: &Event) -> bool {
        self.posted.contains(&(event.project, event.id))
            && !self.fan_outs.contains_key(&event.id)
            && !self.deliveries.values().any(|delivery| delivery.event == event.id)
    }

    pub(super) fn claim(&mut self, id: DeliveryId) -> Claim {
        self.claims.insert(id);
        let delivery = Delivery { state: DeliveryState::Delivering, ..self.deliveries[&id].clone() };
        let event = self.events[&delivery.event].clone();
        Claim { event, replies: self.replies.get(&id).cloned().unwrap_or_default(), delivery }
    }

    /// The deliveries for these webhooks that wait and are not claimed, ordered by webhook and due time.
    pub(super) fn waiting(
        &self,
        wanted: impl Fn(WebhookId) -> bool,
    ) -> BTreeSet<(WebhookId, Timestamp, DeliveryId)> {
        let waits = |delivery: &&Delivery| {
            delivery.state == DeliveryState::Pending
                && wanted(delivery.webhook)
                && !self.claims.contains(&delivery.id)
        };
        self.deliveries.values().filter(waits).map(|d| (d.webhook, d.due_at, d.id)).collect()
    }

    /// The components of a version, or of a delivery that has not ended.
    pub(super) fn needed_components(&self) -> BTreeSet<Digest> {
        let waits =
            |delivery: &&Delivery| matches!(delivery.state, DeliveryState::Pending | DeliveryState::Held);
        let pins = self.deliveries.values().filter(waits).filter_map(|delivery| delivery.pin);
        let versions = self.plugins.values().flatten().map(|version| version.digest);
        versions.chain(pins.map(|pin| pin.digest)).collect()
    }

    /// Refuses unless no webhook of the project uses a plugin, in a version that matters.
    pub(super) fn check_detached(
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

    pub(super) fn owned_elsewhere(&self, name: &PluginName, owner: PluginOwner) -> bool {
        let bundled = |owner| owner == PluginOwner::Bundled;
        self.plugins.keys().any(|(taken, by)| taken == name && bundled(*by) != bundled(owner))
    }
}
