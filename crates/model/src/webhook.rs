//! Projects and their webhooks.

use std::time::Duration;

use crate::event::EventKind;
use crate::header::CustomHeaders;
use crate::id::{ProjectId, WebhookId};
use crate::plugin::{PluginName, VersionPin};
use crate::retry::RetryPolicy;
use crate::secret::SigningSecrets;
use crate::settings::Settings;
use crate::target::TargetUrl;
use crate::time::Timestamp;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The payload's `project_id`.
    pub id: ProjectId,
    /// A name for people.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Counts the changes of one webhook, from 1.
pub type Revision = u64;

/// Where the events of a project go, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its identifier.
    pub id: WebhookId,
    /// Whose it is.
    pub project: ProjectId,
    /// Goes up with every change: the API's etag.
    pub revision: Revision,
    /// A name for people; may be empty.
    pub name: String,
    /// Every request stays below this.
    pub url: TargetUrl,
    /// Which events it wants; never empty.
    pub events: Vec<EventKind>,
    /// Added to every request.
    pub headers: CustomHeaders,
    /// How the event is shaped; none forwards it unchanged.
    pub mapping: Option<Mapping>,
    /// The revision at which `mapping` was last changed: what a delivery pins.
    pub mapping_revision: Revision,
    /// When failed attempts are repeated.
    pub retry: RetryPolicy,
    /// How much at once, and how long.
    pub limits: Limits,
    /// What its requests are signed with.
    pub secrets: SigningSecrets,
    /// Whether it is delivered to.
    pub state: WebhookState,
    /// Since when it is in this state.
    pub state_since: Timestamp,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A plugin with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// A bundled plugin or one of the project's own.
    pub plugin: PluginName,
    /// Which version of it.
    pub version: VersionPin,
    /// What its settings form was filled with.
    pub settings: Settings,
}

/// Bounds on what one webhook may take of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most deliveries under way at once.
    pub concurrency: u16,
    /// How long one request may take, from connecting to the last byte of the reply.
    pub timeout: Duration,
}

impl Limits {
    /// The most that [`Limits::concurrency`] may be.
    pub const MAX_CONCURRENCY: u16 = 256;
    /// The most that [`Limits::timeout`] may be.
    pub const MAX_TIMEOUT: Duration = Duration::from_secs(60);
}

impl Default for Limits {
    /// Sixteen at once, 15 seconds each.
    fn default() -> Self {
        Self { concurrency: 16, timeout: Duration::from_secs(15) }
    }
}

/// Whether a webhook is delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookState {
    /// Its deliveries are sent.
    Active,
    /// Switched off by a person: deliveries for it wait until it is enabled.
    Paused,
    /// Switched off by the host: deliveries for it wait until it is enabled.
    Disabled(DisableReason),
}

/// Why the host switched a webhook off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisableReason {
    /// The target answered 410: it does not want any more (RFC 9110, section 15.5.11).
    Gone,
}

impl DisableReason {
    /// The name in the API and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
        }
    }
}

impl Webhook {
    /// Whether events of this kind make a delivery for it. While it is paused or disabled, the delivery waits.
    pub fn wants(&self, kind: EventKind) -> bool {
        self.events.contains(&kind)
    }
}
