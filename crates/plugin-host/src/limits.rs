//! The limits of the host. Those that plugins' authors meet are the model's ([`hookwright_model::limits`]); here is what
//! the host needs for itself. The README of this crate lists them all.

use std::time::Duration;

pub(crate) use hookwright_model::limits::*;

const MIB: usize = 1024 * 1024;

/// Characters of what another process says of a failed call: more than anything that is said here.
pub(crate) const MAX_ERROR_CHARS: usize = 8 * 1024;

/// Bytes kept of what a plugin writes to standard error: enough for the message of a panic.
pub(crate) const KEPT_STDERR_BYTES: usize = 2 * 1024;

/// Processor time that a call may take in the fast tier: several times what a decent mapping takes, and little enough that
/// others hardly notice.
pub(crate) const QUICK: Duration = Duration::from_millis(10);
/// A component whose calls take longer in the mean has them in the slow lane: ten times what a decent mapping takes, and little
/// enough that a lead costs its plugin hardly more than it costs the rest of the server.
pub(crate) const SLOW: Duration = Duration::from_millis(2);
/// How long the latency of a component is remembered when it is not called again.
pub(crate) const KNOWN_FOR: Duration = Duration::from_secs(60);
/// A call may take this many times its processor time on the clock: on a busy machine it waits for a processor.
pub(crate) const CLOCK_TIMES: u32 = 10;

/// Types of components and instances within one another: reading one takes a stack frame for each level. An upper bound of
/// the levels is counted, to which other bytes add a little.
pub(crate) const MAX_TYPE_DEPTH: usize = 1_000;

/// How many child processes there are, and what each may use.
pub(crate) mod child {
    use std::fmt;
    use std::num::NonZero;

    use super::{Duration, MIB};

    /// The length of a job queue.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Queueing {
        /// Jobs at the same time, one of each owner: a second one, so that one hard case does not stop all others.
        pub(crate) at_once: usize,
        /// Jobs that wait; further ones are refused.
        pub(crate) waiting: usize,
        /// Jobs of one owner that wait.
        pub(crate) waiting_of_one: usize,
    }

    /// Uploads that are compiled.
    pub(crate) const UPLOADS: Queueing = Queueing { at_once: 2, waiting: 16, waiting_of_one: 4 };
    /// Settings that are checked.
    pub(crate) const CHECKS: Queueing = Queueing { at_once: 2, waiting: 64, waiting_of_one: 16 };
    /// Compilations for deliveries and of bundled plugins, at the same time, beside uploads and checks.
    pub(crate) const LOADS_AT_ONCE: usize = 2;

    /// What a child process may use.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct JobLimits {
        /// Address space.
        pub(crate) address_bytes: u64,
        /// Processor time.
        pub(crate) cpu_secs: u64,
        /// Time on the clock, queueing for a processor included.
        pub(crate) wall_time: Duration,
        /// Size of its output.
        pub(crate) output_bytes: usize,
    }

    impl fmt::Display for JobLimits {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let Self { address_bytes, cpu_secs, wall_time, output_bytes: _ } = self;
            let (wall_secs, mib) = (wall_time.as_secs(), address_bytes >> 20);
            write!(f, "{cpu_secs} s of processor time, {wall_secs} s in all or {mib} MiB of memory")
        }
    }

    /// Compiling one component. An interpreter for Python takes 15 s of processor time; where others want every processor, a
    /// child gets a tenth of one.
    pub(crate) const COMPILE: JobLimits = JobLimits {
        address_bytes: 4 * 1024 * MIB as u64,
        cpu_secs: 60,
        wall_time: Duration::from_secs(600),
        output_bytes: 256 * MIB,
    };
    /// Checking the settings of one webhook, which takes some milliseconds if the schema is a decent one.
    pub(crate) const CHECK_SETTINGS: JobLimits = JobLimits {
        address_bytes: 512 * MIB as u64,
        cpu_secs: 2,
        wall_time: Duration::from_secs(10),
        output_bytes: 4 * MIB,
    };
    /// Code that a worker process keeps for its next calls; one component alone may have more.
    pub(crate) const WORKER_CODE_BYTES: usize = 128 * MIB;
    /// Components that it keeps.
    pub(crate) const WORKER_COMPONENTS: NonZero<usize> = NonZero::new(32).unwrap();
    /// The time that it may take to answer beyond a call's time on the clock: it starts, and receives code.
    pub(crate) const WORKER_GRACE: Duration = Duration::from_secs(10);
    /// What a message from it may have beyond what one call carries to the host, on which lists with empty entries take more
    /// bytes than in a message, and what it logs.
    pub(crate) const MESSAGE_OVERHEAD_BYTES: usize = 64 * 1024;
    /// Open files: the pipes, and what the standard library looks up about the machine.
    pub(crate) const OPEN_FILES: u64 = 32;
    /// Open files of a worker process: each module of a component has an image of its memory.
    pub(crate) const WORKER_OPEN_FILES: u64 = 4_096;
    /// How much a job gives way to others: about a tenth of a processor where others want it all.
    pub(crate) const NICENESS: i32 = 10;
    /// How much a worker process gives way: it gets a processor when nobody else wants one.
    pub(crate) const WORKER_NICENESS: i32 = 19;
    /// Bytes kept of an error message.
    pub(crate) const MESSAGE_BYTES: usize = 8 * 1024;
}
