//! Test sends that wait for a place.

use std::collections::HashMap;

use hookwright_model::{Delivery, Event};
use hookwright_store::StoreError;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::schedule::Ticket;

/// A test send has a place, and has begun.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Its end: the attempts are in the log then.
    pub(crate) ended: oneshot::Receiver<Result<(), StoreError>>,
}

/// A test send.
pub(super) struct TestSend {
    pub(super) event: Event,
    pub(super) delivery: Delivery,
    pub(super) begun: oneshot::Sender<Begun>,
}

/// The test sends that wait, by their tickets in the schedule.
#[derive(Default)]
pub(crate) struct TestSends(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    last: Ticket,
    closed: bool,
    sends: HashMap<Ticket, TestSend>,
}

impl TestSends {
    /// Adds one. It says when it begins; none when nothing begins any more.
    pub(crate) fn add(&self, event: Event, delivery: Delivery) -> Option<(Ticket, oneshot::Receiver<Begun>)> {
        let (begun, begins) = oneshot::channel();
        let mut waiting = self.0.lock();
        if waiting.closed {
            return None;
        }
        waiting.last += 1;
        let ticket = waiting.last;
        waiting.sends.insert(ticket, TestSend { event, delivery, begun });
        Some((ticket, begins))
    }

    /// Takes one out: to begin it, or because nobody waits for it any more.
    pub(crate) fn remove(&self, ticket: Ticket) {
        drop(self.take(ticket));
    }

    pub(super) fn take(&self, ticket: Ticket) -> Option<TestSend> {
        self.0.lock().sends.remove(&ticket)
    }

    /// Lets nothing begin for now: those that wait are told.
    pub(super) fn clear(&self) {
        self.0.lock().sends.clear();
    }

    /// Lets nothing begin any more.
    pub(super) fn close(&self) {
        let mut waiting = self.0.lock();
        waiting.closed = true;
        waiting.sends.clear();
    }
}
