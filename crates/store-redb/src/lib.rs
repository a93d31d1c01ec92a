//! The embedded store: one [redb](https://docs.rs/redb) file, one writer thread, group commit.
//!
//! ```text
//!   operations that change ──▶ writer ──▶ group ──▶ projects, webhooks, plugins, events, attempts, deliveries
//!   operations that read ──────────────────────────▶ catalog (in memory) │ due, deliveries, … (on a snapshot)
//!                                          │
//!                          schema + codec + seal ──▶ disk
//! ```
//!
//! Projects, webhooks, mappings and plugin versions are few and always needed: the `catalog` has them in memory. Events,
//! deliveries and attempts are many and are read from the file. Claims are in memory only.
//!
//! A full or failing disk stops the intake and is tried again once a second (`disk`, `watch`). A damaged record or page
//! ends the operations that need it, with words, and nothing else (`contain`, `damage`); `verify` lists the damage.

mod attempts;
mod catalog;
mod claims;
mod codec;
mod contain;
mod damage;
mod deliveries;
mod disk;
mod due;
mod error;
mod events;
mod fan_out;
mod file;
mod group;
mod plugins;
mod projects;
mod schema;
mod seal;
mod store;
#[cfg(test)]
mod tests;
mod verify;
mod watch;
mod webhooks;
mod writer;

pub use error::{OpenError, OpenErrorKind};
pub use seal::{Entropy, MasterKey};
pub use store::{OpenOptions, RedbStore};
pub use verify::{Damage, Verified, verify};
