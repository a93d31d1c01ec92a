//! The one writer: a thread that takes operations from a queue and commits them in groups.
//!
//! While one group is being made durable, the next one gathers: however many wait share a single sync of the disk.
//!
//! The thread outlives whatever an operation meets. A panic on a damaged page ends the operation that met it: the others
//! of its group are carried out again, each on its own.

use std::sync::Arc;
use std::thread::{self, Builder, JoinHandle};
use std::time::Duration;

use hookwright_store::StoreError;
use parking_lot::Mutex;
use redb::WriteTransaction;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::error;

use crate::catalog::Catalog;
use crate::contain::contain;
use crate::error::{Failure, Fault};
use crate::group::Group;
use crate::store::Shared;

/// The most operations in one group: enough that the sync is cheap for each, few enough that none waits long.
const GROUP_OPERATIONS: usize = 512;
/// A group of this size is followed by a pause, in which the next one grows: a commit costs the processor about as much
/// as ten operations in it, so under load fewer and larger groups carry more. A quiet store commits at once.
const BUSY_OPERATIONS: usize = 8;
/// How long that pause is: little beside a sync of the disk.
const GATHERING: Duration = Duration::from_millis(1);
/// The most operations that wait for the next groups.
const QUEUE_OPERATIONS: usize = 4_096;
/// How long one group may take before the writer counts as stuck. Opening a large file again is the longest it does.
const STUCK_AFTER: Duration = Duration::from_secs(60);

/// The queue to the writer thread. Dropping it lets the thread finish what waits, and waits for that.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
    busy_since: Arc<Mutex<Option<Instant>>>,
}

enum Message {
    Run(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

impl Writer {
    pub(crate) fn start(shared: Arc<Shared>) -> std::io::Result<Self> {
        let (sender, queue) = mpsc::channel(QUEUE_OPERATIONS);
        let busy_since = Arc::default();
        let mut work = Work { shared, queue, busy_since: Arc::clone(&busy_since) };
        let thread = Builder::new().name("store-writer".to_owned()).spawn(move || work.supervise())?;
        Ok(Self { queue: Some(sender), thread: Some(thread), busy_since })
    }

    pub(crate) fn nudge(&self) -> Option<Nudge> {
        self.queue.as_ref().map(|queue| Nudge(queue.downgrade()))
    }

    /// Queues an operation. It is carried out in full even if the caller stops waiting.
    pub(crate) async fn submit<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Group<'_, '_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, answer) = job(operation);
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(Message::Run(job)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// The same, refused when too many operations wait: those that end deliveries go first then.
    pub(crate) async fn submit_unless_overloaded<T: Send + 'static>(
        &self,
        operation: impl Fn(&mut Group<'_, '_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, answer) = job(operation);
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.try_send(Message::Run(job)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Why changes are not carried out, if so.
    pub(crate) fn problem(&self) -> Option<String> {
        let thread = self.thread.as_ref().filter(|thread| !thread.is_finished());
        if thread.is_none() {
            return Some("the store's writer has ended; restart Hookwright".to_owned());
        }
        let busy = (*self.busy_since.lock())?.elapsed();
        (busy > STUCK_AFTER).then(|| format!("the store's writer has not moved for {} s", busy.as_secs()))
    }

    /// Carries out what waits, and closes the database.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if let Some(queue) = &self.queue
            && queue.send(Message::Close(done)).await.is_ok()
        {
            // An error means that the thread has ended already.
            let _ = closed.await;
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // It ends with an error only if it panicked, and the panic has been reported then.
            let _ = thread.join();
        }
    }
}

/// Wakes the writer with an operation that does nothing, without keeping it from ending.
pub(crate) struct Nudge(mpsc::WeakSender<Message>);

impl Nudge {
    /// Has the writer try whether the disk works. A full queue does that as well.
    pub(crate) fn nudge(&self) {
        if let Some(queue) = self.0.upgrade() {
            let (job, _) = job(|_| Ok(()));
            let _ = queue.try_send(Message::Run(job));
        }
    }
}

/// An operation with its waiting caller.
trait Job: Send {
    /// Carries it out within the group's transaction, perhaps not for the first time.
    fn run(&mut self, group: &mut Group<'_, '_>) -> Result<(), Fault>;
    /// Answers the caller, once the group is committed or has failed.
    fn answer(self: Box<Self>, outcome: Result<(), Fault>);
}

struct Task<F, T> {
    operation: F,
    result: Result<T, StoreError>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

type Answer<T> = oneshot::Receiver<Result<T, StoreError>>;

fn job<T: Send + 'static>(
    operation: impl Fn(&mut Group<'_, '_>) -> Result<T, Failure> + Send + 'static,
) -> (Box<dyn Job>, Answer<T>) {
    let (answer, answered) = oneshot::channel();
    (Box::new(Task { operation, result: Err(StoreError::Closed), answer }), answered)
}

impl<T: Send, F: Fn(&mut Group<'_, '_>) -> Result<T, Failure> + Send> Job for Task<F, T> {
    fn run(&mut self, group: &mut Group<'_, '_>) -> Result<(), Fault> {
        // The result of an earlier run may hold a claim: it goes before the next one is made.
        self.result = Err(StoreError::Closed);
        self.result = match (self.operation)(group) {
            Ok(value) => Ok(value),
            Err(Failure::Refused(error)) => Err(error),
            Err(Failure::Broken(fault)) => return Err(fault),
        };
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), Fault>) {
        let result = match outcome {
            Ok(()) => self.result,
            Err(fault) => Err(fault.into()),
        };
        // This fails when the caller no longer waits; the operation stands all the same.
        let _ = self.answer.send(result);
    }
}

/// The thread's own side.
struct Work {
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Message>,
    busy_since: Arc<Mutex<Option<Instant>>>,
}

impl Work {
    /// Works until the store is closed. A panic that nothing else caught costs the group it came from, and no more.
    fn supervise(&mut self) {
        let closing = loop {
            match contain(|| Ok::<_, Fault>(self.work())) {
                Ok(closing) => break closing,
                Err(fault) => {
                    error!(error = %fault, "the store's writer panicked; it goes on with the next group");
                }
            }
        };
        self.shared.disk.close();
        self.queue.close();
        if let Some(done) = closing {
            // This fails when the caller no longer waits.
            let _ = done.send(());
        }
    }

    /// Commits groups until the store is closed. Returns the caller who closed it, if one did.
    fn work(&mut self) -> Option<oneshot::Sender<()>> {
        let mut last_group = 0;
        loop {
            *self.busy_since.lock() = None;
            let first = self.queue.blocking_recv()?;
            if last_group >= BUSY_OPERATIONS {
                thread::park_timeout(GATHERING);
            }
            *self.busy_since.lock() = Some(Instant::now());
            let (jobs, closing) = self.gather(first);
            last_group = jobs.len();
            if !jobs.is_empty() {
                self.commit(jobs);
            }
            if closing.is_some() {
                return closing;
            }
        }
    }

    fn gather(&mut self, first: Message) -> (Vec<Box<dyn Job>>, Option<oneshot::Sender<()>>) {
        let mut jobs = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Run(job) => jobs.push(job),
                Message::Close(done) => return (jobs, Some(done)),
            }
            next = if jobs.len() < GROUP_OPERATIONS { self.queue.try_recv().ok() } else { None };
        }
        (jobs, None)
    }

    /// Carries out a group and answers its callers.
    fn commit(&self, mut jobs: Vec<Box<dyn Job>>) {
        match self.attempt(&mut jobs) {
            Err(Fault::Damaged(_)) if jobs.len() > 1 => {
                for mut job in jobs {
                    let outcome = self.attempt(std::slice::from_mut(&mut job));
                    job.answer(outcome);
                }
            }
            outcome => {
                for job in jobs {
                    job.answer(outcome.clone());
                }
            }
        }
    }

    /// Carries out some operations in one transaction.
    fn attempt(&self, jobs: &mut [Box<dyn Job>]) -> Result<(), Fault> {
        let shared = Arc::clone(&self.shared);
        let outcome = match contain(|| shared.disk.write()) {
            Ok(txn) => contain(|| carry_out(&shared, txn, jobs)),
            // An earlier failure, perhaps of a reader, has left the database unusable.
            Err(fault) => self.reopen(fault).and_then(|()| {
                let txn = contain(|| shared.disk.write())?;
                contain(|| carry_out(&shared, txn, jobs))
            }),
        };
        match &outcome {
            Ok(()) => {
                shared.disk.look_for_room();
                shared.disk.note_write(Ok(()));
            }
            // A damaged page stops the operations that need it. It is no reason to give up the others.
            Err(fault @ Fault::Damaged(_)) => {
                error!(error = %fault, "an operation met damage in the store's file");
            }
            Err(fault) => {
                shared.disk.note_write(Err(fault));
                // The fault itself is what the callers are told; that of reopening is for those who come next.
                let _ = self.reopen(fault.clone());
            }
        }
        outcome
    }

    /// Opens the database again after a failure. Whether the failed group was committed is known only now, so the
    /// catalog is read anew.
    fn reopen(&self, fault: Fault) -> Result<(), Fault> {
        // A damaged file does not heal, and each try reads all of it.
        if matches!(fault, Fault::Damaged(_)) {
            return Err(fault);
        }
        let reopened = self.shared.disk.reopen().and_then(|()| self.load());
        if let Err(fault) = &reopened {
            self.shared.disk.note_write(Err(fault));
        }
        reopened
    }

    fn load(&self) -> Result<(), Fault> {
        let shared = &self.shared;
        let load = || Catalog::load(&shared.disk.read()?, &shared.sealer);
        match contain(load) {
            Ok(catalog) => {
                *shared.catalog.write() = catalog;
                Ok(())
            }
            Err(Failure::Broken(fault)) => Err(fault),
            Err(Failure::Refused(error)) => Err(Fault::Damaged(error.to_string())),
        }
    }
}

fn carry_out(shared: &Shared, txn: WriteTransaction, jobs: &mut [Box<dyn Job>]) -> Result<(), Fault> {
    let mut group = Group::open(shared, &txn)?;
    for job in jobs {
        job.run(&mut group)?;
    }
    let effects = group.close();
    txn.commit()?;
    effects.publish();
    Ok(())
}
