//! Whether the service lives.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// It does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`, or `ready`.
    #[schema(value_type = crate::schema::HealthStatus)]
    pub status: String,
}
