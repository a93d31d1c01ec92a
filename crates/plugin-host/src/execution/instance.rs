//! The state of one instance: its limits, what it has used, and the world that it sees.

use std::time::Duration;

use hookwright_model::{LogLevel, LogLine};
use wasmtime::{Engine, ResourceLimiter};

use super::epoch::EpochTimer;
use super::logs::LogBuffer;
use super::world::World;
use crate::limits::PluginLimits;

/// Where a call runs.
#[derive(Clone, Copy)]
pub(crate) struct Stage<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) epoch: &'a EpochTimer,
    pub(crate) limits: &'a PluginLimits,
    /// Processor time that the call may take here; the limits may allow more.
    pub(crate) time: Duration,
}

/// What an instance can reach while it runs, and what it has used.
pub(crate) struct State {
    limits: PluginLimits,
    memory_bytes: usize,
    /// The first limit that was met. Whatever goes wrong afterwards goes wrong because of it.
    exceeded: Option<String>,
    logs: LogBuffer,
    pub(crate) world: World,
}

impl State {
    pub(crate) fn new(limits: PluginLimits, world: World) -> Self {
        Self { limits, memory_bytes: 0, exceeded: None, logs: LogBuffer::default(), world }
    }

    /// Keeps a line that the plugin wrote, as far as the limits allow.
    pub(crate) fn log(&mut self, level: LogLevel, message: &str) {
        self.logs.push(&self.limits, level, message);
    }

    /// Notes that a limit was met.
    pub(crate) fn exceed(&mut self, limit: String) {
        self.exceeded.get_or_insert(limit);
    }

    /// The first limit that was met.
    pub(crate) fn exceeded(&self) -> Option<&str> {
        self.exceeded.as_deref()
    }

    pub(crate) fn limits(&self) -> &PluginLimits {
        &self.limits
    }

    /// Linear memory, all memories together.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    pub(crate) fn into_logs(self) -> Vec<LogLine> {
        self.logs.lines
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if total > self.limits.memory_bytes {
            // The plugin is told so and may go on without; mostly it cannot.
            self.exceed(format!("more than {} MiB of memory", self.limits.memory_bytes >> 20));
            return Ok(false);
        }
        self.memory_bytes = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = desired <= self.limits.table_elements;
        if !fits {
            self.exceed(format!("more than {} elements in a table", self.limits.table_elements));
        }
        Ok(fits)
    }
}
