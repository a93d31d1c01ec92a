//! The nouns of Hookwright and its pure decisions.
//!
//! Everything here is plain data and plain functions: no I/O, no async, no clock, no randomness. Values are parsed
//! once, at the edge, into types whose invariants then hold everywhere.

pub mod attempt;
pub mod contract;
pub mod delivery;
pub mod error;
pub mod event;
pub mod header;
pub mod id;
pub mod limits;
pub mod page;
pub mod plugin;
pub mod redact;
pub mod retry;
pub mod secret;
pub mod settings;
mod shown;
pub mod target;
pub mod time;
pub mod webhook;

pub use attempt::{Attempt, AttemptError, AttemptErrorKind, ReceivedReply, SentRequest, Verdict};
pub use contract::{Action, Failure, History, LogLevel, LogLine, Receipt, Reply, StepRequest};
pub use delivery::{Delivery, DeliveryState, KeptReplies, Origin, Pin, UnderWay};
pub use error::ErrorKind;
pub use event::{Event, EventKind, Lead, Payload, PayloadError};
pub use header::{CustomHeaders, HeaderError};
pub use id::{DeliveryId, EventId, IdError, ProjectId, WebhookId};
pub use limits::{LimitError, PluginLimit, PluginLimits};
pub use page::{Page, PageRequest};
pub use plugin::{Description, Digest, HeaderHint, PluginName, PluginOwner, PluginVersion, VersionPin};
pub use retry::RetryPolicy;
pub use secret::{Secret, SigningSecret, SigningSecrets};
pub use settings::Settings;
pub use target::{PathError, TargetUrl, TargetUrlError};
pub use time::Timestamp;
pub use webhook::{DisableReason, Limits, Mapping, Project, Revision, Webhook, WebhookState};
