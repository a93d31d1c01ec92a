//! What a stand-in received, and waiting for it.

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::exchange::Request;

/// How much a stand-in remembers of the requests that it received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Each request with its body.
    Everything,
    /// Their number alone: memory does not grow with it.
    Count,
}

/// A request that was received.
#[derive(Debug, Clone)]
pub struct Received {
    /// The request.
    pub request: Request,
    /// The status of the answer; none if the connection was closed without one or hangs.
    pub answered_status: Option<u16>,
}

#[derive(Debug)]
pub(crate) struct Journal {
    keep: Keep,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    count: u64,
    received: Vec<Received>,
    waiting: Vec<Waiting>,
}

/// Woken only once there is enough, so that waiting for a million requests costs each of them nothing.
#[derive(Debug)]
struct Waiting {
    count: u64,
    wake: oneshot::Sender<()>,
}

impl Journal {
    pub(crate) fn new(keep: Keep) -> Self {
        Self { keep, entries: Mutex::default() }
    }

    pub(crate) fn record(&self, request: Request, answered_status: Option<u16>) {
        let mut entries = self.entries.lock();
        entries.count += 1;
        if self.keep == Keep::Everything {
            entries.received.push(Received { request, answered_status });
        }
        let count = entries.count;
        for waiting in entries.waiting.extract_if(.., |waiting| waiting.count <= count) {
            // Whoever waited may have given up.
            let _ = waiting.wake.send(());
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.entries.lock().count
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.entries.lock().received.clone()
    }

    pub(crate) async fn wait_for(&self, n: u64) {
        let woken = {
            let mut entries = self.entries.lock();
            if entries.count >= n {
                return;
            }
            entries.wake_at(n)
        };
        // The sender is dropped only after it was used.
        let _ = woken.await;
    }

    pub(crate) async fn wait_until(&self, condition: impl Fn(&[Received]) -> bool) {
        loop {
            let woken = {
                let mut entries = self.entries.lock();
                if condition(&entries.received) {
                    return;
                }
                let next = entries.count + 1;
                entries.wake_at(next)
            };
            let _ = woken.await;
        }
    }
}

impl Entries {
    fn wake_at(&mut self, count: u64) -> oneshot::Receiver<()> {
        let (wake, woken) = oneshot::channel();
        self.waiting.push(Waiting { count, wake });
        woken
    }
}
