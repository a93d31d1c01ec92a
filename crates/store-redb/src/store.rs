//! The store: the trait's operations, each passed to the module that carries it out.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hookwright_model::{
    Attempt, Delivery, DeliveryId, DeliveryState, Digest, Event, EventId, Mapping, Page, PageRequest,
    PluginName, PluginVersion, Project, ProjectId, Revision, Timestamp, VersionPin, Webhook, WebhookId,
};
use hookwright_store::{
    Accepted, AttemptRecord, Claim, DeliveryFilter, Due, EventEntry, EventFilter, FanOut, NewEvent,
    NewPluginVersion, Noun, OpenFanOut, Repeat, Store, StoreError, StoreHealth,
};
use parking_lot::{RwLock, RwLockReadGuard};
use tracing::error;

use crate::catalog::Catalog;
use crate::claims::Claims;
use crate::contain::contain;
use crate::disk::{Disk, Medium};
use crate::error::{Failure, Fault, OpenError, OpenErrorKind};
use crate::seal::{Entropy, MasterKey, Sealer};
use crate::watch::Watch;
use crate::writer::Writer;
use crate::{attempts, damage, deliveries, due, events, fan_out, plugins, projects, schema, webhooks};

/// Options of opening a store.
pub struct OpenOptions {
    /// The file; it is created when it does not exist. Its folder must exist.
    pub path: PathBuf,
    /// Seals the secrets: the same key each time.
    pub key: MasterKey,
    /// Random bytes for the nonces of sealed records.
    pub entropy: Entropy,
}

/// A store in one file, for one process.
///
/// Changes go through one writer thread, which commits them in groups; each is on the disk when its operation returns.
/// Reads go to the database themselves. A store that was dropped or closed can be opened again.
pub struct RedbStore {
    pub(crate) shared: Arc<Shared>,
    // Ends before the writer does.
    _watch: Option<Watch>,
    pub(crate) writer: Writer,
}

/// What the writer and the readers share.
pub(crate) struct Shared {
    pub(crate) disk: Disk,
    pub(crate) sealer: Sealer,
    pub(crate) catalog: RwLock<Catalog>,
    pub(crate) claims: Arc<Claims>,
}

impl RedbStore {
    /// Opens a store, and creates it when there is none. Reads the whole file first when the last process that had it
    /// open did not close it. Blocks.
    ///
    /// # Errors
    /// Why it cannot be opened, and what to do about it.
    pub fn open(options: OpenOptions) -> Result<Self, OpenError> {
        let OpenOptions { path, key, entropy } = options;
        let [file, same_file] = [path.clone(), path.clone()];
        let medium = Medium {
            open: Box::new(move || crate::file::open(&file)),
            free_bytes: Box::new(move || fs4::available_space(&same_file).ok()),
        };
        Self::open_with(medium, &key, entropy).map_err(|kind| OpenError::new(&path, kind))
    }

    pub(crate) fn open_with(
        medium: Medium,
        key: &MasterKey,
        entropy: Entropy,
    ) -> Result<Self, OpenErrorKind> {
        let (disk, sealer, catalog) = contain(|| Self::prepare(medium, key, entropy))?;
        let claims = Arc::new(Claims::default());
        let shared = Arc::new(Shared { disk, sealer, catalog: RwLock::new(catalog), claims });
        let writer = Writer::start(Arc::clone(&shared)).map_err(OpenErrorKind::Io)?;
        let nudge = writer.nudge();
        let watch = nudge.map(|nudge| Watch::start(Arc::clone(&shared), nudge)).transpose();
        Ok(Self { shared, _watch: watch.map_err(OpenErrorKind::Io)?, writer })
    }

    fn prepare(
        medium: Medium,
        key: &MasterKey,
        entropy: Entropy,
    ) -> Result<(Disk, Sealer, Catalog), OpenErrorKind> {
        let disk = Disk::open(medium)?;
        let sealer = Sealer::new(key, entropy);
        let txn = disk.write().map_err(Failure::from)?;
        schema::prepare(&txn, &sealer)?;
        plugins::sweep(&txn)?;
        txn.commit().map_err(Failure::from)?;
        let catalog = Catalog::load(&disk.read().map_err(Failure::from)?, &sealer)?;
        Ok((disk, sealer, catalog))
    }

    fn catalog(&self) -> Result<RwLockReadGuard<'_, Catalog>, StoreError> {
        if self.shared.disk.is_closed() { Err(StoreError::Closed) } else { Ok(self.shared.catalog.read()) }
    }

    /// Refuses what can wait while there is no room: the reserve is for the results of what was accepted.
    fn check_room(&self) -> Result<(), StoreError> {
        if self.shared.disk.has_room() { Ok(()) } else { Err(StoreError::Full) }
    }

    /// Reads from the database. If the database has failed, the writer opens it again, and the read is repeated once.
    async fn read<T: Send>(
        &self,
        read: impl Fn(&Shared) -> Result<T, Failure> + Send + Sync,
    ) -> Result<T, StoreError> {
        let read = || contain(|| read(&self.shared));
        match read() {
            Err(Failure::Broken(fault)) if !matches!(fault, Fault::Damaged(_)) => {
                self.writer.submit(|_| Ok(())).await?;
                Ok(read()?)
            }
            result => Ok(result?),
        }
    }
}

#[async_trait]
impl Store for RedbStore {
    async fn create_project(&self, project: Project) -> Result<(), StoreError> {
        self.check_room()?;
        self.writer.submit(move |group| projects::create(group, project.clone())).await
    }

    async fn project(&self, id: ProjectId) -> Result<Project, StoreError> {
        self.catalog()?.project(id).cloned().ok_or(StoreError::NotFound(Noun::Project))
    }

    async fn projects(&self, page: PageRequest<ProjectId>) -> Result<Page<Project, ProjectId>, StoreError> {
        let catalog = self.catalog()?;
        let mut rest = catalog.projects_after(page.after);
        let items: Vec<Project> = rest.by_ref().take(page.limit).cloned().collect();
        let next = rest.next().and(items.last()).map(|project| project.id);
        Ok(Page { items, next })
    }

    async fn create_webhook(&self, webhook: Webhook) -> Result<(), StoreError> {
        self.check_room()?;
        self.writer.submit(move |group| webhooks::create(group, webhook.clone())).await
    }

    async fn update_webhook(&self, webhook: Webhook) -> Result<(), StoreError> {
        self.writer.submit(move |group| webhooks::update(group, webhook.clone())).await
    }

    async fn delete_webhook(
        &self,
        id: WebhookId,
        expected: Option<Revision>,
        reason: &str,
    ) -> Result<(), StoreError> {
        let reason = reason.to_owned();
        self.writer.submit(move |group| webhooks::delete(group, id, expected, &reason)).await
    }

    async fn cancel_waiting(
        &self,
        webhook: WebhookId,
        limit: usize,
        reason: &str,
    ) -> Result<usize, StoreError> {
        let reason = reason.to_owned();
        self.writer.submit(move |group| webhooks::cancel_waiting(group, webhook, limit, &reason)).await
    }

    async fn webhook(&self, id: WebhookId) -> Result<Arc<Webhook>, StoreError> {
        self.catalog()?.webhook(id).cloned().ok_or(StoreError::NotFound(Noun::Webhook))
    }

    async fn webhooks(
        &self,
        project: ProjectId,
        page: PageRequest<WebhookId>,
    ) -> Result<Page<Arc<Webhook>, WebhookId>, StoreError> {
        let catalog = self.catalog()?;
        let mut rest = catalog.webhooks_after(project, page.after);
        let items: Vec<Arc<Webhook>> = rest.by_ref().take(page.limit).cloned().collect();
        let next = rest.next().and(items.last()).map(|webhook| webhook.id);
        Ok(Page { items, next })
    }

    async fn mapping_at(&self, webhook: WebhookId, revision: Revision) -> Result<Mapping, StoreError> {
        self.catalog()?.mapping(webhook, revision).cloned().ok_or(StoreError::NotFound(Noun::Mapping))
    }

    async fn add_plugin_version(
        &self,
        version: NewPluginVersion,
    ) -> Result<(Arc<PluginVersion>, Repeat), StoreError> {
        self.check_room()?;
        let digest = Digest::of(&version.component);
        self.writer.submit(move |group| plugins::add(group, &version, digest)).await
    }

    async fn delete_plugin(&self, project: ProjectId, name: &PluginName) -> Result<(), StoreError> {
        let name = name.clone();
        self.writer.submit(move |group| plugins::delete(group, project, &name)).await
    }

    async fn delete_plugin_version(
        &self,
        project: ProjectId,
        name: &PluginName,
        version: u32,
    ) -> Result<(), StoreError> {
        let name = name.clone();
        self.writer.submit(move |group| plugins::delete_version(group, project, &name, version)).await
    }

    async fn plugin(
        &self,
        project: ProjectId,
        name: &PluginName,
        version: VersionPin,
    ) -> Result<Arc<PluginVersion>, StoreError> {
        self.catalog()?.plugin(project, name, version).cloned().ok_or(StoreError::NotFound(Noun::Plugin))
    }

    async fn plugins(&self, project: ProjectId) -> Result<Vec<Arc<PluginVersion>>, StoreError> {
        Ok(self.catalog()?.plugins_of(project).cloned().collect())
    }

    async fn component(&self, digest: Digest) -> Result<Bytes, StoreError> {
        self.read(|shared| plugins::component(&shared.disk.read()?, digest)).await
    }

    async fn accept_events(&self, events: Vec<NewEvent>) -> Result<Vec<Accepted>, StoreError> {
        self.check_room()?;
        self.writer.submit_unless_overloaded(move |group| events::accept(group, &events)).await
    }

    async fn fan_out(
        &self,
        event: EventId,
        after: WebhookId,
        deliveries: Vec<Delivery>,
        then: FanOut,
    ) -> Result<Vec<(DeliveryId, WebhookId)>, StoreError> {
        if !self.shared.disk.has_room() {
            return Err(StoreError::Full);
        }
        self.writer.submit(move |group| fan_out::go_on(group, event, after, &deliveries, then)).await
    }

    async fn fan_outs(&self, page: PageRequest<EventId>) -> Result<Page<OpenFanOut, EventId>, StoreError> {
        self.read(|shared| fan_out::open(&shared.disk.read()?, page)).await
    }

    async fn deliver_event(
        &self,
        event: EventId,
        deliveries: Vec<Delivery>,
        then: FanOut,
    ) -> Result<Vec<(DeliveryId, WebhookId)>, StoreError> {
        if !self.shared.disk.has_room() {
            return Err(StoreError::Full);
        }
        self.writer.submit(move |group| fan_out::deliver(group, event, &deliveries, then)).await
    }

    async fn events(
        &self,
        project: ProjectId,
        filter: EventFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<EventEntry, EventId>, StoreError> {
        self.read(|shared| fan_out::list(&shared.disk.read()?, project, filter, page)).await
    }

    async fn start_test(&self, event: Event, delivery: Delivery) -> Result<Claim, StoreError> {
        self.check_room()?;
        let (claim, fresh) =
            self.writer.submit(move |group| events::start_test(group, &event, &delivery)).await?;
        fresh.keep();
        Ok(claim)
    }

    async fn event(&self, id: EventId) -> Result<Event, StoreError> {
        self.read(|shared| events::event(&shared.disk.read()?, id)).await
    }

    async fn claim_due(&self, webhook: WebhookId, now: Timestamp, limit: usize) -> Result<Due, StoreError> {
        let (due, unusable) =
            self.read(|shared| due::claim(&shared.disk, &shared.claims, webhook, now, limit)).await?;
        for unusable in unusable {
            let (_, _, id) = schema::split_due_key(&unusable.key);
            let set_aside = self.writer.submit(move |group| damage::set_aside(group, &unusable)).await;
            match set_aside {
                Ok(()) => self.shared.claims.forget_damage(id),
                Err(error) => {
                    error!(delivery.id = %id, error = %error, "a damaged delivery cannot be set aside");
                }
            }
        }
        Ok(due)
    }

    async fn due_webhooks(&self) -> Result<Vec<(WebhookId, Timestamp)>, StoreError> {
        self.read(|shared| due::webhooks(&shared.disk, &shared.claims)).await
    }

    async fn finish_attempt(&self, record: AttemptRecord) -> Result<DeliveryState, StoreError> {
        self.writer.submit(move |group| attempts::finish(group, record.clone())).await
    }

    async fn release(&self, deliveries: &[DeliveryId]) {
        self.shared.claims.release(deliveries);
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Delivery, StoreError> {
        self.read(|shared| deliveries::delivery(&shared.disk, &shared.claims, id)).await
    }

    async fn deliveries(
        &self,
        project: ProjectId,
        filter: DeliveryFilter,
        page: PageRequest<DeliveryId>,
    ) -> Result<Page<Delivery, DeliveryId>, StoreError> {
        self.read(|shared| deliveries::list(&shared.disk, &shared.claims, project, filter, page)).await
    }

    async fn attempts(&self, delivery: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        self.read(|shared| attempts::of(&shared.disk.read()?, delivery)).await
    }

    async fn resend(&self, delivery: DeliveryId, now: Timestamp) -> Result<Delivery, StoreError> {
        self.writer.submit(move |group| deliveries::resend(group, delivery, now)).await
    }

    async fn cancel(&self, delivery: DeliveryId, reason: &str) -> Result<Delivery, StoreError> {
        let reason = reason.to_owned();
        self.writer.submit(move |group| deliveries::cancel(group, delivery, &reason)).await
    }

    fn health(&self) -> StoreHealth {
        let shared = &self.shared;
        let closed = shared.disk.is_closed().then(|| StoreError::Closed.to_string());
        shared.disk.look_for_room();
        StoreHealth { writer: closed.or_else(|| self.writer.problem()), disk: shared.disk.problem() }
    }

    async fn close(&self) {
        self.writer.close().await;
    }
}
