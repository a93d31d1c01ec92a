//! The limits of the host. Those that plugins' authors meet are the model's ([`hookwright_model::limits`]); here is what
//! the host needs for itself. The README of this crate lists them all.

use std::time::Duration;

pub(crate) use hookwright_model::limits::*;

const MIB: usize = 1024 * 1024;

/// Bytes kept of what a plugin writes to standard error: enough for the message of a panic.
pub(crate) const KEPT_STDERR_BYTES: usize = 2 * 1024;

/// Processor time that a call may take in the fast lane: several times what a decent mapping takes, and little enough that
/// others hardly notice.
pub(crate) const QUICK: Duration = Duration::from_millis(20);
/// How long the calls of a component run in the slow lane after one that took longer than [`QUICK`].
pub(crate) const SLOW_FOR: Duration = Duration::from_secs(60);
/// How many times its processor time a call may take on the clock: on a busy machine it waits for a processor.
pub(crate) const CLOCK_TIMES: u32 = 10;

/// Types of components and instances within one another: reading one takes a stack frame for each level. An upper bound of
/// the levels is counted, to which other bytes add a little.
pub(crate) const MAX_TYPE_DEPTH: usize = 1_000;

/// What compiling one component may use in a child process.
pub(crate) mod compile {
    use super::{Duration, MIB};

    /// Uploads that are compiled at the same time: a second one, so that one hard case does not stop all others.
    pub(crate) const UPLOADS_AT_ONCE: usize = 2;
    /// Uploads that wait for their turn; further ones are told to come back.
    pub(crate) const WAITING: usize = 16;
    /// Uploads of one owner that wait.
    pub(crate) const WAITING_OF_ONE: usize = 4;
    /// Components that deliveries wait for and that are loaded at the same time, beside the uploads.
    pub(crate) const LOADS_AT_ONCE: usize = 2;
    /// Address space.
    pub(crate) const MEMORY_BYTES: u64 = 4 * 1024 * MIB as u64;
    /// Processor time.
    pub(crate) const CPU_SECS: u64 = 60;
    /// Wall time, queueing for a processor included.
    pub(crate) const WALL_TIME: Duration = Duration::from_secs(120);
    /// Size of the compiled code.
    pub(crate) const ARTIFACT_BYTES: usize = 256 * MIB;
    /// Open files: the pipes, and what the standard library looks up about the machine.
    pub(crate) const OPEN_FILES: u64 = 32;
    /// How much the process gives way to others: about a tenth of a processor where others want it all.
    pub(crate) const NICENESS: i32 = 10;
    /// Bytes kept of an error message.
    pub(crate) const MESSAGE_BYTES: usize = 8 * 1024;
}
