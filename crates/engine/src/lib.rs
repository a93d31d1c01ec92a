//! What happens to a lead: ingest, dispatch, delivery.
//!
//! The server starts and stops an [`Engine`]; the API calls it on behalf of a principal, through [`ScopedEngine`]. Behind
//! it the dispatcher claims what is due, fairly among
//! webhooks, and hands it to workers, who run the effects of the pure state machine in [`delivery`].

mod attempt;
pub mod delivery;
mod dispatch;
mod engine;
mod events;
mod fan_out;
mod field;
mod flow;
mod ingest;
mod lanes;
mod plugins;
pub mod ports;
pub mod preview;
mod principal;
pub mod report;
pub mod sample;
mod schedule;
mod scoped;
pub mod settings;
mod test_send;
mod verdict;
mod webhooks;

pub use dispatch::Drained;
pub use engine::{DispatcherState, Engine, EngineHealth, EngineOptions, Ports};
pub use events::{DeliverError, DeliveredEvent, LeadSummary};
pub use field::{Field, Invalid, Remedy};
pub use ingest::{Incoming, IngestError};
pub use plugins::{Checked, PluginError, PreviewEvent, PreviewRequest, Previewed, Uploaded};
pub use principal::{Forbidden, Principal};
pub use scoped::{LaneRest, ProjectError, ScopedEngine};
pub use test_send::TestError;
pub use webhooks::{NewWebhook, WebhookError};
