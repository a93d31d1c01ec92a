//! Runs a mapping under `cargo test`, as the host would: same statuses, same retries, same doubts after a lost answer.
//! The author's guide, `plugins/README.md`, shows a whole test.

use std::cell::RefCell;

mod answer;
mod faulty;
mod host;
pub mod laws;
mod rehearsal;
pub mod samples;
mod transcript;

pub use answer::{Answer, Target};
pub use faulty::{Fault, Faulty};
pub use rehearsal::{MAX_CALLS, Outcome, Rehearsal};

use crate::log::Level;
use crate::{Mapping, guest};

thread_local! {
    /// The log lines of the mapping that runs on this thread.
    static LOG: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn record(level: Level, message: &str) {
    LOG.with_borrow_mut(|log| log.push((level, message.to_owned())));
}

pub(crate) fn take_log() -> Vec<(Level, String)> {
    LOG.take()
}

/// The JSON Schema of a mapping's settings as the host will see it, indented.
pub fn settings_schema<M: Mapping>() -> String {
    format!("{:#}", guest::settings_schema::<M>())
}
