//! The engine on behalf of a principal: reads, and what people do with projects and deliveries.
//!
//! An id that belongs to a project out of reach is not found, as if it had never existed.

use std::sync::Arc;

use bytes::Bytes;
use hookwright_model::{
    Attempt, Delivery, DeliveryId, ErrorKind, Page, PageRequest, PluginName, PluginVersion, Project,
    ProjectId, Timestamp, VersionPin, Webhook, WebhookId,
};
use hookwright_store::{DeliveryFilter, Noun, Store, StoreError};

use crate::Ports;
use crate::engine::Engine;
use crate::flow::Rest;
use crate::principal::{Forbidden, Principal};

/// A cheap handle on the running engine, for one principal: see [`Engine::on_behalf_of`].
#[derive(Clone)]
pub struct ScopedEngine {
    pub(crate) engine: Engine,
    pub(crate) principal: Principal,
}

/// A time in which nothing is sent to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneRest {
    /// When the next request may be sent.
    pub until: Timestamp,
    /// Why, for people.
    pub reason: String,
}

/// Why a project was not created.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The principal may not create projects.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProjectError {
    /// What the error means to the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Forbidden(_) => ErrorKind::Forbidden,
            Self::Store(error) => error.kind(),
        }
    }
}

impl ScopedEngine {
    pub(crate) fn store(&self) -> &dyn Store {
        &*self.engine.worker.store
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.engine.worker.ports
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ports().clock.now()
    }

    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        self.ports().entropy.bytes()
    }

    /// The principal on whose behalf calls are made.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Adds a project, under an id of the caller's choice or a new one.
    ///
    /// # Errors
    /// [`ProjectError::Forbidden`] unless the principal is the installation, [`StoreError::Exists`] when the id is
    /// taken.
    pub async fn create_project(&self, name: String, id: Option<ProjectId>) -> Result<Project, ProjectError> {
        self.principal.operate()?;
        let created_at = self.now();
        let id = id.unwrap_or_else(|| ProjectId::new(created_at, self.random()));
        let project = Project { id, name, created_at };
        self.store().create_project(project.clone()).await?;
        Ok(project)
    }

    /// The project with this id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn project(&self, id: ProjectId) -> Result<Project, StoreError> {
        self.principal.see(id, Noun::Project, ())?;
        self.store().project(id).await
    }

    /// The projects within reach, ordered by id.
    ///
    /// # Errors
    /// What the store says.
    pub async fn projects(
        &self,
        page: PageRequest<ProjectId>,
    ) -> Result<Page<Project, ProjectId>, StoreError> {
        let Some(own) = self.principal.only_project() else { return self.store().projects(page).await };
        let items = match page.after {
            Some(after) if after >= own => Vec::new(),
            _ => vec![self.store().project(own).await?],
        };
        Ok(Page { items, next: None })
    }

    /// The webhook with this id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn webhook(&self, id: WebhookId) -> Result<Arc<Webhook>, StoreError> {
        let webhook = self.store().webhook(id).await?;
        self.principal.see(webhook.project, Noun::Webhook, webhook)
    }

    /// The time in which nothing is sent to a webhook, because its target asked for a pause or keeps failing; none while it
    /// is delivered to as usual.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn lane(&self, webhook: WebhookId) -> Result<Option<LaneRest>, StoreError> {
        self.webhook(webhook).await?;
        let lanes = &self.engine.worker.lanes;
        let now = lanes.now();
        let resting = lanes.lock().resting(webhook, now);
        Ok(resting.map(|resting| LaneRest {
            until: self.now().after(resting.until - now),
            reason: match resting.rest {
                Rest::Asked => resting.reason,
                Rest::Failing => format!("the target keeps failing: {}", resting.reason),
            },
        }))
    }

    /// The webhooks of a project, ordered by id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project.
    pub async fn webhooks(
        &self,
        project: ProjectId,
        page: PageRequest<WebhookId>,
    ) -> Result<Page<Arc<Webhook>, WebhookId>, StoreError> {
        self.project(project).await?;
        self.store().webhooks(project, page).await
    }

    /// Every version of every plugin that a project may use, ordered by name, newest version first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project.
    pub async fn plugins(&self, project: ProjectId) -> Result<Vec<Arc<PluginVersion>>, StoreError> {
        self.project(project).await?;
        self.store().plugins(project).await
    }

    /// Every version of every bundled plugin, ordered by name, newest version first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn bundled_plugins(&self) -> Result<Vec<Arc<PluginVersion>>, StoreError> {
        // They are what a project without plugins of its own may use.
        self.store().plugins(ProjectId::from_bytes([0; 16])).await
    }

    /// The version of a plugin that a project's webhook means: of its own plugins or the bundled ones.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project, plugin or version.
    pub async fn plugin(
        &self,
        project: ProjectId,
        name: &PluginName,
        version: VersionPin,
    ) -> Result<Arc<PluginVersion>, StoreError> {
        self.project(project).await?;
        self.store().plugin(project, name, version).await
    }

    /// The component of a plugin's version, found as [`ScopedEngine::plugin`] finds it.
    ///
    /// # Errors
    /// As [`ScopedEngine::plugin`].
    pub async fn component(
        &self,
        project: ProjectId,
        name: &PluginName,
        version: VersionPin,
    ) -> Result<Bytes, StoreError> {
        let version = self.plugin(project, name, version).await?;
        self.store().component(version.digest).await
    }

    /// The delivery with this id; claimed ones show as delivering.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn delivery(&self, id: DeliveryId) -> Result<Delivery, StoreError> {
        let delivery = self.store().delivery(id).await?;
        self.principal.see(delivery.project, Noun::Delivery, delivery)
    }

    /// The deliveries of a project, newest first: see [`Store::deliveries`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project.
    pub async fn deliveries(
        &self,
        project: ProjectId,
        filter: DeliveryFilter,
        page: PageRequest<DeliveryId>,
    ) -> Result<Page<Delivery, DeliveryId>, StoreError> {
        self.project(project).await?;
        self.store().deliveries(project, filter, page).await
    }

    /// The attempts of a delivery, in order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such delivery.
    pub async fn attempts(&self, delivery: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        self.delivery(delivery).await?;
        self.store().attempts(delivery).await
    }

    /// Sends a delivery again, at once: see [`Delivery::resend`].
    ///
    /// # Errors
    /// As [`Store::resend`].
    pub async fn resend(&self, delivery: DeliveryId) -> Result<Delivery, StoreError> {
        self.delivery(delivery).await?;
        let delivery = self.store().resend(delivery, self.now()).await?;
        self.engine.notices.add([(delivery.webhook, delivery.project)]);
        Ok(delivery)
    }

    /// Cancels a delivery: see [`Delivery::cancel`].
    ///
    /// # Errors
    /// As [`Store::cancel`].
    pub async fn cancel(&self, delivery: DeliveryId) -> Result<Delivery, StoreError> {
        self.delivery(delivery).await?;
        self.store().cancel(delivery, "cancelled by a person").await
    }
}
