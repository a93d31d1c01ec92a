//! Takes events in: parsed once, stored with their deliveries in one durable step, and only then acknowledged.

use std::collections::HashMap;

use bytes::Bytes;
use hookwright_model::limits::MAX_BATCH_DELIVERIES;
use hookwright_model::{ErrorKind, Event, EventId, PageRequest, Payload, PayloadError, ProjectId};
use hookwright_store::{Accepted, FanOut, IdempotencyKey, NewEvent, OpenFanOut, Repeat, StoreError};

use crate::ScopedEngine;
use crate::fan_out::Step;

/// The most deliveries that are stored together with the events of one request. The rest follows: see `fan_out`.
const DELIVERIES_AT_ONCE: usize = 10_000;

/// One event as a producer sends it.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The payload, which is passed on byte for byte.
    pub body: Bytes,
    /// How to recognise a repeat.
    pub idempotency: Option<IdempotencyKey>,
}

/// Why events were not accepted. None of the batch was.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// A payload is not an event.
    #[error("{error}")]
    Payload {
        /// Which of the batch, from 0.
        index: usize,
        /// What is wrong, and where.
        error: PayloadError,
    },
    /// An event is of a project that does not exist.
    #[error("there is no project {project}")]
    UnknownProject {
        /// Which of the batch, from 0.
        index: usize,
        /// The project that it names.
        project: ProjectId,
    },
    /// The events of the batch would lead to more than [`MAX_BATCH_DELIVERIES`] deliveries.
    #[error(
        "the batch has {events} events for the {webhooks} or more webhooks of project {project}, which is more than \
         {MAX_BATCH_DELIVERIES} deliveries at once. Send fewer events at a time."
    )]
    TooManyDeliveries {
        /// The project.
        project: ProjectId,
        /// How many events the batch has for it.
        events: usize,
        /// How many webhooks it has at least.
        webhooks: usize,
    },
    /// The store did not take them.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IngestError {
    /// What the error means to the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Payload { .. } | Self::UnknownProject { .. } => ErrorKind::InvalidInput,
            Self::TooManyDeliveries { .. } => ErrorKind::TooLarge,
            Self::Store(error) => error.kind(),
        }
    }
}

impl ScopedEngine {
    /// Accepts events, all or none. When this returns, they are durable: each with its deliveries or, where there are
    /// many, with the first ones and the rest certain to follow. The answers are in the order of the events.
    ///
    /// # Errors
    /// The first payload that is not an event of a known project, or what the store says.
    pub async fn ingest(&self, batch: Vec<Incoming>) -> Result<Vec<Accepted>, IngestError> {
        let events = self.parse(batch)?;
        self.check_batch(&events).await?;
        let projects: Vec<ProjectId> = events.iter().map(|(event, _)| event.project).collect();
        let events = self.with_deliveries(events).await?;
        let accepted = match self.store().accept_events(events).await {
            Ok(accepted) => accepted,
            Err(StoreError::NotFound(noun)) => {
                return Err(self.find_unknown_project(&projects, StoreError::NotFound(noun)).await);
            }
            Err(error) => return Err(error.into()),
        };
        for (one, project) in accepted.iter().zip(projects) {
            if one.repeat == Repeat::First {
                self.deliver_stored(one.event, project, &one.deliveries, one.fan_out);
            }
        }
        Ok(accepted)
    }

    fn parse(&self, batch: Vec<Incoming>) -> Result<Vec<(Event, Option<IdempotencyKey>)>, IngestError> {
        let mut events = Vec::with_capacity(batch.len());
        for (index, incoming) in batch.into_iter().enumerate() {
            let payload =
                Payload::parse(&incoming.body).map_err(|error| IngestError::Payload { index, error })?;
            let (project, kind) = (payload.project, payload.kind);
            if !self.principal.reaches(project) {
                return Err(IngestError::UnknownProject { index, project });
            }
            let now = self.now();
            let id = EventId::new(now, self.random());
            let event = Event { id, project, kind, received_at: now, payload: incoming.body };
            events.push((event, incoming.idempotency));
        }
        Ok(events)
    }

    /// Refuses a batch that leads to too many deliveries. One event alone always passes: it cannot be divided.
    async fn check_batch(&self, events: &[(Event, Option<IdempotencyKey>)]) -> Result<(), IngestError> {
        let mut of_project: HashMap<ProjectId, usize> = HashMap::new();
        for (event, _) in events {
            *of_project.entry(event.project).or_default() += 1;
        }
        for (project, events) in of_project.into_iter().filter(|(_, events)| *events > 1) {
            let limit = MAX_BATCH_DELIVERIES / events;
            let webhooks = self.store().webhooks(project, PageRequest { after: None, limit }).await?;
            if webhooks.next.is_some() {
                return Err(IngestError::TooManyDeliveries { project, events, webhooks: limit + 1 });
            }
        }
        Ok(())
    }

    /// Gives each event its first deliveries, as long as there are not too many for one request.
    async fn with_deliveries(
        &self,
        events: Vec<(Event, Option<IdempotencyKey>)>,
    ) -> Result<Vec<NewEvent>, StoreError> {
        let mut left = DELIVERIES_AT_ONCE;
        let mut new = Vec::with_capacity(events.len());
        for (event, idempotency) in events {
            let mut step = self.engine.worker.fan_out_step(&event, None).await?;
            if step.deliveries.len() > left {
                step = Step { deliveries: Vec::new(), then: FanOut::start() };
            }
            left -= step.deliveries.len();
            let Step { deliveries, then: fan_out } = step;
            new.push(NewEvent { event, deliveries, fan_out, idempotency });
        }
        Ok(new)
    }

    /// Lets deliveries be sent that the store has, and those follow that it does not have yet.
    pub(crate) fn deliver_stored(
        &self,
        event: EventId,
        project: ProjectId,
        deliveries: &[(hookwright_model::DeliveryId, hookwright_model::WebhookId)],
        fan_out: FanOut,
    ) {
        self.engine.notices.add(deliveries.iter().map(|(_, webhook)| (*webhook, project)));
        if let FanOut::After(after) = fan_out {
            self.engine.fan_outs.add(OpenFanOut { event, project, after });
        }
    }

    /// Finds out which of the projects does not exist.
    async fn find_unknown_project(&self, projects: &[ProjectId], error: StoreError) -> IngestError {
        for (index, project) in projects.iter().enumerate() {
            if let Err(StoreError::NotFound(_)) = self.store().project(*project).await {
                return IngestError::UnknownProject { index, project: *project };
            }
        }
        error.into()
    }
}
