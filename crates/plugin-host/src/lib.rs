//! Runs mapping plugins: WebAssembly components that nobody has to trust.
//!
//! [`PluginHost`] is the engine's [`Mapper`](hookwright_engine::ports::Mapper). A component is counted and checked
//! (`census`, `inspect`), compiled in its turn (`turns`) where that can do no harm (`child`, `compile`), kept as code that is
//! authenticated (`cache`), and then called on a bounded number of threads (`pool`, `pace`), or in other processes when it
//! takes long (`runner`), each call in a fresh instance (`machine`) with limits of its own (`call`, `price`, `limits`) and in
//! a world without clock, chance, files and network (`wasi`). What it answers is checked as everything foreign is (`check`,
//! `describe`), and settings are checked with its schema (`schema`) where components are compiled.
//!
//! The README of this crate lists the limits, and what happens to a component that means harm.

mod cache;
mod call;
mod census;
mod check;
mod child;
mod compile;
mod contract;
mod describe;
mod engine;
mod host;
mod inspect;
mod limits;
mod loaded;
mod machine;
mod pace;
mod pool;
mod price;
mod runner;
mod schema;
mod ticker;
mod turns;
#[cfg(test)]
mod v0_9;
mod v1;
mod wasi;

pub use cache::CacheKey;
pub use child::{Isolation, child_main};
pub use hookwright_model::PluginLimits;
pub use host::{HostError, HostOptions, HostStats, PluginHost};
