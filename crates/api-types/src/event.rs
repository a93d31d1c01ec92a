//! Events, accepted.

use serde::{Deserialize, Serialize};

/// An accepted event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedBody {
    /// The event's id; that of the first one if this was a repeat.
    pub id: String,
    /// Its deliveries, one for each webhook that wants it.
    pub deliveries: Vec<String>,
}

/// Accepted events, in the order of the lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedMany {
    /// Each event.
    pub data: Vec<AcceptedBody>,
}
