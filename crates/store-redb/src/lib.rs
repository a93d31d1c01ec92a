//! The embedded store: one [redb](https://docs.rs/redb) file, one writer thread, group commit.
//!
//! ```text
//!   operations that change ──▶ writer ──▶ group ──▶ projects, webhooks, plugins, events, attempts, deliveries
//!   operations that read ──────────────────────────▶ catalog (in memory) │ due, deliveries, … (on a snapshot)
//!                                          │
//!                          schema + codec + seal ──▶ disk
//! ```
//!
//! What is few and always needed (projects, webhooks, mappings, plugin versions) is in memory, in the `catalog`; what is
//! many (events, deliveries, attempts) is read from the file. Claims are in memory only.

mod attempts;
mod catalog;
mod claims;
mod codec;
mod deliveries;
mod disk;
mod due;
mod error;
mod events;
mod group;
mod plugins;
mod projects;
mod schema;
mod seal;
mod store;
#[cfg(test)]
mod tests;
mod webhooks;
mod writer;

pub use error::{OpenError, OpenErrorKind};
pub use seal::{Entropy, MasterKey};
pub use store::{OpenOptions, RedbStore};
