//! The time at which accounts stand unless told otherwise.

use hookwright_model::Timestamp;

/// A second after the event that the documentation shows (2026-05-31T10:00:00Z): what it becomes is newer than it is.
pub(crate) fn after_the_sample_event() -> Timestamp {
    Timestamp::from_millis(1_780_221_601_000)
}
