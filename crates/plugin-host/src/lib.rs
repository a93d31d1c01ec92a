//! Runs mapping plugins: WebAssembly components that nobody has to trust.
//!
//! [`PluginHost`] is the engine's [`Mapper`](hookwright_engine::ports::Mapper). A component goes through three folders:
//!
//! - `admission`: its structure is held to limits, it is inspected, and compiled in a sandboxed child process; the code is
//!   kept, authenticated. Its description and its settings schema are checked.
//! - `execution`: each call has a fresh instance with limits of its own, in a world without clock, chance, files and network.
//!   The answer is checked as everything foreign is.
//! - `scheduling`: projects share the threads fairly, slow calls run in worker processes, uploads wait in queues.
//!
//! The README of this crate lists the limits, and what happens to a component that means harm.

mod admission;
mod child_process;
mod execution;
mod host;
mod limits;
mod scheduling;
mod text;

pub use admission::child::Isolation;
pub use admission::code_cache::CacheKey;
pub use child_process::child_main;
pub use hookwright_model::PluginLimits;
pub use host::{HostError, HostOptions, HostStats, PluginHost};
