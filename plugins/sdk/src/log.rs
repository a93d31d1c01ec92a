//! Diagnostic lines, kept with the attempt that they belong to. Say what a person needs to understand a surprising
//! result; leave out what the request already shows.

use crate::History;
pub use crate::bindings::hookwright::mapping::log::Level;

/// Writes a line for the mapping's author.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Writes a line worth knowing.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Writes a line about something odd that was handled.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Writes a line about something that went wrong.
pub fn error(message: &str) {
    write(Level::Error, message);
}

/// Warns at the start of a delivery's run only: a mapping is called again after each reply.
pub fn warn_once(so_far: &History, message: &str) {
    if so_far.replies.is_empty() {
        warn(message);
    }
}

#[cfg(target_family = "wasm")]
fn write(level: Level, message: &str) {
    crate::bindings::hookwright::mapping::log::write(level, message);
}

#[cfg(not(target_family = "wasm"))]
fn write(level: Level, message: &str) {
    crate::testing::record(level, message);
}
