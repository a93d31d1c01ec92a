//! The log lines of one call.

use hookwright_model::{LogLevel, LogLine};

use crate::limits::PluginLimits;
use crate::text::without_controls;

/// Lines that a plugin wrote, as many as the limits allow.
#[derive(Default)]
pub(crate) struct LogBuffer {
    pub(crate) lines: Vec<LogLine>,
    bytes: usize,
    full: bool,
}

impl LogBuffer {
    /// Keeps a line if there is room for it. The first line without room is replaced by a note, later ones are dropped.
    pub(crate) fn push(&mut self, limits: &PluginLimits, level: LogLevel, message: &str) {
        if self.full {
            return;
        }
        let fits = self.lines.len() < limits.log_lines && self.bytes + message.len() <= limits.log_bytes;
        if fits {
            self.bytes += message.len();
            self.lines.push(LogLine { level, message: without_controls(message).collect() });
            return;
        }
        self.full = true;
        let message = format!(
            "further lines were dropped: a call may write at most {} lines, {} bytes in all",
            limits.log_lines, limits.log_bytes
        );
        self.lines.push(LogLine { level: LogLevel::Warn, message });
    }
}
