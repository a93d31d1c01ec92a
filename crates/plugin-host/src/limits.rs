//! The limits of the host. Those that plugins' authors meet are the model's ([`hookwright_model::limits`]); here is what
//! the host needs for itself. The README of this crate lists them all.

pub(crate) use hookwright_model::limits::*;

const MIB: usize = 1024 * 1024;

/// Bytes kept of what a plugin writes to standard error: enough for the message of a panic.
pub(crate) const KEPT_STDERR_BYTES: usize = 2 * 1024;

/// What compiling one component may use in a child process.
pub(crate) mod compile {
    use std::time::Duration;

    use super::MIB;

    /// Address space.
    pub(crate) const MEMORY_BYTES: u64 = 4 * 1024 * MIB as u64;
    /// Processor time.
    pub(crate) const CPU_SECS: u64 = 60;
    /// Wall time, queueing for a processor included.
    pub(crate) const WALL_TIME: Duration = Duration::from_secs(120);
    /// Size of the compiled code.
    pub(crate) const ARTIFACT_BYTES: usize = 256 * MIB;
    /// Bytes kept of an error message.
    pub(crate) const MESSAGE_BYTES: usize = 8 * 1024;
}
