//! Claims of deliveries. They live in memory only: a restart frees them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use hookwright_model::{DeliveryId, WebhookId};
use parking_lot::{Mutex, MutexGuard};

/// The claims of this process.
///
/// To claim what a snapshot shows, take the lock first and the snapshot second: a claim is freed only after the
/// result of the delivery was committed, so the snapshot shows that result. The writer reserves what it is about to change
/// until its commit, so that it is not claimed as it was before.
#[derive(Default)]
pub(crate) struct Claims(Mutex<Held>);

/// What is not free.
#[derive(Default)]
pub(crate) struct Held {
    deliveries: HashMap<DeliveryId, Holder>,
    deleting: HashSet<WebhookId>,
}

/// Who has a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// It is being attempted.
    Attempt,
    /// The writer is changing it.
    Writer,
    /// Nobody: it is damaged and waits for being set aside.
    Damage,
}

impl Held {
    pub(crate) fn holder(&self, delivery: DeliveryId) -> Option<Holder> {
        self.deliveries.get(&delivery).copied()
    }

    /// Whether the webhook is being deleted, so that nothing of it may be claimed.
    pub(crate) fn is_deleting(&self, webhook: WebhookId) -> bool {
        self.deleting.contains(&webhook)
    }

    /// Keeps a damaged delivery from being claimed.
    pub(crate) fn set_aside(&mut self, delivery: DeliveryId) {
        self.deliveries.insert(delivery, Holder::Damage);
    }

    pub(crate) fn claim(&mut self, delivery: DeliveryId) {
        self.deliveries.insert(delivery, Holder::Attempt);
    }
}

impl Claims {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock()
    }

    pub(crate) fn is_claimed(&self, delivery: DeliveryId) -> bool {
        self.lock().holder(delivery) == Some(Holder::Attempt)
    }

    /// Every delivery that is claimed.
    pub(crate) fn claimed(&self) -> HashSet<DeliveryId> {
        let held = self.lock();
        let claimed = held.deliveries.iter().filter(|(_, holder)| **holder == Holder::Attempt);
        claimed.map(|(delivery, _)| *delivery).collect()
    }

    /// Lets a damaged delivery be seen again, once it was set aside durably.
    pub(crate) fn forget_damage(&self, delivery: DeliveryId) {
        let mut held = self.lock();
        if held.holder(delivery) == Some(Holder::Damage) {
            held.deliveries.remove(&delivery);
        }
    }

    /// Frees claims. What the writer holds stays with the writer.
    pub(crate) fn release(&self, deliveries: &[DeliveryId]) {
        let mut held = self.lock();
        for delivery in deliveries {
            if held.holder(*delivery) == Some(Holder::Attempt) {
                held.deliveries.remove(delivery);
            }
        }
    }
}

/// The effects of one group's operations on the claims.
pub(crate) struct GroupClaims {
    claims: Arc<Claims>,
    reserved: Vec<DeliveryId>,
    deleting: Vec<WebhookId>,
    freed: HashSet<DeliveryId>,
}

impl GroupClaims {
    pub(crate) fn new(claims: Arc<Claims>) -> Self {
        Self { claims, reserved: Vec::new(), deleting: Vec::new(), freed: HashSet::new() }
    }

    /// Whether the delivery is claimed, as the operations of the group so far leave it.
    pub(crate) fn is_claimed(&self, delivery: DeliveryId) -> bool {
        self.claims.is_claimed(delivery) && !self.freed.contains(&delivery)
    }

    /// Reserves the delivery for the writer, until the group is settled. Says whether that was possible: it is not
    /// while the delivery is claimed.
    pub(crate) fn reserve(&mut self, delivery: DeliveryId) -> bool {
        let mut held = self.claims.lock();
        match held.holder(delivery) {
            None => {
                held.deliveries.insert(delivery, Holder::Writer);
                self.reserved.push(delivery);
                true
            }
            Some(Holder::Writer | Holder::Damage) => true,
            Some(Holder::Attempt) => self.freed.contains(&delivery),
        }
    }

    /// Keeps everything of the webhook from being claimed, until the group is settled.
    pub(crate) fn delete(&mut self, webhook: WebhookId) {
        self.claims.lock().deleting.insert(webhook);
        self.deleting.push(webhook);
    }

    /// Claims a delivery that is not visible yet.
    pub(crate) fn claim(&mut self, delivery: DeliveryId) -> FreshClaim {
        self.claims.lock().claim(delivery);
        FreshClaim { claims: Some(Arc::clone(&self.claims)), delivery }
    }

    /// Frees the claim when the group is committed.
    pub(crate) fn free(&mut self, delivery: DeliveryId) {
        self.freed.insert(delivery);
    }

    /// Ends the group after its commit.
    pub(crate) fn commit(self) {
        let mut held = self.claims.lock();
        for delivery in &self.freed {
            held.deliveries.remove(delivery);
        }
    }
}

/// Ends the group, committed or not: the writer has nothing reserved between groups.
impl Drop for GroupClaims {
    fn drop(&mut self) {
        let mut held = self.claims.lock();
        for delivery in &self.reserved {
            if held.holder(*delivery) == Some(Holder::Writer) {
                held.deliveries.remove(delivery);
            }
        }
        for webhook in &self.deleting {
            held.deleting.remove(webhook);
        }
    }
}

/// A claim on its way to the caller. It is freed again if it never arrives, because the caller stopped waiting or the
/// group failed.
pub(crate) struct FreshClaim {
    claims: Option<Arc<Claims>>,
    delivery: DeliveryId,
}

impl FreshClaim {
    /// The claim is the caller's.
    pub(crate) fn keep(mut self) {
        self.claims = None;
    }
}

impl Drop for FreshClaim {
    fn drop(&mut self) {
        if let Some(claims) = &self.claims {
            claims.release(&[self.delivery]);
        }
    }
}
