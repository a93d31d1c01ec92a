//! Webhooks: created, changed, deleted, and checked as a whole before that.

use std::sync::Arc;

use hookwright_model::{
    CustomHeaders, Digest, ErrorKind, EventId, EventKind, Failure, History, Limits, Mapping, PluginOwner,
    ProjectId, RetryPolicy, Revision, Settings, SigningSecret, SigningSecrets, TargetUrl, VersionPin,
    Webhook, WebhookId, WebhookState,
};
use hookwright_store::StoreError;

use crate::ports::{MapError, MapRequest, SettingsError, TargetRefused};
use crate::{Field, Invalid, Remedy, ScopedEngine, sample};

/// How many waiting deliveries of a deleted webhook are cancelled at once.
const CANCEL_STEP: usize = 1_000;
/// Why they are.
const DELETED: &str = "the webhook was deleted";

/// A webhook to create.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Whose it is.
    pub project: ProjectId,
    /// A name for people; may be empty.
    pub name: String,
    /// Where to send.
    pub url: TargetUrl,
    /// Which events.
    pub events: Vec<EventKind>,
    /// The headers of every request.
    pub headers: CustomHeaders,
    /// How the event is shaped.
    pub mapping: Option<Mapping>,
    /// When failed attempts are repeated.
    pub retry: RetryPolicy,
    /// How much at once, and how long.
    pub limits: Limits,
    /// Whether it is delivered to at once.
    pub state: WebhookState,
}

/// Why a webhook was not stored.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Something about it is wrong.
    #[error("{}", Invalid::summary(.0))]
    Invalid(Vec<Invalid>),
    /// It cannot be checked now.
    #[error("{0}")]
    Unavailable(String),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WebhookError {
    /// What the error means to the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::InvalidInput,
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Store(error) => error.kind(),
        }
    }
}

impl ScopedEngine {
    /// Creates a webhook, with a signing secret of its own.
    ///
    /// # Errors
    /// Everything that is wrong with its URL, plugin and settings, or what the store says.
    pub async fn create_webhook(&self, new: NewWebhook) -> Result<Webhook, WebhookError> {
        self.project(new.project).await?;
        let mut wrong = self.check_url(&new.url).await;
        wrong.extend(self.check_mapping(new.project, new.mapping.as_ref()).await?);
        if !wrong.is_empty() {
            return Err(WebhookError::Invalid(wrong));
        }
        let now = self.now();
        let webhook = Webhook {
            id: WebhookId::new(now, self.random()),
            project: new.project,
            revision: 1,
            name: new.name,
            url: new.url,
            events: new.events,
            headers: new.headers,
            mapping: new.mapping,
            mapping_revision: 1,
            retry: new.retry,
            limits: new.limits,
            secrets: SigningSecrets { current: SigningSecret::from_random(self.random()), previous: None },
            state: new.state,
            state_since: now,
            created_at: now,
            updated_at: now,
        };
        self.store().create_webhook(webhook.clone()).await?;
        Ok(webhook)
    }

    /// Stores a changed webhook. The caller reads it, changes it and leaves the revision as it was read; the engine counts
    /// the revisions and keeps the times.
    ///
    /// # Errors
    /// Everything that is wrong with the changes, [`StoreError::RevisionMismatch`] when another change came first, or what
    /// the store says.
    pub async fn update_webhook(&self, mut wanted: Webhook) -> Result<Webhook, WebhookError> {
        let stored = self.webhook(wanted.id).await?;
        if wanted.revision != stored.revision {
            return Err(StoreError::RevisionMismatch { actual: stored.revision }.into());
        }
        let mut wrong = Vec::new();
        if wanted.url != stored.url {
            wrong.extend(self.check_url(&wanted.url).await);
        }
        wanted.revision += 1;
        wanted.mapping_revision = stored.mapping_revision;
        if wanted.mapping != stored.mapping {
            wrong.extend(self.check_mapping(stored.project, wanted.mapping.as_ref()).await?);
            wanted.mapping_revision = wanted.revision;
        }
        if !wrong.is_empty() {
            return Err(WebhookError::Invalid(wrong));
        }
        let now = self.now();
        (wanted.project, wanted.created_at, wanted.updated_at) = (stored.project, stored.created_at, now);
        wanted.state_since = if wanted.state == stored.state { stored.state_since } else { now };
        self.store().update_webhook(wanted.clone()).await?;
        // A pause that was asked for, or a failure, was about what has just been changed.
        if (&wanted.url, &wanted.headers, &wanted.mapping, wanted.state)
            != (&stored.url, &stored.headers, &stored.mapping, stored.state)
        {
            self.engine.worker.lanes.forget_target(wanted.id);
        }
        self.engine.notices.add([(wanted.id, wanted.project)]);
        Ok(wanted)
    }

    /// Deletes a webhook; its pending and held deliveries are cancelled.
    ///
    /// # Errors
    /// As [`hookwright_store::Store::delete_webhook`].
    ///
    /// # Cancel safety
    /// The deletion goes on when the caller stops waiting.
    pub async fn delete_webhook(&self, id: WebhookId, expected: Option<Revision>) -> Result<(), StoreError> {
        let actual = self.webhook(id).await?.revision;
        if expected.is_some_and(|expected| expected != actual) {
            return Err(StoreError::RevisionMismatch { actual });
        }
        let worker = Arc::clone(&self.engine.worker);
        let deletion = tokio::spawn(async move {
            // What waits may be much: it goes in steps, so that others come in between.
            while worker.store.cancel_waiting(id, CANCEL_STEP, DELETED).await? >= CANCEL_STEP {
                tokio::task::yield_now().await;
            }
            worker.store.delete_webhook(id, expected, DELETED).await
        });
        match deletion.await {
            Ok(deleted) => deleted,
            // The panic is in the log already.
            Err(_) => Err(StoreError::Closed),
        }
    }

    async fn check_url(&self, url: &TargetUrl) -> Vec<Invalid> {
        match self.ports().sender.check_target(url).await {
            Ok(()) => Vec::new(),
            Err(TargetRefused { message, address }) => {
                let remedy = Some(Remedy::AllowTarget(address));
                vec![Invalid { field: Field::Url, message, remedy }]
            }
        }
    }

    async fn check_mapping(
        &self,
        project: ProjectId,
        mapping: Option<&Mapping>,
    ) -> Result<Vec<Invalid>, WebhookError> {
        let Some(mapping) = mapping else { return Ok(Vec::new()) };
        let version = match self.store().plugin(project, &mapping.plugin, mapping.version).await {
            Ok(version) => version,
            Err(StoreError::NotFound(_)) => return Ok(vec![self.unknown_plugin(project, mapping).await?]),
            Err(error) => return Err(error.into()),
        };
        let schema = &version.description.settings_schema;
        let wrong = self.check_settings(project, schema, &mapping.settings).await;
        let wrong = wrong.map_err(|error| WebhookError::Unavailable(error.to_string()))?;
        if !wrong.is_empty() || version.owner != PluginOwner::Bundled {
            return Ok(wrong);
        }
        self.check_on_sample(project, version.digest, &mapping.settings).await
    }

    /// Tries the mapping with the sample lead. A bundled plugin can fail there only for its settings, such as a template with
    /// a mistake; an uploaded one may have its own reasons.
    async fn check_on_sample(
        &self,
        project: ProjectId,
        component: Digest,
        settings: &Settings,
    ) -> Result<Vec<Invalid>, WebhookError> {
        let now = self.now();
        let event = sample::event(EventId::new(now, self.random()), project, now);
        let (settings, history) = (settings.clone(), History::default());
        let mapped = self.engine.worker.transform(MapRequest { component, event, settings, history }).await?;
        Ok(match mapped.outcome {
            Err(MapError::Plugin(Failure::Permanent(reason))) => {
                let message = format!("The mapping fails with the sample lead: {reason}");
                vec![Invalid::new(Field::Settings(String::new()), message)]
            }
            _ => Vec::new(),
        })
    }

    /// What is wrong with settings; a schema that cannot be used counts as such.
    ///
    /// # Errors
    /// [`SettingsError::Unavailable`].
    pub(crate) async fn check_settings(
        &self,
        project: ProjectId,
        schema: &str,
        settings: &Settings,
    ) -> Result<Vec<Invalid>, SettingsError> {
        let owner = PluginOwner::Project(project);
        match self.ports().mapper.check_settings(schema, settings, owner).await {
            Ok(problems) => {
                let invalid = problems
                    .into_iter()
                    .map(|problem| Invalid::new(Field::Settings(problem.pointer), problem.message));
                Ok(invalid.collect())
            }
            Err(error @ SettingsError::Schema(_)) => {
                Ok(vec![Invalid::new(Field::Settings(String::new()), error.to_string())])
            }
            Err(error @ SettingsError::Unavailable(_)) => Err(error),
        }
    }

    /// Says what there is instead.
    async fn unknown_plugin(&self, project: ProjectId, mapping: &Mapping) -> Result<Invalid, StoreError> {
        let known = self.store().plugins(project).await?;
        let versions: Vec<u32> =
            known.iter().filter(|known| known.name == mapping.plugin).map(|known| known.version).collect();
        if let (VersionPin::Exact(version), Some(newest)) = (mapping.version, versions.iter().max()) {
            let message = format!("`{}` has no version {version}; the newest is {newest}", mapping.plugin);
            return Ok(Invalid::new(Field::PluginVersion, message));
        }
        let mut names: Vec<&str> = known.iter().map(|known| known.name.as_str()).collect();
        names.dedup();
        let message = format!("there is no plugin `{}`; there are: {}", mapping.plugin, names.join(", "));
        Ok(Invalid::new(Field::Plugin, message))
    }
}
