//! Components that mean harm: one per behaviour, each with the verdict that a plugin host has to give.
//!
//! [`catalogue`] lists them. [`judge`] uploads one to a host and calls it, as the server would, and says what came of it;
//! tests compare that with the case, and a bench takes the time. [`Guest`] builds further ones by hand, and
//! [`mutate`] makes endless ones by chance.
#![expect(clippy::unwrap_used, reason = "a guest that cannot be built is a defect of this package")]

mod answer;
mod binary;
mod case;
mod cases;
mod guest;
mod judge;
mod memory;
pub mod mutate;

pub use answer::{About, Answer};
pub use case::{Case, Verdict};
pub use cases::catalogue;
pub use guest::Guest;
pub use judge::{Judged, judge, request};
pub use memory::{RESULT, TEXT};
