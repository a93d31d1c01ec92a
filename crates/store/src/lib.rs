//! What a store of Hookwright promises, and the suite that holds every backend to it.
//!
//! [`Store`] is a trait of domain operations, not a key-value layer: each operation is atomic, and what it changed is
//! durable when it returns. With the feature `testkit` comes the conformance suite that every backend passes, and the
//! in-memory model that it is compared with.

mod error;
mod health;
mod operations;
mod store;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use error::{Noun, StoreError};
pub use health::StoreHealth;
pub use operations::{
    Accepted, AttemptRecord, Claim, ClaimAfter, DeliveryFilter, Due, EventEntry, EventFilter, FanOut,
    IdempotencyKey, IdempotencyKeyError, NewEvent, NewPluginVersion, OpenFanOut, Repeat,
};
pub use store::Store;
