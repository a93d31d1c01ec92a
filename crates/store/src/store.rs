//! The trait.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hookwright_model::{
    Attempt, Delivery, DeliveryId, DeliveryState, Digest, Event, EventId, Mapping, Page, PageRequest,
    PluginName, PluginVersion, Project, ProjectId, Revision, Timestamp, VersionPin, Webhook, WebhookId,
};

use crate::{
    Accepted, AttemptRecord, Claim, DeliveryFilter, Due, EventEntry, EventFilter, FanOut, NewEvent,
    NewPluginVersion, OpenFanOut, Repeat, StoreError, StoreHealth,
};

/// Everything that Hookwright keeps.
///
/// Every operation is atomic. A change is durable when the operation returns `Ok`, and nothing has changed when it
/// returns an error, with one exception: after [`StoreError::Backend`] the outcome is unknown until the store is opened
/// again.
///
/// # Cancel safety
/// A caller that stops waiting does not undo the operation: it is carried out in full, or not at all.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Adds a project.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when its id is taken.
    async fn create_project(&self, project: Project) -> Result<(), StoreError>;

    /// The project with this id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn project(&self, id: ProjectId) -> Result<Project, StoreError>;

    /// All projects, ordered by id.
    async fn projects(&self, page: PageRequest<ProjectId>) -> Result<Page<Project, ProjectId>, StoreError>;

    /// Adds a webhook, and keeps its mapping under its [`Webhook::mapping_revision`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when its project does not exist, [`StoreError::Exists`] when its id is taken.
    async fn create_webhook(&self, webhook: Webhook) -> Result<(), StoreError>;

    /// Replaces a webhook. Its [`Webhook::revision`] must be one more than the stored one. Mappings of earlier
    /// revisions are kept, because deliveries pin them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::RevisionMismatch`].
    async fn update_webhook(&self, webhook: Webhook) -> Result<(), StoreError>;

    /// Deletes a webhook and its mappings. Its deliveries stay in the log; those that are pending or held become
    /// cancelled with `reason`. A delivery that is claimed ends with its attempt, see [`Store::finish_attempt`], or
    /// cancelled, if the claim ends without one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::RevisionMismatch`] when a revision is expected and another stored.
    async fn delete_webhook(
        &self,
        id: WebhookId,
        expected: Option<Revision>,
        reason: &str,
    ) -> Result<(), StoreError>;

    /// Cancels at most `limit` deliveries of a webhook that are pending or held and not claimed: those that are due first,
    /// then the held ones by id. Returns how many were cancelled. Deleting a webhook costs by what waits for it, so what
    /// is much is cancelled before, in steps.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn cancel_waiting(
        &self,
        webhook: WebhookId,
        limit: usize,
        reason: &str,
    ) -> Result<usize, StoreError>;

    /// The webhook with this id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn webhook(&self, id: WebhookId) -> Result<Arc<Webhook>, StoreError>;

    /// The webhooks of a project, ordered by id; none for a project that does not exist.
    async fn webhooks(
        &self,
        project: ProjectId,
        page: PageRequest<WebhookId>,
    ) -> Result<Page<Arc<Webhook>, WebhookId>, StoreError>;

    /// The mapping that a webhook had from this [`Webhook::mapping_revision`] on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there was no mapping, or no such revision, or when the webhook was deleted.
    async fn mapping_at(&self, webhook: WebhookId, revision: Revision) -> Result<Mapping, StoreError>;

    /// Keeps a component as the next version of a plugin. When the newest version is this very component, that
    /// version is returned as known, and nothing changes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the owning project does not exist, [`StoreError::Exists`] when a project wants a
    /// bundled plugin's name, or the other way round.
    async fn add_plugin_version(
        &self,
        version: NewPluginVersion,
    ) -> Result<(Arc<PluginVersion>, Repeat), StoreError>;

    /// Deletes a plugin that belongs to a project, with all its versions.
    ///
    /// Its components stay, for deliveries that pin them. What neither a version nor a delivery that waits or is held
    /// needs any more is removed when the store is opened the next time.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the project has no such plugin of its own, [`StoreError::Attached`] when a webhook
    /// uses it.
    async fn delete_plugin(&self, project: ProjectId, name: &PluginName) -> Result<(), StoreError>;

    /// Deletes one version of a plugin that belongs to a project; its component as with [`Store::delete_plugin`]. The
    /// newest version can only be deleted with the plugin: its number is never given again, and a webhook that follows the
    /// newest version never falls back to an older one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the project has no such version of its own, [`StoreError::NewestVersion`], and
    /// [`StoreError::Attached`] when a webhook names this version.
    async fn delete_plugin_version(
        &self,
        project: ProjectId,
        name: &PluginName,
        version: u32,
    ) -> Result<(), StoreError>;

    /// The version of a plugin that a project's webhook means: of its own plugins or the bundled ones.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such plugin, or no such version of it.
    async fn plugin(
        &self,
        project: ProjectId,
        name: &PluginName,
        version: VersionPin,
    ) -> Result<Arc<PluginVersion>, StoreError>;

    /// Every version of every plugin that a project may use, ordered by name, newest version first.
    async fn plugins(&self, project: ProjectId) -> Result<Vec<Arc<PluginVersion>>, StoreError>;

    /// The component with this digest.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn component(&self, digest: Digest) -> Result<Bytes, StoreError>;

    /// Accepts events with their deliveries, whose ids are new: all of them, in one durable step, or none. A delivery
    /// whose webhook is gone is left out; one whose webhook is paused or disabled waits. The answers are in the order of
    /// the events.
    ///
    /// An event whose [`NewEvent::fan_out`] is complete and that has no delivery is undelivered: see
    /// [`Store::deliver_event`].
    ///
    /// An idempotency key is known for [`IdempotencyKey::KEPT_FOR`](crate::IdempotencyKey::KEPT_FOR), counted from when
    /// its first event was received to when the other one was.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when a project does not exist, [`StoreError::IdempotencyMismatch`] when a key came
    /// with another body before.
    async fn accept_events(&self, events: Vec<NewEvent>) -> Result<Vec<Accepted>, StoreError>;

    /// Goes on with a fan-out: adds deliveries, whose ids are new, to the event, and writes down where the fan-out stands
    /// afterwards. A delivery whose webhook is gone is left out. Returns those that were stored, in the given order. An
    /// event that has no delivery when its fan-out is complete is undelivered.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such event, or its fan-out is not where the caller found it; nothing is
    /// written then, so that no step is made twice.
    async fn fan_out(
        &self,
        event: EventId,
        after: WebhookId,
        deliveries: Vec<Delivery>,
        then: FanOut,
    ) -> Result<Vec<(DeliveryId, WebhookId)>, StoreError>;

    /// The fan-outs that are not complete, ordered by event: what a start goes on with.
    async fn fan_outs(&self, page: PageRequest<EventId>) -> Result<Page<OpenFanOut, EventId>, StoreError>;

    /// Gives deliveries, whose ids are new, to an event that is undelivered. Otherwise like [`Store::fan_out`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::HasDeliveries`] when the event is not undelivered.
    async fn deliver_event(
        &self,
        event: EventId,
        deliveries: Vec<Delivery>,
        then: FanOut,
    ) -> Result<Vec<(DeliveryId, WebhookId)>, StoreError>;

    /// The events that producers sent to a project, newest first; those of test sends are not among them. A page reads a
    /// bounded number of bytes, so it may be short, even empty, although more follow. A page of undelivered events costs
    /// by their number, not by that of all events.
    async fn events(
        &self,
        project: ProjectId,
        filter: EventFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<EventEntry, EventId>, StoreError>;

    /// Stores an event with one delivery and claims the delivery, even if its webhook is paused or disabled: for test
    /// sends.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the webhook does not exist.
    async fn start_test(&self, event: Event, delivery: Delivery) -> Result<Claim, StoreError>;

    /// The event with this id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn event(&self, id: EventId) -> Result<Event, StoreError>;

    /// Claims up to `limit` pending deliveries of a webhook that are due at `now`, the longest due first, by id among
    /// those due at the same time. The webhook's state does not matter. A claim ends with [`Store::finish_attempt`],
    /// [`Store::release`], or the process. Costs the same whether ten deliveries are pending or a million.
    async fn claim_due(&self, webhook: WebhookId, now: Timestamp, limit: usize) -> Result<Due, StoreError>;

    /// Every webhook with pending deliveries that are not claimed, ordered by id, with the time at which the first of
    /// them is due: what a start begins with. Costs by the number of webhooks, not of deliveries.
    async fn due_webhooks(&self) -> Result<Vec<(WebhookId, Timestamp)>, StoreError>;

    /// Writes down what happened to a claimed delivery. Returns the state that is stored now: it differs from the
    /// given one when the webhook was deleted meanwhile, which turns pending and held into cancelled and releases the
    /// claim.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the delivery is not claimed by this process; nothing is written then.
    async fn finish_attempt(&self, record: AttemptRecord) -> Result<DeliveryState, StoreError>;

    /// Gives claims back without an attempt: the deliveries are pending again, as they were.
    async fn release(&self, deliveries: &[DeliveryId]);

    /// The delivery with this id; claimed ones show as delivering.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn delivery(&self, id: DeliveryId) -> Result<Delivery, StoreError>;

    /// The deliveries of a project, newest first. Reads a bounded number of records per page, so a page of a filtered
    /// list may be short, even empty, although more follow.
    async fn deliveries(
        &self,
        project: ProjectId,
        filter: DeliveryFilter,
        page: PageRequest<DeliveryId>,
    ) -> Result<Page<Delivery, DeliveryId>, StoreError>;

    /// The attempts of a delivery, in order; none for a delivery that does not exist.
    async fn attempts(&self, delivery: DeliveryId) -> Result<Vec<Attempt>, StoreError>;

    /// Sends a delivery again: [`Delivery::resend`]. Returns it as it is stored now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the delivery or its webhook, [`StoreError::UnderWay`] while it is claimed.
    async fn resend(&self, delivery: DeliveryId, now: Timestamp) -> Result<Delivery, StoreError>;

    /// Cancels a delivery: [`Delivery::cancel`]. Returns it as it is stored now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::UnderWay`] while it is claimed.
    async fn cancel(&self, delivery: DeliveryId, reason: &str) -> Result<Delivery, StoreError>;

    /// The condition of the store. Never blocks for long, also while the disk fails.
    fn health(&self) -> StoreHealth;

    /// Commits what is under way and closes the store; later operations fail with [`StoreError::Closed`].
    async fn close(&self);
}
