//! The threads that plugins run on: a fixed number, each with a stack of known size, in two lanes. Where more calls wait
//! than threads are free, projects take turns.

use std::collections::VecDeque;
use std::io;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use hookwright_model::ProjectId;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Which threads a call runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// One thread per worker, for calls that end soon.
    Fast,
    /// Half as many, which get a processor when nobody else wants it.
    Slow,
}

/// A bounded pool of threads. Whoever has work waits until there is room.
pub(crate) struct Pool {
    fast: Arc<Queue>,
    slow: Arc<Queue>,
}

/// The work ended without a result: it panicked, which is a defect of the host.
#[derive(Debug, thiserror::Error)]
#[error("a worker of the plugin host failed; its log says why")]
pub(crate) struct WorkerFailed;

impl Pool {
    /// The threads of both lanes together, with so many in the fast one.
    pub(crate) fn threads(workers: NonZero<usize>) -> NonZero<usize> {
        workers.saturating_add(slow_threads(workers))
    }

    /// Starts the threads. They end with the pool, each after its current job.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(workers: NonZero<usize>, stack_bytes: usize) -> io::Result<Self> {
        let pool = Self { fast: Arc::default(), slow: Arc::default() };
        for (lane, threads) in [(Lane::Fast, workers.get()), (Lane::Slow, slow_threads(workers))] {
            for number in 0..threads {
                let queue = Arc::clone(pool.queue(lane));
                thread::Builder::new()
                    .name(format!("plugin-{lane:?}-{number}").to_lowercase())
                    .stack_size(stack_bytes)
                    .spawn(move || {
                        if lane == Lane::Slow {
                            give_way();
                        }
                        work(&queue);
                    })?;
            }
        }
        Ok(pool)
    }

    fn queue(&self, lane: Lane) -> &Arc<Queue> {
        match lane {
            Lane::Fast => &self.fast,
            Lane::Slow => &self.slow,
        }
    }

    /// Runs `job` of a project on one of the threads, after waiting for its turn.
    ///
    /// # Errors
    /// When the job panicked.
    ///
    /// # Cancel safety
    /// A job that has begun runs to its end; its result is then dropped. One that has not is not begun.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        project: ProjectId,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkerFailed> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move || {
            if !answer.is_closed() {
                // The asker may be gone by then: then nobody needs the answer.
                let _ = answer.send(job());
            }
        });
        self.queue(lane).push(project, job);
        answered.await.map_err(|_| WorkerFailed)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.fast.close();
        self.slow.close();
    }
}

fn slow_threads(workers: NonZero<usize>) -> usize {
    workers.get().div_ceil(2)
}

/// Lets every other thread of the machine go first. Elsewhere than on Linux this would concern the whole process.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(19) {
        tracing::warn!(%error, "slow plugins run at the priority of all others");
    }
}

fn work(queue: &Queue) {
    while let Some(job) = queue.pop() {
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a call of a plugin panicked in the host; the worker goes on");
        }
    }
}

/// Jobs that wait.
#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    /// Projects with jobs, each once, in the order of their turns.
    turns: VecDeque<(ProjectId, VecDeque<Job>)>,
    closed: bool,
}

impl Queue {
    fn push(&self, project: ProjectId, job: Job) {
        let mut jobs = self.jobs.lock();
        match jobs.turns.iter_mut().find(|(known, _)| *known == project) {
            Some((_, own)) => own.push_back(job),
            None => jobs.turns.push_back((project, VecDeque::from([job]))),
        }
        self.changed.notify_one();
    }

    /// The next job, once there is one; none when the pool has ended.
    fn pop(&self) -> Option<Job> {
        let mut jobs = self.jobs.lock();
        loop {
            if jobs.closed {
                return None;
            }
            if let Some((project, mut own)) = jobs.turns.pop_front() {
                let job = own.pop_front();
                if !own.is_empty() {
                    jobs.turns.push_back((project, own));
                }
                return job;
            }
            self.changed.wait(&mut jobs);
        }
    }

    fn close(&self) {
        self.jobs.lock().closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(number: u8) -> ProjectId {
        ProjectId::from_bytes([number; 16])
    }

    #[tokio::test]
    async fn a_panic_ends_the_job_and_not_the_worker() {
        let pool = Pool::start(NonZero::<usize>::MIN, 256 * 1024).unwrap();
        for lane in [Lane::Fast, Lane::Slow] {
            assert!(pool.run::<()>(lane, project(1), || panic!("on purpose")).await.is_err());
            assert_eq!(pool.run(lane, project(1), || 7).await.unwrap(), 7);
        }
    }

    #[tokio::test]
    async fn more_jobs_than_workers_all_run() {
        let pool = Arc::new(Pool::start(NonZero::new(2).unwrap(), 256 * 1024).unwrap());
        let jobs: Vec<_> = (0..50)
            .map(|number| {
                let pool = Arc::clone(&pool);
                tokio::spawn(async move { pool.run(Lane::Fast, project(1), move || number).await.unwrap() })
            })
            .collect();
        for (number, job) in jobs.into_iter().enumerate() {
            assert_eq!(job.await.unwrap(), number);
        }
    }

    #[test]
    fn projects_take_turns_however_many_jobs_one_has() {
        let queue = Queue::default();
        let order = Arc::new(Mutex::new(Vec::new()));
        for owner in [1, 1, 1, 2, 3, 2] {
            let order = Arc::clone(&order);
            queue.push(project(owner), Box::new(move || order.lock().push(owner)));
        }
        for _ in 0..6 {
            queue.pop().unwrap()();
        }
        assert_eq!(*order.lock(), [1, 2, 3, 1, 2, 1]);
        queue.close();
        assert!(queue.pop().is_none());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_the_slow_lane_gives_way() {
        let pool = Pool::start(NonZero::<usize>::MIN, 256 * 1024).unwrap();
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let own = niceness();
        assert_eq!(pool.run(Lane::Fast, project(1), niceness).await.unwrap(), own);
        assert_eq!(pool.run(Lane::Slow, project(1), niceness).await.unwrap(), 19);
    }
}
