//! Keeps the dispatcher alive: one that has panicked is started again from what the store has.

use std::sync::Arc;
use std::time::Duration;

use hookwright_model::Webhook;
use hookwright_store::{Store, StoreError};
use tokio::sync::oneshot;
use tracing::{error, info};

use super::dispatcher::{Claimed, Dispatcher};
use super::{Drained, Notices, TestSends};
use crate::attempt::Worker;

/// The time between two starts of a dispatcher that fails.
const RESTART_WAIT: Duration = Duration::from_secs(1);

/// What every dispatcher is made of.
pub(crate) struct Supervisor {
    pub(crate) worker: Arc<Worker>,
    pub(crate) notices: Arc<Notices>,
    pub(crate) tests: Arc<TestSends>,
    pub(crate) max_in_flight: usize,
}

impl Supervisor {
    /// Runs a dispatcher until it is told to stop, and another one whenever it ends by itself.
    pub(crate) async fn run(
        self,
        mut pending: Vec<Arc<Webhook>>,
        mut stop: oneshot::Receiver<Duration>,
    ) -> Drained {
        loop {
            let claimed = Claimed::default();
            let dispatcher = Dispatcher::new(
                Arc::clone(&self.worker),
                Arc::clone(&self.notices),
                Arc::clone(&self.tests),
                Arc::clone(&claimed),
                &pending,
            );
            let (stop_it, stopped) = oneshot::channel();
            let mut task = tokio::spawn(dispatcher.run(stopped));
            let ended = tokio::select! {
                deadline = &mut stop => {
                    // It fails only when the dispatcher has ended, which the next line sees.
                    let _ = stop_it.send(deadline.unwrap_or_default());
                    return task.await.unwrap_or_else(|_| Drained::CutOff(claimed.lock().len()));
                }
                ended = &mut task => ended,
            };
            match ended {
                Ok(_) => error!("the dispatcher has ended without being told to; it is started again"),
                Err(error) => error!(error = %error, "the dispatcher panicked; it is started again"),
            }
            pending = tokio::select! {
                _ = &mut stop => return Drained::Complete,
                pending = self.recover(&claimed) => pending,
            };
            info!(webhooks = pending.len(), "the dispatcher goes on");
        }
    }

    /// Frees what the dispatcher had, whose workers ended with it, and reads what is pending.
    async fn recover(&self, claimed: &Claimed) -> Vec<Arc<Webhook>> {
        let deliveries: Vec<_> = claimed.lock().drain().map(|(delivery, _)| delivery).collect();
        self.worker.store.release(&deliveries).await;
        self.tests.clear();
        self.worker.lanes.reset(self.max_in_flight);
        loop {
            tokio::time::sleep(RESTART_WAIT).await;
            match pending(&*self.worker.store).await {
                Ok(pending) => return pending,
                Err(error) => error!(error = %error, "what is pending cannot be read"),
            }
        }
    }
}

/// The webhooks with something pending.
pub(crate) async fn pending(store: &dyn Store) -> Result<Vec<Arc<Webhook>>, StoreError> {
    let mut pending = Vec::new();
    for (id, _) in store.due_webhooks().await? {
        match store.webhook(id).await {
            Ok(webhook) => pending.push(webhook),
            Err(StoreError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(pending)
}
