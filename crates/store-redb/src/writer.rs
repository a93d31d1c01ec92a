//! The one writer: a thread that takes operations from a queue and commits them in groups.
//!
//! While one group is being made durable, the next one gathers: however many wait share a single sync of the disk.

use std::sync::Arc;
use std::thread::{self, Builder, JoinHandle};
use std::time::Duration;

use hookwright_store::StoreError;
use tokio::sync::{mpsc, oneshot};

use crate::catalog::Catalog;
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

/// The queue to the writer thread. Dropping it lets the thread finish what waits, and waits for that.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Run(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

impl Writer {
    pub(crate) fn start(shared: Arc<Shared>) -> std::io::Result<Self> {
        let (sender, queue) = mpsc::channel(QUEUE_OPERATIONS);
        let thread = Builder::new().name("store-writer".to_owned()).spawn(move || run(&shared, queue))?;
        Ok(Self { queue: Some(sender), thread: Some(thread) })
    }

    /// Has an operation carried out, after those that wait already. It is carried out in full even if the caller stops
    /// waiting.
    pub(crate) async fn submit<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Group<'_, '_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, answer) = job(operation);
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(Message::Run(job)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// The same for an operation that can be refused when too many wait: those that end deliveries go first then.
    pub(crate) async fn submit_unless_overloaded<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Group<'_, '_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, answer) = job(operation);
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.try_send(Message::Run(job)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        answer.await.map_err(|_| StoreError::Closed)?
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

/// An operation with whoever waits for it.
trait Job: Send {
    /// Carries it out, within the group's transaction.
    fn run(&mut self, group: &mut Group<'_, '_>) -> Result<(), Fault>;
    /// Gives the answer, once it is known what became of the group.
    fn answer(self: Box<Self>, outcome: Result<(), Fault>);
}

struct Task<F, T> {
    operation: Option<F>,
    result: Result<T, StoreError>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

type Answer<T> = oneshot::Receiver<Result<T, StoreError>>;

fn job<T: Send + 'static>(
    operation: impl FnOnce(&mut Group<'_, '_>) -> Result<T, Failure> + Send + 'static,
) -> (Box<dyn Job>, Answer<T>) {
    let (answer, answered) = oneshot::channel();
    (Box::new(Task { operation: Some(operation), result: Err(StoreError::Closed), answer }), answered)
}

impl<T: Send, F: FnOnce(&mut Group<'_, '_>) -> Result<T, Failure> + Send> Job for Task<F, T> {
    fn run(&mut self, group: &mut Group<'_, '_>) -> Result<(), Fault> {
        let Some(operation) = self.operation.take() else { return Ok(()) };
        self.result = match operation(group) {
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
        // Nobody waits any more when this fails; the operation stands all the same.
        let _ = self.answer.send(result);
    }
}

fn run(shared: &Arc<Shared>, mut queue: mpsc::Receiver<Message>) {
    let mut closing = None;
    let mut last_group = 0;
    while closing.is_none()
        && let Some(first) = queue.blocking_recv()
    {
        if last_group >= BUSY_OPERATIONS {
            thread::park_timeout(GATHERING);
        }
        let mut jobs = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Run(job) => jobs.push(job),
                Message::Close(done) => {
                    closing = Some(done);
                    break;
                }
            }
            next = if jobs.len() < GROUP_OPERATIONS { queue.try_recv().ok() } else { None };
        }
        last_group = jobs.len();
        if !jobs.is_empty() {
            commit(shared, jobs);
        }
    }
    shared.disk.close();
    queue.close();
    if let Some(done) = closing {
        // Nobody waits any more when this fails.
        let _ = done.send(());
    }
}

/// Carries out a group and answers everybody in it.
fn commit(shared: &Arc<Shared>, mut jobs: Vec<Box<dyn Job>>) {
    let outcome = attempt(shared, &mut jobs);
    if outcome.is_err() {
        // The fault itself is what the callers are told; that of reopening is told to those who come next.
        let _ = reopen(shared);
    }
    for job in jobs {
        job.answer(outcome.clone());
    }
}

fn attempt(shared: &Arc<Shared>, jobs: &mut [Box<dyn Job>]) -> Result<(), Fault> {
    let txn = match shared.disk.write() {
        Ok(txn) => txn,
        // An earlier failure, perhaps of a reader, has left the database unusable.
        Err(_) => {
            reopen(shared)?;
            shared.disk.write()?
        }
    };
    let mut group = Group::open(shared, &txn)?;
    for job in jobs {
        job.run(&mut group)?;
    }
    let effects = group.close();
    txn.commit()?;
    effects.publish();
    shared.disk.look_for_room();
    Ok(())
}

/// Opens the database again after a failure. Whether the failed group was committed is known only now, so the catalog
/// is read anew.
fn reopen(shared: &Shared) -> Result<(), Fault> {
    shared.disk.reopen()?;
    let loaded =
        shared.disk.read().map_err(Failure::from).and_then(|txn| Catalog::load(&txn, &shared.sealer));
    match loaded {
        Ok(catalog) => {
            *shared.catalog.write() = catalog;
            Ok(())
        }
        Err(Failure::Broken(fault)) => Err(fault),
        Err(Failure::Refused(error)) => Err(Fault::Corrupt(error.to_string())),
    }
}
