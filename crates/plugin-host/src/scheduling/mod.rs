//! Who is served when: threads for calls, processes for slow calls, child processes for uploads. Projects share all of them
//! fairly.

pub(crate) mod job_queue;
pub(crate) mod latency;
pub(crate) mod pool;
pub(crate) mod worker_process;
