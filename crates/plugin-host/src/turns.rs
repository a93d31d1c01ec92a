//! Whose turn it is to have a child process. Uploads of one owner are compiled one after another and those of different
//! owners side by side, a few at a time; whoever would wait too long is told so at once. The same goes for checks of
//! settings, in a queue of their own. What deliveries wait for has another, so that no upload delays it.

use std::sync::Arc;

use hookwright_fair_queue::FairQueue;
use hookwright_model::PluginOwner;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::limits::child::{CHECKS, LOADS_AT_ONCE, Queueing, UPLOADS};

/// The turns of a host.
pub(crate) struct Turns {
    uploads: Arc<Line>,
    checks: Arc<Line>,
    loads: Arc<Semaphore>,
}

/// One kind of turns.
struct Line {
    queueing: Queueing,
    /// What waits, for messages.
    what: &'static str,
    waits: &'static str,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// The cost of an owner is the number of its turns: none, or one.
    waiting: FairQueue<PluginOwner, usize, oneshot::Sender<OwnersTurn>>,
    running: usize,
}

/// Somebody's turn, until it is dropped.
pub(crate) enum Turn {
    Owner(#[expect(dead_code, reason = "held for its end")] OwnersTurn),
    Load(#[expect(dead_code, reason = "held for its end")] OwnedSemaphorePermit),
}

/// The turn of an owner; its end is the next one's beginning.
pub(crate) struct OwnersTurn {
    owner: PluginOwner,
    line: Arc<Line>,
}

/// The queue is full.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("{waiting} {what} wait already; try again in a minute")]
pub(crate) struct QueueFull {
    waiting: usize,
    what: &'static str,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self {
            uploads: Line::new(UPLOADS, "uploads", "an upload waits for the compiler"),
            checks: Line::new(CHECKS, "checks of settings", "a check of settings waits"),
            loads: Arc::new(Semaphore::new(LOADS_AT_ONCE)),
        }
    }

    /// How many uploads are being compiled, and how many wait for that.
    pub(crate) fn uploads(&self) -> (usize, usize) {
        self.uploads.counts()
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
        self.turn(&self.uploads, owner).await
    }

    /// Waits for the turn of a check of settings.
    ///
    /// # Errors
    /// When too many wait already.
    pub(crate) async fn check(&self, owner: PluginOwner) -> Result<Turn, QueueFull> {
        self.turn(&self.checks, owner).await
    }

    async fn turn(&self, line: &Arc<Line>, owner: PluginOwner) -> Result<Turn, QueueFull> {
        // What comes with the program is trusted and registered all at once.
        if owner == PluginOwner::Bundled {
            return Ok(self.load().await);
        }
        let mut my_turn = line.join(owner)?;
        line.go_on();
        if let Ok(turn) = my_turn.try_recv() {
            return Ok(Turn::Owner(turn));
        }
        let (running, waiting) = line.counts();
        tracing::info!(?owner, running, waiting, "{}", line.waits);
        match my_turn.await {
            Ok(turn) => Ok(Turn::Owner(turn)),
            Err(_) => unreachable!("whoever waits is called before it is taken from the queue"),
        }
    }
}

impl Line {
    fn new(queueing: Queueing, what: &'static str, waits: &'static str) -> Arc<Self> {
        Arc::new(Self { queueing, what, waits, queue: Mutex::default() })
    }

    /// How many have a turn, and how many wait.
    fn counts(&self) -> (usize, usize) {
        let queue = self.queue.lock();
        (queue.running, queue.waiting.len())
    }

    /// Adds somebody at the end of the queue.
    fn join(&self, owner: PluginOwner) -> Result<oneshot::Receiver<OwnersTurn>, QueueFull> {
        let Queueing { waiting, waiting_of_one, at_once: _ } = self.queueing;
        let mut queue = self.queue.lock();
        queue.waiting.retain(|turn| !turn.is_closed());
        let own = queue.waiting.waiting(owner);
        if own >= waiting_of_one || queue.waiting.len() >= waiting {
            let waiting = if own >= waiting_of_one { own } else { queue.waiting.len() };
            return Err(QueueFull { waiting, what: self.what });
        }
        let (turn, my_turn) = oneshot::channel();
        queue.waiting.push(owner, turn);
        Ok(my_turn)
    }

    /// Calls those whose turn it is.
    fn go_on(self: &Arc<Self>) {
        loop {
            let mut queue = self.queue.lock();
            let Some((_, 0)) = queue.waiting.peek() else { return };
            if queue.running >= self.queueing.at_once {
                return;
            }
            let Some((owner, call)) = queue.waiting.pop() else { return };
            queue.waiting.set_cost(owner, 1);
            queue.running += 1;
            drop(queue);
            // A caller that stopped waiting gives the turn back by dropping it.
            let _ = call.send(OwnersTurn { owner, line: Arc::clone(self) });
        }
    }
}

impl Drop for OwnersTurn {
    fn drop(&mut self) {
        let mut queue = self.line.queue.lock();
        queue.waiting.set_cost(self.owner, 0);
        queue.running -= 1;
        drop(queue);
        self.line.go_on();
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

    fn full(waiting: usize) -> QueueFull {
        QueueFull { waiting, what: "uploads" }
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
        let _check = turns.check(owner(1)).await.unwrap();
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
        for _ in 0..UPLOADS.waiting_of_one {
            let mut waiting = Box::pin(turns.upload(owner(0)));
            assert!(poll_once(&mut waiting).await.is_pending());
            own.push(waiting);
        }
        assert_eq!(turns.upload(owner(0)).await.err(), Some(full(UPLOADS.waiting_of_one)));
        let _other = turns.upload(owner(1)).await.unwrap();
        let mut others = Vec::new();
        for number in 2.. {
            let mut waiting = Box::pin(turns.upload(owner(number)));
            match poll_once(&mut waiting).await {
                Poll::Pending => others.push(waiting),
                Poll::Ready(turn) => {
                    assert_eq!(turn.err(), Some(full(UPLOADS.waiting)));
                    break;
                }
            }
        }
        assert_eq!(own.len() + others.len(), UPLOADS.waiting);
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

    #[tokio::test]
    async fn uploads_that_were_given_up_do_not_fill_the_queue() {
        let turns = Turns::new();
        let _running = turns.upload(owner(1)).await.unwrap();
        for _ in 0..2 * UPLOADS.waiting {
            let mut gone = Box::pin(turns.upload(owner(1)));
            assert!(poll_once(&mut gone).await.is_pending());
        }
    }

    #[tokio::test]
    async fn owners_take_turns_however_much_one_has_waiting() {
        let turns = Turns::new();
        let (first, other) = (turns.upload(owner(1)).await.unwrap(), turns.upload(owner(2)).await.unwrap());
        let [mut a, mut b, mut c] = [1, 1, 3].map(|number| Box::pin(turns.upload(owner(number))));
        for waiting in [&mut a, &mut b, &mut c] {
            assert!(poll_once(waiting).await.is_pending());
        }
        drop(first);
        let Poll::Ready(second) = poll_once(&mut a).await else { panic!("it has waited longest") };
        drop(second);
        assert!(poll_once(&mut b).await.is_pending(), "another owner came before its second");
        assert!(poll_once(&mut c).await.is_ready());
        drop(other);
        assert!(poll_once(&mut b).await.is_ready());
    }
}
