//! Takes events in: parsed once, stored with their deliveries in one durable step, and only then acknowledged.

use bytes::Bytes;
use hookwright_model::{
    Delivery, DeliveryId, ErrorKind, Event, EventId, Origin, Payload, PayloadError, ProjectId,
};
use hookwright_store::{Accepted, IdempotencyKey, NewEvent, StoreError};

use crate::ScopedEngine;

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
    /// The store did not take them.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IngestError {
    /// What the error means to whoever asked.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Payload { .. } | Self::UnknownProject { .. } => ErrorKind::InvalidInput,
            Self::Store(error) => error.kind(),
        }
    }
}

impl ScopedEngine {
    /// Accepts events, all or none. When this returns, they and their deliveries are durable. The answers are in the
    /// order of the events.
    ///
    /// # Errors
    /// The first payload that is not an event of a known project, or what the store says.
    pub async fn ingest(&self, batch: Vec<Incoming>) -> Result<Vec<Accepted>, IngestError> {
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
            let webhooks = self.store().webhooks(project).await?;
            let deliveries = webhooks
                .iter()
                .filter(|webhook| webhook.wants(kind))
                .map(|webhook| {
                    let delivery = DeliveryId::new(now, self.random());
                    Delivery::new(delivery, id, webhook.id, project, Origin::Event, now)
                })
                .collect();
            let event = Event { id, project, kind, received_at: now, payload: incoming.body };
            events.push(NewEvent { event, deliveries, idempotency: incoming.idempotency });
        }
        let projects: Vec<ProjectId> = events.iter().map(|new| new.event.project).collect();
        match self.store().accept_events(events).await {
            Ok(accepted) => {
                self.engine.notices.add(accepted.iter().zip(&projects).flat_map(|(one, project)| {
                    one.deliveries.iter().map(|(_, webhook)| (*webhook, *project))
                }));
                Ok(accepted)
            }
            Err(StoreError::NotFound(noun)) => {
                Err(self.find_unknown_project(&projects, StoreError::NotFound(noun)).await)
            }
            Err(error) => Err(error.into()),
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
