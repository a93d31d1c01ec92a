//! What proves that a backend keeps the promises of [`Store`]: tests, and a model to compare with.
//!
//! A backend's tests implement [`Backend`] and call [`conformance_tests!`](crate::conformance_tests) and
//! [`random::compare`].
#![expect(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

use std::sync::Arc;

use crate::Store;

pub mod conformance;
pub mod fixtures;
mod memory;
pub mod random;
pub mod reopen;
mod steps;

pub use memory::{MemoryStore, Write};

/// Somewhere that data outlives a store.
pub trait Backend {
    /// Opens the store with all that was acknowledged before. The store opened before has been closed.
    fn open(&self) -> Arc<dyn Store>;
}
