//! The threads that plugins run on: a fixed number, each with a stack of known size, in two tiers. Where more calls wait than
//! threads are free, the project that has recently used the least time comes next; in the fast tier that is processor time.
//! So a project with long calls waits longer, and a short call does not wait for a long one of every other project.

use std::io;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use hookwright_fair_queue::FairQueue;
use hookwright_model::ProjectId;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::execution::thread_time;
use crate::limits::QUICK;

type Job = Box<dyn FnOnce() + Send>;

/// Which threads a call runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// One thread per worker, for calls that end soon.
    Fast,
    /// Half as many, for calls that run in worker processes.
    Slow,
}

/// A bounded pool of threads. Work waits until a thread is free.
pub(crate) struct Pool {
    fast: Arc<Queue>,
    slow: Arc<Queue>,
}

/// The work ended without a result: it panicked, which is a defect of the host.
#[derive(Debug, thiserror::Error)]
#[error("a worker of the plugin host failed; its log says why")]
pub(crate) struct WorkerFailed;

impl Pool {
    /// The threads of both tiers together, with so many in the fast one.
    pub(crate) fn threads(workers: NonZero<usize>) -> NonZero<usize> {
        workers.saturating_add(slow_threads(workers))
    }

    /// Starts the threads. They end with the pool, each after its current job. A slow one that has been idle for so long calls
    /// `when_idle`, again and again.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        workers: NonZero<usize>,
        stack_bytes: usize,
        idle_after: Duration,
        when_idle: impl Fn() + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let pool = Self { fast: Arc::default(), slow: Arc::default() };
        for (tier, threads) in [(Tier::Fast, workers.get()), (Tier::Slow, slow_threads(workers))] {
            for number in 0..threads {
                let (queue, when_idle) = (Arc::clone(pool.queue(tier)), when_idle.clone());
                thread::Builder::new()
                    .name(format!("plugin-{tier:?}-{number}").to_lowercase())
                    .stack_size(stack_bytes)
                    .spawn(move || match tier {
                        Tier::Fast => work(&queue, thread_time, Duration::MAX, || ()),
                        Tier::Slow => {
                            let started = Instant::now();
                            work(&queue, || started.elapsed(), idle_after, when_idle);
                        }
                    })?;
            }
        }
        Ok(pool)
    }

    fn queue(&self, tier: Tier) -> &Arc<Queue> {
        match tier {
            Tier::Fast => &self.fast,
            Tier::Slow => &self.slow,
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
        tier: Tier,
        project: ProjectId,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkerFailed> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move || {
            if !answer.is_closed() {
                // The caller may be gone by then, and nobody needs the answer.
                let _ = answer.send(job());
            }
        });
        self.queue(tier).push(project, job);
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

/// Does jobs, each of which counts with what `clock` goes on by.
fn work(queue: &Queue, clock: impl Fn() -> Duration, idle_after: Duration, when_idle: impl Fn()) {
    loop {
        match queue.pop(idle_after) {
            Next::Job(project, job) => {
                let begun = clock();
                if catch_unwind(AssertUnwindSafe(job)).is_err() {
                    tracing::error!("a call of a plugin panicked in the host; the worker goes on");
                }
                queue.ended(project, clock().saturating_sub(begun));
            }
            Next::Idle => when_idle(),
            Next::Closed => return,
        }
    }
}

/// What a thread is to do.
enum Next {
    Job(ProjectId, Job),
    Idle,
    Closed,
}

/// Jobs that wait for a thread.
#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    /// The cost of a project is the time that it has spent here. The floor is what the project had spent that was served
    /// last, so that no project saves time up.
    waiting: FairQueue<ProjectId, Duration, Job>,
    closed: bool,
}

impl Jobs {
    /// A job of the project that has spent least.
    fn next(&mut self) -> Option<(ProjectId, Job)> {
        let (_, spent) = self.waiting.peek()?;
        let (project, job) = self.waiting.pop()?;
        // An estimate, until the job has ended.
        self.waiting.set_cost(project, spent + QUICK);
        self.waiting.raise_floor(spent);
        Some((project, job))
    }

    fn ended(&mut self, project: ProjectId, took: Duration) {
        let spent = self.waiting.cost(project) + took;
        self.waiting.set_cost(project, spent.saturating_sub(QUICK));
    }
}

impl Queue {
    fn push(&self, project: ProjectId, job: Job) {
        self.jobs.lock().waiting.push(project, job);
        self.changed.notify_one();
    }

    /// What comes next, once it is known.
    fn pop(&self, idle_after: Duration) -> Next {
        let mut jobs = self.jobs.lock();
        loop {
            if jobs.closed {
                return Next::Closed;
            }
            if let Some((project, job)) = jobs.next() {
                return Next::Job(project, job);
            }
            if self.changed.wait_for(&mut jobs, idle_after).timed_out() {
                return Next::Idle;
            }
        }
    }

    /// A job of the project took so long.
    fn ended(&self, project: ProjectId, took: Duration) {
        self.jobs.lock().ended(project, took);
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

    fn pool(workers: NonZero<usize>) -> Pool {
        Pool::start(workers, 256 * 1024, Duration::MAX, || ()).unwrap()
    }

    fn next(queue: &Queue) -> Option<(ProjectId, Job)> {
        match queue.pop(Duration::MAX) {
            Next::Job(project, job) => Some((project, job)),
            Next::Idle | Next::Closed => None,
        }
    }

    #[tokio::test]
    async fn a_panic_ends_the_job_and_not_the_worker() {
        let pool = pool(NonZero::<usize>::MIN);
        for tier in [Tier::Fast, Tier::Slow] {
            assert!(pool.run::<()>(tier, project(1), || panic!("on purpose")).await.is_err());
            assert_eq!(pool.run(tier, project(1), || 7).await.unwrap(), 7);
        }
    }

    #[tokio::test]
    async fn more_jobs_than_workers_all_run() {
        let pool = Arc::new(pool(NonZero::new(2).unwrap()));
        let jobs: Vec<_> = (0..50)
            .map(|number| {
                let pool = Arc::clone(&pool);
                tokio::spawn(async move { pool.run(Tier::Fast, project(1), move || number).await.unwrap() })
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
            next(&queue).unwrap().1();
        }
        assert_eq!(*order.lock(), [1, 2, 3, 1, 2, 1]);
        queue.close();
        assert!(next(&queue).is_none());
    }

    /// Ends the next job after that time; whose it was.
    fn serve(queue: &Queue, took: impl Fn(ProjectId) -> Duration) -> ProjectId {
        let (project, job) = next(queue).unwrap();
        job();
        queue.ended(project, took(project));
        project
    }

    #[test]
    fn short_calls_of_one_project_wait_for_one_long_call_and_not_for_all() {
        let queue = Queue::default();
        for _ in 0..100 {
            for long in [1, 2, 3] {
                queue.push(project(long), Box::new(|| ()));
            }
        }
        let took = |owner| if owner == project(9) { QUICK / 20 } else { QUICK * 50 };
        for _ in 0..3 {
            serve(&queue, took);
        }
        let mut served = Vec::new();
        for _ in 0..50 {
            queue.push(project(9), Box::new(|| ()));
            queue.push(project(9), Box::new(|| ()));
            served.extend([serve(&queue, took), serve(&queue, took)]);
        }
        let long = served.iter().filter(|owner| **owner != project(9)).count();
        assert!(long <= 3, "{long} long calls between 100 short ones");
        // A project that was away has saved nothing up.
        for _ in 0..9 {
            serve(&queue, took);
        }
        queue.push(project(8), Box::new(|| ()));
        queue.push(project(8), Box::new(|| ()));
        let next = [0; 4].map(|_| serve(&queue, |_| QUICK * 50));
        assert_eq!(next.iter().filter(|owner| **owner == project(8)).count(), 1, "{next:?}");
    }

    #[tokio::test]
    async fn slow_threads_that_have_nothing_to_do_say_so_and_go_on() {
        let (idle, mut told) = tokio::sync::mpsc::unbounded_channel();
        let when_idle = move || drop(idle.send(thread::current().name().unwrap().to_owned()));
        let workers = NonZero::<usize>::MIN;
        let pool = Pool::start(workers, 256 * 1024, Duration::from_millis(1), when_idle).unwrap();
        for _ in 0..3 {
            assert_eq!(told.recv().await.as_deref(), Some("plugin-slow-0"));
            assert_eq!(pool.run(Tier::Slow, project(1), || 7).await.unwrap(), 7);
        }
    }
}
