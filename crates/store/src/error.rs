//! What can go wrong in a store.

use std::fmt;

use hookwright_model::{ErrorKind, Revision, WebhookId};

/// What a store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// A project.
    Project,
    /// A webhook.
    Webhook,
    /// A mapping at some revision of a webhook.
    Mapping,
    /// A plugin, or one version of it.
    Plugin,
    /// A component, by its digest.
    Component,
    /// An event.
    Event,
    /// A delivery.
    Delivery,
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Project => "project",
            Self::Webhook => "webhook",
            Self::Mapping => "mapping",
            Self::Plugin => "plugin",
            Self::Component => "component",
            Self::Event => "event",
            Self::Delivery => "delivery",
        })
    }
}

/// Why a store did not do what it was asked. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not exist.
    #[error("there is no such {0}")]
    NotFound(Noun),
    /// The identifier is taken.
    #[error("this {0} exists already")]
    Exists(Noun),
    /// Another change of the webhook came first.
    #[error("the webhook was changed in the meantime and is at revision {actual} now. Read it again.")]
    RevisionMismatch {
        /// The stored revision.
        actual: Revision,
    },
    /// Webhooks use the plugin: these, ordered by id.
    #[error("webhooks use it: {}. Give them another mapping first.", listed(.0))]
    Attached(Vec<WebhookId>),
    /// The newest version of a plugin can only be deleted with the plugin.
    #[error(
        "this is the plugin's newest version, which can only be deleted with the plugin. Upload a fixed version first, \
         or delete the whole plugin."
    )]
    NewestVersion,
    /// The event is not undelivered.
    #[error("the event has deliveries already. Resend those instead.")]
    HasDeliveries,
    /// The delivery is claimed.
    #[error(transparent)]
    UnderWay(#[from] hookwright_model::UnderWay),
    /// The idempotency key came with another body before.
    #[error("this idempotency key was used with another body. Use a new key for a new event.")]
    IdempotencyMismatch,
    /// The disk is full.
    #[error("the disk of the data folder is full")]
    Full,
    /// More operations wait than the store can take soon.
    #[error("the store is overloaded")]
    Overloaded,
    /// The store has been closed, or gave up after an earlier failure.
    #[error("the store is closed")]
    Closed,
    /// A record cannot be read.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// Anything else of the backend.
    #[error("the store failed: {0}")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn listed(webhooks: &[WebhookId]) -> String {
    webhooks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl StoreError {
    /// What the error means to the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Exists(_)
            | Self::Attached(_)
            | Self::NewestVersion
            | Self::HasDeliveries
            | Self::UnderWay(_)
            | Self::IdempotencyMismatch => ErrorKind::Conflict,
            Self::RevisionMismatch { .. } => ErrorKind::PreconditionFailed,
            Self::Full | Self::Overloaded | Self::Closed => ErrorKind::Unavailable,
            Self::Corrupt(_) | Self::Backend(_) => ErrorKind::Internal,
        }
    }
}
