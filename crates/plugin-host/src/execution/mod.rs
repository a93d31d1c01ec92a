//! From compiled code to an answer: each call has an instance of its own, with limits of its own, in a world without clock,
//! chance, files and network.

mod adapter;
pub(crate) mod answer;
pub(crate) mod arguments;
pub(crate) mod call;
pub(crate) mod component_cache;
pub(crate) mod contract;
mod engine;
mod epoch;
mod fuel;
pub(crate) mod instance;
mod logs;
pub(crate) mod runtime;
mod v1;
pub(crate) mod wasi;
mod world;

#[cfg(test)]
mod v0_9;

pub(crate) use engine::compiling;
pub(crate) use epoch::thread_time;
