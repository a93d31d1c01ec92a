//! The REST API under `/v1`: bearer key, JSON, problem details (RFC 9457), cursor pages.
//!
//! One module per resource; `dto` is the only place that knows JSON names, and `problem` the only one that turns
//! error kinds into statuses.

mod auth;
mod body;
mod deliveries;
mod dto;
mod event_log;
mod events;
mod gate;
mod health;
mod intake;
mod lane;
mod limits;
mod plugins;
mod problem;
mod projects;
mod router;
mod webhooks;

pub use auth::AdminKey;
pub use dto::preview::PreviewDto;
pub use dto::report::ReportDto;
pub use gate::{Gate, gated};
pub use router::router;
