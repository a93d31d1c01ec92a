//! The REST API under `/v1`: bearer key, JSON, problem details (RFC 9457), cursor pages.
//!
//! One module per resource. `api-types` has the JSON and the paths; `request` turns bodies into what the engine takes,
//! `answer` shows what the engine gives, and `problem` turns error kinds into statuses.

mod answer;
mod auth;
mod deliveries;
mod doubts;
mod event_log;
mod events;
mod failures;
mod gate;
mod health;
mod intake;
mod lane;
mod limits;
mod memory;
mod parse;
mod plugins;
mod precondition;
mod problem;
mod projects;
mod request;
mod router;
mod webhooks;

pub use answer::{preview, report};
pub use auth::AdminKey;
pub use gate::{Gate, gated};
pub use router::router;
