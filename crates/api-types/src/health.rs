//! Whether the service lives.

use serde::{Deserialize, Serialize};

/// It does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`, or `ready`.
    pub status: String,
}
