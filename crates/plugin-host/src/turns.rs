//! Who compiles when. Uploads of one owner are compiled one after another and those of different owners side by side, a
//! few at a time; whoever would wait too long is told so at once. What deliveries wait for has a queue of its own, so
//! that no upload delays it.

use std::collections::VecDeque;
use std::sync::Arc;

use hookwright_model::PluginOwner;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::limits::compile::{LOADS_AT_ONCE, UPLOADS_AT_ONCE, WAITING, WAITING_OF_ONE};

/// The turns of a host.
pub(crate) struct Turns {
    uploads: Arc<Uploads>,
    loads: Arc<Semaphore>,
}

#[derive(Default)]
struct Uploads(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    /// Whose uploads are being compiled.
    running: Vec<PluginOwner>,
    waiting: VecDeque<(PluginOwner, oneshot::Sender<UploadTurn>)>,
}

/// Somebody's turn, until it is dropped.
pub(crate) enum Turn {
    Upload(#[expect(dead_code, reason = "held for its end")] UploadTurn),
    Load(#[expect(dead_code, reason = "held for its end")] OwnedSemaphorePermit),
}

/// The turn of an upload; its end is the next one's beginning.
pub(crate) struct UploadTurn {
    owner: PluginOwner,
    uploads: Arc<Uploads>,
}

/// The queue is full.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("{waiting} uploads wait for the compiler already; try again in a minute")]
pub(crate) struct QueueFull {
    waiting: usize,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self { uploads: Arc::default(), loads: Arc::new(Semaphore::new(LOADS_AT_ONCE)) }
    }

    /// How many uploads are being compiled, and how many wait for that.
    pub(crate) fn uploads(&self) -> (usize, usize) {
        let queue = self.uploads.0.lock();
        (queue.running.len(), queue.waiting.len())
    }

    /// Waits for the turn of something that was accepted before and is needed now.
    pub(crate) async fn load(&self) -> Turn {
        let loads = Arc::clone(&self.loads);
        match loads.acquire_owned().await {
            Ok(turn) => Turn::Load(turn),
            Err(_) => unreachable!("the semaphore is never closed"),
        }
    }

    /// Waits for the turn of an upload.
    ///
    /// # Errors
    /// When too many wait already.
    pub(crate) async fn upload(&self, owner: PluginOwner) -> Result<Turn, QueueFull> {
        // What comes with the program is trusted and registered all at once.
        if owner == PluginOwner::Bundled {
            return Ok(self.load().await);
        }
        let mut my_turn = {
            let mut queue = self.uploads.0.lock();
            let own = queue.waiting.iter().filter(|(waiting, _)| *waiting == owner).count();
            if own >= WAITING_OF_ONE || queue.waiting.len() >= WAITING {
                return Err(QueueFull {
                    waiting: if own >= WAITING_OF_ONE { own } else { queue.waiting.len() },
                });
            }
            let (turn, my_turn) = oneshot::channel();
            queue.waiting.push_back((owner, turn));
            my_turn
        };
        Uploads::go_on(&self.uploads);
        if let Ok(turn) = my_turn.try_recv() {
            return Ok(Turn::Upload(turn));
        }
        let (compiling, waiting) = self.uploads();
        tracing::info!(?owner, compiling, waiting, "an upload waits for the compiler");
        match my_turn.await {
            Ok(turn) => Ok(Turn::Upload(turn)),
            Err(_) => unreachable!("whoever waits is called before it is taken from the queue"),
        }
    }
}

impl Uploads {
    /// Calls those whose turn it is.
    fn go_on(this: &Arc<Self>) {
        loop {
            let mut queue = this.0.lock();
            if queue.running.len() >= UPLOADS_AT_ONCE {
                return;
            }
            let Queue { running, waiting } = &mut *queue;
            let Some(next) = waiting.iter().position(|(owner, _)| !running.contains(owner)) else { return };
            let Some((owner, call)) = waiting.remove(next) else { return };
            running.push(owner);
            drop(queue);
            // Whoever stopped waiting gives the turn back by dropping it.
            let _ = call.send(UploadTurn { owner, uploads: Arc::clone(this) });
        }
    }
}

impl Drop for UploadTurn {
    fn drop(&mut self) {
        let mut queue = self.uploads.0.lock();
        if let Some(mine) = queue.running.iter().position(|owner| *owner == self.owner) {
            queue.running.swap_remove(mine);
        }
        drop(queue);
        Uploads::go_on(&self.uploads);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::task::Poll;

    use hookwright_model::ProjectId;

    use super::*;

    async fn poll_once<F: Future + Unpin>(mut future: F) -> Poll<F::Output> {
        std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut future).poll(context))).await
    }

    fn owner(number: u8) -> PluginOwner {
        PluginOwner::Project(ProjectId::from_bytes([number; 16]))
    }

    #[tokio::test]
    async fn one_owner_waits_for_itself_and_delays_nobody_else() {
        let turns = Turns::new();
        let first = turns.upload(owner(1)).await.unwrap();
        let mut second = pin!(turns.upload(owner(1)));
        assert!(poll_once(&mut second).await.is_pending());
        let other = turns.upload(owner(2)).await.unwrap();
        let mut third = pin!(turns.upload(owner(3)));
        assert!(poll_once(&mut third).await.is_pending(), "only so many at once");
        assert_eq!(turns.uploads(), (2, 2));
        let _load = turns.load().await;
        let _bundled = turns.upload(PluginOwner::Bundled).await.unwrap();
        drop(other);
        assert!(poll_once(&mut third).await.is_ready(), "the first in the queue still waits for its own");
        drop(first);
        assert!(poll_once(&mut second).await.is_ready());
    }

    #[tokio::test]
    async fn a_full_queue_says_so_at_once() {
        let turns = Turns::new();
        let _running = turns.upload(owner(0)).await.unwrap();
        let mut own = Vec::new();
        for _ in 0..WAITING_OF_ONE {
            let mut waiting = Box::pin(turns.upload(owner(0)));
            assert!(poll_once(&mut waiting).await.is_pending());
            own.push(waiting);
        }
        assert_eq!(turns.upload(owner(0)).await.err(), Some(QueueFull { waiting: WAITING_OF_ONE }));
        let _other = turns.upload(owner(1)).await.unwrap();
        let mut others = Vec::new();
        for number in 2.. {
            let mut waiting = Box::pin(turns.upload(owner(number)));
            match poll_once(&mut waiting).await {
                Poll::Pending => others.push(waiting),
                Poll::Ready(turn) => {
                    assert_eq!(turn.err(), Some(QueueFull { waiting: WAITING }));
                    break;
                }
            }
        }
        assert_eq!(own.len() + others.len(), WAITING);
    }

    #[tokio::test]
    async fn whoever_stops_waiting_holds_nobody_up() {
        let turns = Turns::new();
        let first = turns.upload(owner(1)).await.unwrap();
        let mut gone = Box::pin(turns.upload(owner(1)));
        assert!(poll_once(&mut gone).await.is_pending());
        drop(gone);
        drop(first);
        assert!(turns.upload(owner(1)).await.is_ok());
    }
}
