//! Events that were accepted: listed, and delivered later if no webhook wanted them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use hookwright_model::{
    Delivery, DeliveryId, ErrorKind, Event, EventId, Page, PageRequest, Payload, ProjectId, WebhookId,
};
use hookwright_store::{EventEntry, EventFilter, FanOut, Noun, StoreError};

use crate::ScopedEngine;

/// Who an event is about: enough for a person to recognise the lead in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadSummary {
    /// The person's name; none when it was not collected.
    pub name: Option<String>,
    /// The e-mail address; none when it was not collected.
    pub email: Option<String>,
}

impl LeadSummary {
    /// The lead of this event.
    pub fn of(event: &Event) -> Self {
        // It was parsed when it was accepted; a lead without a name is better than a list without the event.
        let Ok(payload) = Payload::parse(&event.payload) else { return Self::default() };
        let owned = |text: Option<std::borrow::Cow<'_, str>>| text.map(std::borrow::Cow::into_owned);
        Self { name: owned(payload.lead.name), email: owned(payload.lead.email) }
    }
}

/// Why an event was not delivered again.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// No webhook of the project wants it.
    #[error("no webhook of the project wants this event. Add one, then deliver the event.")]
    NoWebhook,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DeliverError {
    /// What the error means to the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoWebhook => ErrorKind::Conflict,
            Self::Store(error) => error.kind(),
        }
    }
}

/// An event on its way to the webhooks that want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredEvent {
    /// Its deliveries, as many as were made at once.
    pub deliveries: Vec<(DeliveryId, WebhookId)>,
    /// Whether more follow.
    pub fan_out: FanOut,
}

impl ScopedEngine {
    /// The event with this id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn event(&self, id: EventId) -> Result<Event, StoreError> {
        let event = self.store().event(id).await?;
        self.principal.see(event.project, Noun::Event, event)
    }

    /// The events that producers sent to a project, newest first: see [`hookwright_store::Store::events`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project.
    pub async fn events(
        &self,
        project: ProjectId,
        filter: EventFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<EventEntry, EventId>, StoreError> {
        self.project(project).await?;
        self.store().events(project, filter, page).await
    }

    /// The lead of each of these deliveries, in their order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when an event is not there, or out of reach.
    pub async fn leads(&self, deliveries: &[Delivery]) -> Result<Vec<LeadSummary>, StoreError> {
        let mut known: HashMap<EventId, LeadSummary> = HashMap::new();
        for delivery in deliveries {
            if let Entry::Vacant(vacant) = known.entry(delivery.event) {
                vacant.insert(LeadSummary::of(&self.event(delivery.event).await?));
            }
        }
        Ok(deliveries
            .iter()
            .map(|delivery| known.get(&delivery.event).cloned().unwrap_or_default())
            .collect())
    }

    /// Delivers an event that no webhook wanted to the webhooks that want it now, as if it came now. A paused webhook's
    /// delivery waits.
    ///
    /// # Errors
    /// [`DeliverError::NoWebhook`], [`StoreError::NotFound`], [`StoreError::HasDeliveries`].
    pub async fn deliver_event(&self, id: EventId) -> Result<DeliveredEvent, DeliverError> {
        let event = self.event(id).await?;
        let step = self.engine.worker.fan_out_step(&event, None).await?;
        let deliveries = self.store().deliver_event(id, step.deliveries, step.then).await?;
        if deliveries.is_empty() && step.then == FanOut::Complete {
            return Err(DeliverError::NoWebhook);
        }
        self.deliver_stored(id, event.project, &deliveries, step.then);
        Ok(DeliveredEvent { deliveries, fan_out: step.then })
    }
}
