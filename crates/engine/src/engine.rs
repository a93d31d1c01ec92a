//! The handle on the engine.

use std::sync::Arc;
use std::time::Duration;

use hookwright_model::{Delivery, DeliveryId, PluginLimits, Project, ProjectId, Timestamp};
use hookwright_store::{Store, StoreError};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::attempt::Worker;
use crate::dispatch::{Dispatcher, Drained, Notices};
use crate::ports::{Clock, Entropy, Mapper, Sender};

/// Everything that comes from outside.
#[derive(Clone)]
pub struct Ports {
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The network.
    pub sender: Arc<dyn Sender>,
    /// The plugins.
    pub mapper: Arc<dyn Mapper>,
}

/// Bounds of the whole engine.
#[derive(Debug, Clone, Copy)]
pub struct EngineOptions {
    /// The most deliveries under way at once, over all webhooks. A project has at most as many as places are free, so
    /// that others always find some.
    pub max_in_flight: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { max_in_flight: 1_024 }
    }
}

/// A cheap handle on the running engine.
#[derive(Clone)]
pub struct Engine {
    pub(crate) worker: Arc<Worker>,
    pub(crate) notices: Arc<Notices>,
    dispatcher: Arc<Mutex<Option<Running>>>,
}

struct Running {
    stop: oneshot::Sender<Duration>,
    task: JoinHandle<Drained>,
}

impl Engine {
    /// Starts the engine: what was pending when the last one stopped goes on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn start(
        store: Arc<dyn Store>,
        ports: Ports,
        options: EngineOptions,
    ) -> Result<Self, StoreError> {
        let mut pending = Vec::new();
        for (id, at) in store.due_webhooks().await? {
            match store.webhook(id).await {
                Ok(webhook) => pending.push((webhook, at)),
                Err(StoreError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let worker = Arc::new(Worker { store, ports });
        let notices = Arc::new(Notices::default());
        let dispatcher =
            Dispatcher::new(Arc::clone(&worker), Arc::clone(&notices), options.max_in_flight, pending);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(dispatcher.run(stopped));
        let dispatcher = Arc::new(Mutex::new(Some(Running { stop, task })));
        Ok(Self { worker, notices, dispatcher })
    }

    /// The store, for reading.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.worker.store
    }

    /// What a plugin may be and use.
    pub fn plugin_limits(&self) -> &PluginLimits {
        self.worker.ports.mapper.limits()
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.worker.ports.clock.now()
    }

    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        self.worker.ports.entropy.bytes()
    }

    /// Starts nothing more by itself and lets what is under way end within the deadline. New events are still accepted,
    /// until the store is closed; the next start delivers them.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        let running = self.dispatcher.lock().take();
        let mut drained = Drained::Complete;
        if let Some(Running { stop, task }) = running {
            // Both fail only when the dispatcher has ended by itself, which leaves nothing to wait for.
            let _ = stop.send(deadline);
            drained = task.await.unwrap_or(Drained::Complete);
        }
        drained
    }

    /// Adds a project, under an id of the caller's choice or a new one.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the id is taken, and what the store says.
    pub async fn create_project(&self, name: String, id: Option<ProjectId>) -> Result<Project, StoreError> {
        let created_at = self.now();
        let id = id.unwrap_or_else(|| ProjectId::new(created_at, self.random()));
        let project = Project { id, name, created_at };
        self.store().create_project(project.clone()).await?;
        Ok(project)
    }

    /// Lets a delivery be sent again at once: see [`Delivery::resend`].
    ///
    /// # Errors
    /// As [`Store::resend`].
    pub async fn resend(&self, delivery: DeliveryId) -> Result<Delivery, StoreError> {
        let delivery = self.store().resend(delivery, self.now()).await?;
        self.notices.add([(delivery.webhook, delivery.project)]);
        Ok(delivery)
    }

    /// Calls a delivery off: see [`Delivery::cancel`].
    ///
    /// # Errors
    /// As [`Store::cancel`].
    pub async fn cancel(&self, delivery: DeliveryId) -> Result<Delivery, StoreError> {
        self.store().cancel(delivery, "cancelled by a person").await
    }
}
