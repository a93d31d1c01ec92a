//! Every limit of a plugin, in one place. The README of this crate lists them for plugins' authors.

use std::time::Duration;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What a plugin may use. The same values hold for `describe` and for `transform`, each call for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginLimits {
    /// Size of a component's file.
    pub component_bytes: usize,
    /// Instructions (wasmtime's fuel, about one unit each). Counted exactly, so that a call that is cut here is cut
    /// on every machine.
    pub fuel: u64,
    /// Time from the start of the instance to the answer: the net behind `fuel`, for what an instruction cannot
    /// measure.
    pub wall_time: Duration,
    /// Linear memory, all memories of an instance together.
    pub memory_bytes: usize,
    /// Elements of one table.
    pub table_elements: usize,
    /// Core instances that one component may consist of.
    pub core_instances: u32,
    /// Linear memories that one component may consist of.
    pub memories: u32,
    /// Tables that one component may consist of.
    pub tables: u32,
    /// The stack of WebAssembly code.
    pub stack_bytes: usize,
    /// Live handles of resources, such as streams.
    pub handles: usize,
    /// Bytes that one call between plugin and host may carry towards the host.
    pub transfer_bytes: usize,
    /// Log lines of one call; further ones are dropped, which a last line says.
    pub log_lines: usize,
    /// Bytes of all log lines of one call; counted and dropped likewise.
    pub log_bytes: usize,
    /// Bytes that one call may ask of the random number interfaces.
    pub random_bytes: usize,
    /// Body of a request.
    pub body_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Names and values of all headers of a request.
    pub header_bytes: usize,
    /// Statuses that a request may `accept`.
    pub accepted_statuses: usize,
}

impl Default for PluginLimits {
    fn default() -> Self {
        Self {
            component_bytes: 8 * MIB,
            fuel: 200_000_000,
            wall_time: Duration::from_secs(1),
            memory_bytes: 64 * MIB,
            table_elements: 32_768,
            core_instances: 64,
            memories: 4,
            tables: 32,
            stack_bytes: MIB,
            handles: 1_024,
            transfer_bytes: 4 * MIB,
            log_lines: 100,
            log_bytes: 16 * KIB,
            random_bytes: 64 * KIB,
            body_bytes: MIB,
            headers: 32,
            header_bytes: 16 * KIB,
            accepted_statuses: 64,
        }
    }
}

/// Characters of a step's name.
pub(crate) const MAX_STEP_CHARS: usize = 64;
/// Characters of a reason: of a skip or of a failure. Longer ones are cut.
pub(crate) const MAX_REASON_CHARS: usize = 1_000;
/// Characters of a receipt's reference.
pub(crate) const MAX_REFERENCE_CHARS: usize = 256;
/// Bytes of a receipt's link: what browsers and proxies commonly take.
pub(crate) const MAX_RECEIPT_URL_BYTES: usize = 2_048;
/// Characters of a description's title.
pub(crate) const MAX_TITLE_CHARS: usize = 80;
/// Characters of a description's summary.
pub(crate) const MAX_SUMMARY_CHARS: usize = 500;
/// Header hints of a description.
pub(crate) const MAX_HEADER_HINTS: usize = 16;
/// Characters of a header hint's placeholder.
pub(crate) const MAX_PLACEHOLDER_CHARS: usize = 200;
/// Bytes of the schema of a plugin's settings.
pub(crate) const MAX_SCHEMA_BYTES: usize = 64 * KIB;
/// Memory that one pattern in the schema may compile to.
pub(crate) const MAX_SCHEMA_PATTERN_BYTES: usize = MIB;
/// Bytes kept of what a plugin writes to standard error: enough for the message of a panic.
pub(crate) const KEPT_STDERR_BYTES: usize = 2 * KIB;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_within_the_limits_fits_through_the_boundary() {
        let limits = PluginLimits::default();
        assert!(limits.body_bytes + limits.header_bytes + MAX_SCHEMA_BYTES < limits.transfer_bytes);
        assert!(limits.transfer_bytes < limits.memory_bytes);
    }
}
