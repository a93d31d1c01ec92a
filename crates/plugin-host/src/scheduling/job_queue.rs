//! The queues of jobs for child processes. Uploads of one owner are compiled one after another, those of different owners
//! side by side, a few at a time. An upload that would wait too long is refused at once. Checks of settings have the same
//! rules, in a queue of their own. Components that deliveries wait for have a third one, so that no upload delays them.

use std::sync::Arc;

use hookwright_fair_queue::FairQueue;
use hookwright_model::PluginOwner;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::limits::child::{CHECKS, LOADS_AT_ONCE, Queueing, UPLOADS};

/// The job queues of a host.
pub(crate) struct JobQueues {
    uploads: Arc<JobQueue>,
    checks: Arc<JobQueue>,
    loads: Arc<Semaphore>,
}

/// The queue of one kind of job.
struct JobQueue {
    queueing: Queueing,
    /// The jobs, for messages.
    what: &'static str,
    waits: &'static str,
    jobs: Mutex<Jobs>,
}

#[derive(Default)]
struct Jobs {
    /// The cost of an owner is the number of its jobs that run: none, or one.
    waiting: FairQueue<PluginOwner, usize, oneshot::Sender<OwnerSlot>>,
    running: usize,
}

/// The right to run a job, until it is dropped.
pub(crate) enum Slot {
    Owner(#[expect(dead_code, reason = "held for its end")] OwnerSlot),
    Load(#[expect(dead_code, reason = "held for its end")] OwnedSemaphorePermit),
}

/// The slot of an owner. When it is dropped, the next job starts.
pub(crate) struct OwnerSlot {
    owner: PluginOwner,
    queue: Arc<JobQueue>,
}

/// The queue is full.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("{waiting} {what} are waiting already. Try again in a minute")]
pub(crate) struct QueueFull {
    waiting: usize,
    what: &'static str,
}

impl JobQueues {
    pub(crate) fn new() -> Self {
        Self {
            uploads: JobQueue::new(UPLOADS, "uploads", "an upload waits for the compiler"),
            checks: JobQueue::new(CHECKS, "checks of settings", "a check of settings waits"),
            loads: Arc::new(Semaphore::new(LOADS_AT_ONCE)),
        }
    }

    /// How many uploads are being compiled, and how many wait for that.
    pub(crate) fn uploads(&self) -> (usize, usize) {
        self.uploads.counts()
    }

    /// Waits for the turn of something that was accepted before and is needed now.
    pub(crate) async fn load(&self) -> Slot {
        let loads = Arc::clone(&self.loads);
        match loads.acquire_owned().await {
            Ok(turn) => Slot::Load(turn),
            Err(_) => unreachable!("the semaphore is never closed"),
        }
    }

    /// Waits for the turn of an upload.
    ///
    /// # Errors
    /// When too many wait already.
    pub(crate) async fn upload(&self, owner: PluginOwner) -> Result<Slot, QueueFull> {
        self.turn(&self.uploads, owner).await
    }

    /// Waits for the turn of a check of settings.
    ///
    /// # Errors
    /// When too many wait already.
    pub(crate) async fn check(&self, owner: PluginOwner) -> Result<Slot, QueueFull> {
        self.turn(&self.checks, owner).await
    }

    async fn turn(&self, queue: &Arc<JobQueue>, owner: PluginOwner) -> Result<Slot, QueueFull> {
        // Bundled plugins are trusted, and registered all at once.
        if owner == PluginOwner::Bundled {
            return Ok(self.load().await);
        }
        let mut my_turn = queue.join(owner)?;
        queue.start_next();
        if let Ok(turn) = my_turn.try_recv() {
            return Ok(Slot::Owner(turn));
        }
        let (running, waiting) = queue.counts();
        tracing::info!(?owner, running, waiting, "{}", queue.waits);
        match my_turn.await {
            Ok(turn) => Ok(Slot::Owner(turn)),
            Err(_) => unreachable!("a waiting job gets its slot before it is taken from the queue"),
        }
    }
}

impl JobQueue {
    fn new(queueing: Queueing, what: &'static str, waits: &'static str) -> Arc<Self> {
        Arc::new(Self { queueing, what, waits, jobs: Mutex::default() })
    }

    /// How many jobs run, and how many wait.
    fn counts(&self) -> (usize, usize) {
        let jobs = self.jobs.lock();
        (jobs.running, jobs.waiting.len())
    }

    /// Adds a job of the owner at the end of the queue.
    fn join(&self, owner: PluginOwner) -> Result<oneshot::Receiver<OwnerSlot>, QueueFull> {
        let Queueing { waiting, waiting_of_one, at_once: _ } = self.queueing;
        let mut jobs = self.jobs.lock();
        jobs.waiting.retain(|turn| !turn.is_closed());
        let own = jobs.waiting.waiting(owner);
        if own >= waiting_of_one || jobs.waiting.len() >= waiting {
            let waiting = if own >= waiting_of_one { own } else { jobs.waiting.len() };
            return Err(QueueFull { waiting, what: self.what });
        }
        let (turn, my_turn) = oneshot::channel();
        jobs.waiting.push(owner, turn);
        Ok(my_turn)
    }

    /// Gives free slots to the next jobs.
    fn start_next(self: &Arc<Self>) {
        loop {
            let mut jobs = self.jobs.lock();
            let Some((_, 0)) = jobs.waiting.peek() else { return };
            if jobs.running >= self.queueing.at_once {
                return;
            }
            let Some((owner, turn)) = jobs.waiting.pop() else { return };
            jobs.waiting.set_cost(owner, 1);
            jobs.running += 1;
            drop(jobs);
            // A caller that stopped waiting gives the slot back by dropping it.
            let _ = turn.send(OwnerSlot { owner, queue: Arc::clone(self) });
        }
    }
}

impl Drop for OwnerSlot {
    fn drop(&mut self) {
        let mut jobs = self.queue.jobs.lock();
        jobs.waiting.set_cost(self.owner, 0);
        jobs.running -= 1;
        drop(jobs);
        self.queue.start_next();
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
        let queues = JobQueues::new();
        let first = queues.upload(owner(1)).await.unwrap();
        let mut second = pin!(queues.upload(owner(1)));
        assert!(poll_once(&mut second).await.is_pending());
        let other = queues.upload(owner(2)).await.unwrap();
        let mut third = pin!(queues.upload(owner(3)));
        assert!(poll_once(&mut third).await.is_pending(), "only so many at once");
        assert_eq!(queues.uploads(), (2, 2));
        let _load = queues.load().await;
        let _bundled = queues.upload(PluginOwner::Bundled).await.unwrap();
        let _check = queues.check(owner(1)).await.unwrap();
        drop(other);
        assert!(poll_once(&mut third).await.is_ready(), "the first in the queue still waits for its own");
        drop(first);
        assert!(poll_once(&mut second).await.is_ready());
    }

    #[tokio::test]
    async fn a_full_queue_says_so_at_once() {
        let queues = JobQueues::new();
        let _running = queues.upload(owner(0)).await.unwrap();
        let mut own = Vec::new();
        for _ in 0..UPLOADS.waiting_of_one {
            let mut waiting = Box::pin(queues.upload(owner(0)));
            assert!(poll_once(&mut waiting).await.is_pending());
            own.push(waiting);
        }
        assert_eq!(queues.upload(owner(0)).await.err(), Some(full(UPLOADS.waiting_of_one)));
        let _other = queues.upload(owner(1)).await.unwrap();
        let mut others = Vec::new();
        for number in 2.. {
            let mut waiting = Box::pin(queues.upload(owner(number)));
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
    async fn an_upload_that_is_given_up_delays_nobody() {
        let queues = JobQueues::new();
        let first = queues.upload(owner(1)).await.unwrap();
        let mut gone = Box::pin(queues.upload(owner(1)));
        assert!(poll_once(&mut gone).await.is_pending());
        drop(gone);
        drop(first);
        assert!(queues.upload(owner(1)).await.is_ok());
    }

    #[tokio::test]
    async fn uploads_that_were_given_up_do_not_fill_the_queue() {
        let queues = JobQueues::new();
        let _running = queues.upload(owner(1)).await.unwrap();
        for _ in 0..2 * UPLOADS.waiting {
            let mut gone = Box::pin(queues.upload(owner(1)));
            assert!(poll_once(&mut gone).await.is_pending());
        }
    }

    #[tokio::test]
    async fn owners_take_turns_however_much_one_has_waiting() {
        let queues = JobQueues::new();
        let (first, other) = (queues.upload(owner(1)).await.unwrap(), queues.upload(owner(2)).await.unwrap());
        let [mut a, mut b, mut c] = [1, 1, 3].map(|number| Box::pin(queues.upload(owner(number))));
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
