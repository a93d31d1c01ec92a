//! What happens to a lead: ingest, dispatch, delivery.
//!
//! [`Engine`] is the handle that the API and the console hold. Behind it the dispatcher claims what is due, fairly among
//! webhooks, and hands it to workers, who run the effects of the pure state machine in [`delivery`].

mod attempt;
pub mod delivery;
mod dispatch;
mod engine;
mod ingest;
mod plugins;
pub mod ports;
pub mod preview;
pub mod report;
pub mod sample;
mod schedule;
pub mod settings;
mod trial;
mod verdict;
mod webhooks;

pub use dispatch::Drained;
pub use engine::{Engine, EngineOptions, Ports};
pub use ingest::{Incoming, IngestError};
pub use plugins::{Checked, Lead, PluginError, Previewed, Question, Uploaded};
pub use webhooks::{Invalid, NewWebhook, WebhookError};
