//! The runtime: an engine that is set up to run plugins, in the server and in worker processes.

use std::num::NonZero;
use std::ops::Range;
use std::time::Duration;

use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use super::contract::{self, Contract, Plugin};
use super::engine;
use super::epoch::EpochTimer;
use super::instance::{Stage, State};
use crate::limits::PluginLimits;

/// The host's share of a thread's stack, beside the plugin's.
const HOST_STACK_BYTES: usize = 1024 * 1024;

/// What all calls of plugins share.
pub(crate) struct Runtime {
    pub(crate) engine: Engine,
    linker: Linker<State>,
    epoch: EpochTimer,
    limits: PluginLimits,
}

impl Runtime {
    /// A runtime for at most so many calls at the same time.
    ///
    /// # Errors
    /// When the system gives no address space or no thread, or wasmtime does not support it.
    pub(crate) fn new(calls: NonZero<usize>, limits: PluginLimits) -> wasmtime::Result<Self> {
        let engine = engine::running(calls, &limits)?;
        Ok(Self { linker: contract::linker(&engine)?, epoch: EpochTimer::start(&engine)?, engine, limits })
    }

    /// The limits on plugins.
    pub(crate) fn limits(&self) -> &PluginLimits {
        &self.limits
    }

    /// The stack of a thread that makes calls.
    pub(crate) fn stack_bytes(&self) -> usize {
        self.limits.stack_bytes + HOST_STACK_BYTES
    }

    /// A stage for a call that may take so much processor time.
    pub(crate) fn stage(&self, time: Duration) -> Stage<'_> {
        Stage { engine: &self.engine, epoch: &self.epoch, limits: &self.limits, time }
    }

    /// The code that a component was linked from.
    pub(crate) fn code(component: &Component) -> &[u8] {
        let Range { start, end } = component.image_range();
        // SAFETY: the range is that of one allocation, which the component owns, can be read and does not change: wasmtime
        // makes it from a slice (`Component::image_range`). `Component::serialize` gives the same bytes, but copies them.
        #[expect(unsafe_code, reason = "a copy of the largest code would hold up all threads of the process")]
        unsafe {
            std::slice::from_raw_parts(start, end.offset_from_unsigned(start))
        }
    }

    /// Makes compiled code callable. Its component was built for that version of the contract.
    ///
    /// # Errors
    /// Why the component is no mapping, in words for its author.
    pub(crate) fn link(&self, contract: Contract, code: &[u8]) -> Result<Plugin, String> {
        // SAFETY: the code is wasmtime's own output for this engine. It comes straight from the compiler, which named the same
        // compatibility as ours, or from the cache, which verified a MAC that only this installation can make, or from the
        // build of this program, or from the process that started this one and had it from there.
        #[expect(unsafe_code, reason = "wasmtime cannot tell its own output from foreign machine code")]
        let component = unsafe { Component::deserialize(&self.engine, code) };
        let component = component
            .map_err(|error| format!("the component needs more than a plugin may have: {error:#}"))?;
        let plugin = self
            .linker
            .instantiate_pre(&component)
            .map_err(|error| format!("the component imports what a mapping does not get: {error:#}"))?;
        Plugin::new(contract, plugin).map_err(|error| {
            format!(
                "the component is not a mapping: its exports are not those of version {} of the contract: {error:#}",
                contract.version()
            )
        })
    }
}
