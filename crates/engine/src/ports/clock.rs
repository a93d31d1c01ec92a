//! Wall time.

use hookwright_model::Timestamp;

/// Tells the time. Waiting is `tokio::time`, which tests can pause.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}
