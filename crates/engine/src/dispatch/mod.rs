//! The dispatcher: one task that claims what is due and starts it, within bounds and fairly. It is told in memory what
//! there is to do, and reads the store only for a webhook whose turn it is.

mod dispatcher;
mod steps;
mod supervisor;
mod test_sends;

use std::collections::HashMap;

use hookwright_model::{ProjectId, WebhookId};
use parking_lot::Mutex;
use tokio::sync::Notify;

pub(crate) use supervisor::{Supervisor, pending};
pub(crate) use test_sends::{Begun, TestSends};

/// Tells the dispatcher which webhooks have work. Notices of one webhook merge, so this never grows beyond the number
/// of webhooks.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    webhooks: Mutex<HashMap<WebhookId, ProjectId>>,
    changed: Notify,
}

impl Notices {
    /// These webhooks, of these projects, have something due now.
    pub(crate) fn add(&self, webhooks: impl IntoIterator<Item = (WebhookId, ProjectId)>) {
        self.webhooks.lock().extend(webhooks);
        self.changed.notify_one();
    }

    fn take(&self) -> HashMap<WebhookId, ProjectId> {
        std::mem::take(&mut *self.webhooks.lock())
    }
}

/// What a drain left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Nothing: every delivery under way came to its end.
    Complete,
    /// So many deliveries were cut off; the next start sends them again.
    CutOff(usize),
}
