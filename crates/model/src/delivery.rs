//! Deliveries: one event for one webhook.

use crate::contract::Receipt;
use crate::id::{DeliveryId, EventId, ProjectId, WebhookId};
use crate::plugin::Digest;
use crate::time::Timestamp;
use crate::webhook::Revision;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Waits for its due time, or for its webhook's turn.
    Pending,
    /// Under way now. Never stored: a crash makes it pending again.
    Delivering,
    /// The target has it.
    Delivered,
    /// The plugin decided that this event is not delivered.
    Skipped,
    /// The mapping failed: waits for a fixed plugin or settings, loses nothing.
    Held,
    /// Given up.
    Failed,
    /// Cancelled by a person, or its webhook was deleted.
    Cancelled,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Delivering,
        Self::Delivered,
        Self::Skipped,
        Self::Held,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name in the API and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivering => "delivering",
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a delivery exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An event that a producer sent.
    Event,
    /// Somebody pressed Test: tried once, and sent even if the webhook is paused.
    Test,
}

/// The code and settings that a delivery keeps from its first attempt on, so that a retry maps as the first try did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// The component.
    pub digest: Digest,
    /// The webhook's [`crate::Webhook::mapping_revision`], which finds the settings.
    pub mapping_revision: Revision,
}

/// One event for one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its identifier, and the `webhook-id` of every attempt.
    pub id: DeliveryId,
    /// The event.
    pub event: EventId,
    /// The webhook.
    pub webhook: WebhookId,
    /// The project of both.
    pub project: ProjectId,
    /// Why it exists.
    pub origin: Origin,
    /// Where it stands.
    pub state: DeliveryState,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its current run began: its creation, or the last resend. Giving up counts from here.
    pub run_started_at: Timestamp,
    /// When it is tried next; meaningful while it is pending.
    pub due_at: Timestamp,
    /// How many attempts are recorded, in all runs.
    pub attempts: u32,
    /// How many attempts in a row failed: what the next wait grows with.
    pub failures: u32,
    /// What it maps with; none before the first attempt and without a mapping.
    pub pin: Option<Pin>,
    /// How many replies of the target are kept for the plugin.
    pub replies: u32,
    /// The step that may have reached the target although its answer was never seen.
    pub uncertain: Option<String>,
    /// What it became in the target.
    pub receipt: Option<Receipt>,
    /// Why it is where it is, for people: the last problem, or the reason of a skip.
    pub reason: Option<String>,
}

impl Delivery {
    /// A delivery that is due at once.
    pub fn new(
        id: DeliveryId,
        event: EventId,
        webhook: WebhookId,
        project: ProjectId,
        origin: Origin,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            event,
            webhook,
            project,
            origin,
            state: DeliveryState::Pending,
            created_at: now,
            run_started_at: now,
            due_at: now,
            attempts: 0,
            failures: 0,
            pin: None,
            replies: 0,
            uncertain: None,
            receipt: None,
            reason: None,
        }
    }

    /// Lets a person send it again now, as a new run with the webhook's current mapping.
    ///
    /// What failed or is held goes on with the step that failed, and what has ended otherwise begins from the start: the
    /// answer says what to do with the kept replies. A pending delivery only becomes due at once.
    ///
    /// # Errors
    /// [`UnderWay`] while it is delivering.
    pub fn resend(&mut self, now: Timestamp) -> Result<KeptReplies, UnderWay> {
        let kept = match self.state {
            DeliveryState::Delivering => return Err(UnderWay),
            DeliveryState::Pending => {
                self.due_at = now;
                return Ok(KeptReplies::Keep);
            }
            DeliveryState::Held | DeliveryState::Failed => KeptReplies::Keep,
            DeliveryState::Delivered | DeliveryState::Skipped | DeliveryState::Cancelled => {
                self.replies = 0;
                self.uncertain = None;
                self.receipt = None;
                KeptReplies::Drop
            }
        };
        self.state = DeliveryState::Pending;
        self.run_started_at = now;
        self.due_at = now;
        self.failures = 0;
        self.pin = None;
        self.reason = None;
        Ok(kept)
    }

    /// Calls it off. What has ended already stays as it is.
    ///
    /// # Errors
    /// [`UnderWay`] while it is delivering.
    pub fn cancel(&mut self, reason: &str) -> Result<(), UnderWay> {
        match self.state {
            DeliveryState::Delivering => return Err(UnderWay),
            DeliveryState::Pending | DeliveryState::Held | DeliveryState::Failed => {
                self.state = DeliveryState::Cancelled;
                self.reason = Some(reason.to_owned());
            }
            DeliveryState::Delivered | DeliveryState::Skipped | DeliveryState::Cancelled => {}
        }
        Ok(())
    }
}

/// What a new run does with the replies that the run before kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptReplies {
    /// The plugin sees them and goes on from there.
    Keep,
    /// The plugin begins from the start.
    Drop,
}

/// The delivery is being attempted right now and cannot be changed.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("the delivery is being attempted right now; try again when the attempt has ended")]
pub struct UnderWay;
