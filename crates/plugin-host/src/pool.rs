//! The threads that plugins run on: a fixed number, each with a stack of known size.

use std::io;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A bounded pool of threads. Whoever has work waits until there is room.
pub(crate) struct Pool {
    jobs: flume::Sender<Job>,
}

/// The work ended without a result: it panicked, which is a defect of the host.
#[derive(Debug, thiserror::Error)]
#[error("a worker of the plugin host failed; its log says why")]
pub(crate) struct WorkerFailed;

impl Pool {
    /// Starts the threads. They end with the pool, each after its current job.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(workers: NonZero<usize>, stack_bytes: usize) -> io::Result<Self> {
        let (jobs, queue) = flume::bounded::<Job>(workers.get());
        for number in 0..workers.get() {
            let queue = queue.clone();
            thread::Builder::new()
                .name(format!("plugin-{number}"))
                .stack_size(stack_bytes)
                .spawn(move || work(&queue))?;
        }
        Ok(Self { jobs })
    }

    /// Runs `job` on one of the threads, after waiting for its turn.
    ///
    /// # Errors
    /// When the job panicked.
    ///
    /// # Cancel safety
    /// A job that has been queued runs to its end; its result is then dropped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkerFailed> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move || {
            // The asker may be gone: then nobody needs the answer.
            let _ = answer.send(job());
        });
        self.jobs.send_async(job).await.map_err(|_| WorkerFailed)?;
        answered.await.map_err(|_| WorkerFailed)
    }
}

fn work(queue: &flume::Receiver<Job>) {
    for job in queue {
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a call of a plugin panicked in the host; the worker goes on");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_panic_ends_the_job_and_not_the_worker() {
        let pool = Pool::start(NonZero::<usize>::MIN, 256 * 1024).unwrap();
        assert!(pool.run::<()>(|| panic!("on purpose")).await.is_err());
        assert_eq!(pool.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn more_jobs_than_workers_all_run() {
        let pool = Arc::new(Pool::start(NonZero::new(2).unwrap(), 256 * 1024).unwrap());
        let jobs: Vec<_> = (0..50)
            .map(|number| {
                let pool = Arc::clone(&pool);
                tokio::spawn(async move { pool.run(move || number).await.unwrap() })
            })
            .collect();
        for (number, job) in jobs.into_iter().enumerate() {
            assert_eq!(job.await.unwrap(), number);
        }
    }
}
