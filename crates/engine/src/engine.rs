//! The running engine: start, drain, close.

use std::sync::Arc;
use std::time::Duration;

use hookwright_model::{PageRequest, PluginLimits};
use hookwright_store::{Store, StoreError, StoreHealth};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::attempt::Worker;
use crate::dispatch::{self, Drained, Notices, Supervisor, TestSends};
use crate::fan_out::FanOuts;
use crate::lanes::Lanes;
use crate::ports::{Clock, Entropy, Mapper, Sender};
use crate::principal::Principal;
use crate::scoped::ScopedEngine;

/// The engine's connections to the outside.
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
    /// The most deliveries under way at once, over all webhooks. A project takes at most as many places as are free, so
    /// that other projects always find some.
    pub max_in_flight: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { max_in_flight: 1_024 }
    }
}

/// A cheap handle for the process that runs the engine. Calls go through [`Engine::on_behalf_of`].
#[derive(Clone)]
pub struct Engine {
    pub(crate) worker: Arc<Worker>,
    pub(crate) notices: Arc<Notices>,
    pub(crate) tests: Arc<TestSends>,
    pub(crate) fan_outs: Arc<FanOuts>,
    running: Arc<Mutex<Option<Running>>>,
}

/// A dispatcher that has not gone through its loop for so long does not move: each round starts what is due and no more.
const STALLED_AFTER: Duration = Duration::from_secs(30);

/// Whether deliveries are being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineHealth {
    /// The part that starts deliveries.
    pub dispatcher: DispatcherState,
    /// How long the delivery has been due that waits the longest: it waits for a place, for a rest of its lane to end, or,
    /// when this only grows, for somebody to look.
    pub oldest_due: Option<Duration>,
}

/// How the dispatcher is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DispatcherState {
    /// It does its work.
    Moving,
    /// It hangs, for so long now.
    Stalled(Duration),
    /// It was told to stop.
    Draining,
    /// It has ended, and is not started again.
    Ended,
}

struct Running {
    stop: oneshot::Sender<Duration>,
    dispatcher: JoinHandle<Drained>,
    fan_outs: JoinHandle<()>,
}

impl Engine {
    /// Starts the engine and goes on with what was pending when the last one stopped.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn start(
        store: Arc<dyn Store>,
        ports: Ports,
        options: EngineOptions,
    ) -> Result<Self, StoreError> {
        let pending = dispatch::pending(&*store).await?;
        let fan_outs = Arc::new(FanOuts::default());
        fan_outs.load(&*store).await?;
        let max_in_flight = options.max_in_flight;
        let worker = Arc::new(Worker { store, ports, lanes: Arc::new(Lanes::new(max_in_flight)) });
        let (notices, tests) = (Arc::new(Notices::default()), Arc::new(TestSends::default()));
        let supervisor = Supervisor {
            worker: Arc::clone(&worker),
            notices: Arc::clone(&notices),
            tests: Arc::clone(&tests),
            max_in_flight,
        };
        let (stop, stopped) = oneshot::channel();
        let running = Running {
            stop,
            dispatcher: tokio::spawn(supervisor.run(pending, stopped)),
            fan_outs: tokio::spawn(
                Arc::clone(&fan_outs).supervise(Arc::clone(&worker), Arc::clone(&notices)),
            ),
        };
        Ok(Self { worker, notices, tests, fan_outs, running: Arc::new(Mutex::new(Some(running))) })
    }

    /// The engine on behalf of this principal.
    pub fn on_behalf_of(&self, principal: Principal) -> ScopedEngine {
        ScopedEngine { engine: self.clone(), principal }
    }

    /// The condition of the store.
    pub fn store_health(&self) -> StoreHealth {
        self.worker.store.health()
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// What the store says.
    pub async fn check_store(&self) -> Result<(), StoreError> {
        self.worker.store.projects(PageRequest { after: None, limit: 1 }).await.map(drop)
    }

    /// The limits of plugins.
    pub fn plugin_limits(&self) -> &PluginLimits {
        self.worker.ports.mapper.limits()
    }

    /// Starts no more deliveries and lets those under way end within the deadline. New events are accepted until the
    /// store is closed; the next start delivers them.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        let running = self.running.lock().take();
        let mut drained = Drained::Complete;
        if let Some(Running { stop, dispatcher, fan_outs }) = running {
            // A step of a fan-out that has begun is carried out in full or not at all.
            fan_outs.abort();
            // Both fail only when the dispatcher has ended by itself, which leaves nothing to wait for.
            let _ = stop.send(deadline);
            drained = dispatcher.await.unwrap_or(Drained::Complete);
        }
        drained
    }

    /// Closes the store: writes under way are committed, and later calls fail.
    pub async fn close(&self) {
        self.worker.store.close().await;
    }

    /// Whether deliveries are being made.
    pub fn health(&self) -> EngineHealth {
        let lanes = &self.worker.lanes;
        let dispatcher = match &*self.running.lock() {
            Some(running) if running.dispatcher.is_finished() => DispatcherState::Ended,
            Some(_) if lanes.since_beat() > STALLED_AFTER => DispatcherState::Stalled(lanes.since_beat()),
            Some(_) => DispatcherState::Moving,
            None => DispatcherState::Draining,
        };
        EngineHealth { dispatcher, oldest_due: lanes.lock().oldest_due(lanes.now()) }
    }
}
