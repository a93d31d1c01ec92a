//! What goes into the operations of a store, and what comes out.

use std::time::Duration;

use bytes::Bytes;
use hookwright_model::{
    Attempt, Delivery, DeliveryId, DeliveryState, Description, Digest, DisableReason, Event, EventId,
    PluginName, PluginOwner, PluginVersion, ProjectId, Reply, Timestamp, Webhook, WebhookId, WebhookState,
};

/// Names one request of a producer within its project, so that a repeat is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey(Box<str>);

/// The text is not usable as an idempotency key.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("an idempotency key has 1 to {max} visible ASCII characters", max = IdempotencyKey::MAX_BYTES)]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// The most bytes of a key.
    pub const MAX_BYTES: usize = 255;
    /// How long a key is remembered.
    pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

    /// Parses a key.
    ///
    /// # Errors
    /// When it is empty, too long or has other characters than visible ASCII.
    pub fn parse(text: &str) -> Result<Self, IdempotencyKeyError> {
        let fits = (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(IdempotencyKeyError) }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the fan-out of an event stands: its deliveries are made in the order of their webhooks' ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FanOut {
    /// Every webhook that wants the event has its delivery.
    Complete,
    /// The webhooks after this one have no delivery yet.
    After(WebhookId),
}

impl FanOut {
    /// No webhook has its delivery yet.
    pub fn start() -> Self {
        Self::After(WebhookId::from_bytes([0; 16]))
    }
}

/// A fan-out that is not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFanOut {
    /// The event.
    pub event: EventId,
    /// Its project.
    pub project: ProjectId,
    /// The webhooks after this one have no delivery yet.
    pub after: WebhookId,
}

/// An event to accept, with the deliveries that it asks for.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The event.
    pub event: Event,
    /// New deliveries, one per webhook, for the webhooks up to where the fan-out stands.
    pub deliveries: Vec<Delivery>,
    /// Where the fan-out stands with these deliveries.
    pub fan_out: FanOut,
    /// How to recognise a repeat.
    pub idempotency: Option<IdempotencyKey>,
}

/// The result of a [`NewEvent`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The event: of a repeat, the one accepted first.
    pub event: EventId,
    /// The deliveries that it was accepted with, in the given order, without those whose webhook was deleted meanwhile.
    pub deliveries: Vec<(DeliveryId, WebhookId)>,
    /// Where its fan-out stands now.
    pub fan_out: FanOut,
    /// Whether it was known already.
    pub repeat: Repeat,
}

/// Whether what was to be stored was known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It is new.
    First,
    /// The same was stored before; nothing was stored now.
    Known,
}

/// A delivery that the caller has for itself, with all that an attempt needs of the store.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The delivery; its state is [`DeliveryState::Delivering`].
    pub delivery: Delivery,
    /// Its event.
    pub event: Event,
    /// The replies kept for its plugin, in the order of the calls.
    pub replies: Vec<Reply>,
}

/// What is due for one webhook.
#[derive(Debug, Clone, Default)]
pub struct Due {
    /// The deliveries claimed, the longest due first.
    pub claims: Vec<Claim>,
    /// When the next one that is not claimed is due, which may be in the past; none when there is none.
    pub next: Option<Timestamp>,
}

/// What to write down about a claimed delivery, in one durable step.
#[derive(Debug, Clone)]
pub struct AttemptRecord {
    /// The delivery as it stands now. The state is what is stored: [`DeliveryState::Pending`] for one that goes on,
    /// never [`DeliveryState::Delivering`].
    pub delivery: Delivery,
    /// The attempt that ended; none when only the delivery's row changes.
    pub attempt: Option<Attempt>,
    /// A reply to keep for the plugin, after those that are kept already; [`Delivery::replies`] counts it.
    pub reply: Option<Reply>,
    /// Switches the webhook off, if it is active.
    pub disable_webhook: Option<DisableReason>,
    /// What becomes of the claim.
    pub claim: ClaimAfter,
}

impl AttemptRecord {
    /// The webhook as this record switches it off, one revision on; none when it stays as it is.
    pub fn disabled(&self, webhook: &Webhook) -> Option<Webhook> {
        let reason = self.disable_webhook.filter(|_| webhook.state == WebhookState::Active)?;
        let ended_at = self.attempt.as_ref().map(|attempt| attempt.started_at.after(attempt.duration));
        let now = ended_at.unwrap_or(webhook.updated_at);
        Some(Webhook {
            revision: webhook.revision + 1,
            state: WebhookState::Disabled(reason),
            state_since: now,
            updated_at: now,
            ..webhook.clone()
        })
    }
}

/// What becomes of a claim once something was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimAfter {
    /// The caller goes on with the delivery.
    Keep,
    /// The caller is done with it.
    Release,
}

/// Which events to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EventFilter {
    /// All of them.
    #[default]
    All,
    /// Those that no webhook wanted, so that they have no delivery.
    Undelivered,
}

/// One event of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventEntry {
    /// The event.
    pub event: Event,
    /// Whether no webhook wanted it, so that it has no delivery.
    pub undelivered: bool,
}

/// Which deliveries to list; what is none does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Of this webhook.
    pub webhook: Option<WebhookId>,
    /// Of this event.
    pub event: Option<EventId>,
    /// In this state.
    pub state: Option<DeliveryState>,
}

impl DeliveryFilter {
    /// Whether a delivery, with its state as shown to people, is wanted.
    pub fn matches(&self, delivery: &Delivery) -> bool {
        self.webhook.is_none_or(|webhook| webhook == delivery.webhook)
            && self.event.is_none_or(|event| event == delivery.event)
            && self.state.is_none_or(|state| state == delivery.state)
    }
}

/// A component to keep as the next version of a plugin.
#[derive(Debug, Clone)]
pub struct NewPluginVersion {
    /// Whose it is.
    pub owner: PluginOwner,
    /// Its name.
    pub name: PluginName,
    /// The contract version that it was built for.
    pub contract: String,
    /// What it says of itself.
    pub description: Description,
    /// The component.
    pub component: Bytes,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

impl NewPluginVersion {
    /// The version that this becomes with this number. `digest` is that of the component.
    pub fn numbered(&self, version: u32, digest: Digest) -> PluginVersion {
        PluginVersion {
            owner: self.owner,
            name: self.name.clone(),
            version,
            digest,
            contract: self.contract.clone(),
            size_bytes: self.component.len() as u64,
            description: self.description.clone(),
            created_at: self.created_at,
        }
    }
}
