//! Plugins: uploaded, checked, previewed, deleted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookwright_model::{
    Digest, ErrorKind, Event, EventId, History, Payload, PluginName, PluginOwner, PluginVersion, ProjectId,
    Settings, TargetUrl, VersionPin,
};
use hookwright_store::{NewPluginVersion, Noun, Repeat, StoreError};

use crate::ports::{InspectError, Inspected};
use crate::preview::{Preview, PreviewInput};
use crate::report::{self, Report};
use crate::{Field, Forbidden, Invalid, ScopedEngine, sample};

/// Why an operation on a plugin failed.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The component cannot be used.
    #[error(transparent)]
    Component(#[from] InspectError),
    /// The name belongs to a bundled plugin.
    #[error("`{0}` is the name of a bundled plugin. Choose another name.")]
    NameTaken(PluginName),
    /// Bundled plugins belong to all projects.
    #[error("`{0}` is bundled with Hookwright and cannot be deleted")]
    Bundled(PluginName),
    /// Something about the request is wrong.
    #[error("{}", Invalid::summary(.0))]
    Invalid(Vec<Invalid>),
    /// Only the installation has bundled plugins.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It cannot be checked now.
    #[error("{0}")]
    Unavailable(String),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PluginError {
    /// What the error means to the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Component(error) => error.kind(),
            Self::NameTaken(_) | Self::Bundled(_) => ErrorKind::Conflict,
            Self::Invalid(_) => ErrorKind::InvalidInput,
            Self::Forbidden(_) => ErrorKind::Forbidden,
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Store(error) => error.kind(),
        }
    }
}

/// The result of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// The version that holds the component.
    pub version: Arc<PluginVersion>,
    /// Whether the newest version had this component already.
    pub repeat: Repeat,
    /// How long the component waited to be compiled.
    pub waited: Duration,
    /// How long compiling took; none when the compiled code was cached.
    pub compile_time: Option<Duration>,
}

/// The result that an upload would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The component, and its preview of the sample lead.
    pub report: Report,
    /// The number that its version would have.
    pub version: u32,
    /// Whether the newest version has this component already.
    pub repeat: Repeat,
}

/// One event for one plugin to map.
#[derive(Debug, Clone)]
pub struct PreviewRequest {
    /// The project that may use the plugin.
    pub project: ProjectId,
    /// The plugin.
    pub plugin: PluginName,
    /// The version of the plugin.
    pub version: VersionPin,
    /// The settings of the webhook.
    pub settings: Settings,
    /// The event.
    pub event: PreviewEvent,
    /// What has happened to the delivery so far.
    pub history: History,
    /// The webhook's URL; none takes the one that the plugin proposes.
    pub url: Option<TargetUrl>,
}

/// The event of a preview.
#[derive(Debug, Clone)]
pub enum PreviewEvent {
    /// The event of a test send.
    Sample,
    /// One that the project has received.
    Past(EventId),
    /// A payload that the caller made up, as a producer would send it.
    Given(Bytes),
}

/// The result of a [`PreviewRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previewed {
    /// The version that mapped the event.
    pub version: Arc<PluginVersion>,
    /// The event.
    pub event: Event,
    /// What a delivery would do next.
    pub preview: Preview,
}

impl ScopedEngine {
    /// Stores a component as the next version of a plugin. Nothing changes if the newest version has this component
    /// already.
    ///
    /// # Errors
    /// Why the component cannot be used, or what the store says.
    pub async fn upload_plugin(
        &self,
        owner: PluginOwner,
        name: PluginName,
        component: Bytes,
    ) -> Result<Uploaded, PluginError> {
        match owner {
            PluginOwner::Bundled => self.principal.operate()?,
            PluginOwner::Project(project) => drop(self.project(project).await?),
        }
        let inspected = self.ports().mapper.inspect(component.clone(), owner).await?;
        let Inspected { contract, description, waited, compile_time, .. } = inspected;
        let version = NewPluginVersion {
            owner,
            name: name.clone(),
            contract,
            description,
            component,
            created_at: self.now(),
        };
        match self.store().add_plugin_version(version).await {
            Ok((version, repeat)) => Ok(Uploaded { version, repeat, waited, compile_time }),
            Err(StoreError::Exists(Noun::Plugin)) => Err(PluginError::NameTaken(name)),
            Err(error) => Err(error.into()),
        }
    }

    /// Says what an upload would do, and previews the sample lead. Nothing is stored and nothing sent.
    ///
    /// # Errors
    /// As [`ScopedEngine::upload_plugin`].
    pub async fn check_plugin(
        &self,
        project: ProjectId,
        name: PluginName,
        component: Bytes,
    ) -> Result<Checked, PluginError> {
        self.project(project).await?;
        let newest = match self.store().plugin(project, &name, VersionPin::Latest).await {
            Ok(newest) if newest.owner == PluginOwner::Bundled => return Err(PluginError::NameTaken(name)),
            Ok(newest) => Some(newest),
            Err(StoreError::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let repeat = newest.as_ref().is_some_and(|newest| newest.digest == Digest::of(&component));
        let number = newest.map_or(0, |newest| newest.version);
        let ports = self.ports();
        let report = report::check(&*ports.mapper, &*ports.sender, component, project, self.now()).await?;
        let (version, repeat) = if repeat { (number, Repeat::Known) } else { (number + 1, Repeat::First) };
        Ok(Checked { report, version, repeat })
    }

    /// Maps one event. Nothing is stored and nothing sent.
    ///
    /// # Errors
    /// [`PluginError::Invalid`], and what the store says.
    pub async fn preview_plugin(&self, request: PreviewRequest) -> Result<Previewed, PluginError> {
        let PreviewRequest { project, plugin, version, settings, event, history, url } = request;
        self.project(project).await?;
        let version = self.store().plugin(project, &plugin, version).await?;
        let description = &version.description;
        let damaged = |error: &dyn std::fmt::Display| {
            StoreError::Corrupt(format!("plugin {} version {}: {error}", version.name, version.version))
        };
        let wrong = self.check_settings(project, &description.settings_schema, &settings).await;
        let wrong = wrong.map_err(|error| PluginError::Unavailable(error.to_string()))?;
        if !wrong.is_empty() {
            return Err(PluginError::Invalid(wrong));
        }
        let url = match url {
            Some(url) => url,
            None => TargetUrl::parse(&description.url).map_err(|error| damaged(&error))?,
        };
        let event = self.event_of(project, event).await?;
        let input = PreviewInput { component: version.digest, event: event.clone(), settings, history, url };
        let mapped = self.engine.worker.transform(input.request()).await?;
        let preview = input.preview(mapped, &*self.ports().sender);
        Ok(Previewed { version, event, preview })
    }

    async fn event_of(&self, project: ProjectId, event: PreviewEvent) -> Result<Event, PluginError> {
        let wrong = |pointer: &str, message: String| {
            PluginError::Invalid(vec![Invalid::new(Field::Event(pointer.to_owned()), message)])
        };
        let now = self.now();
        let sample = sample::event(EventId::new(now, self.random()), project, now);
        match event {
            PreviewEvent::Sample => Ok(sample),
            PreviewEvent::Past(id) => match self.store().event(id).await {
                Ok(event) if event.project == project => Ok(event),
                Ok(_) | Err(StoreError::NotFound(_)) => {
                    Err(wrong("", format!("the project has no event `{id}`")))
                }
                Err(error) => Err(error.into()),
            },
            PreviewEvent::Given(payload) => {
                let parsed =
                    Payload::parse(&payload).map_err(|error| wrong(&error.pointer, error.message))?;
                if parsed.project != project {
                    let message =
                        format!("the event is of another project; `project_id` here is `{project}`");
                    return Err(wrong("/project_id", message));
                }
                Ok(Event { kind: parsed.kind, payload, ..sample })
            }
        }
    }

    /// Deletes a plugin of a project, or one version of it.
    ///
    /// # Errors
    /// [`PluginError::Bundled`], and what the store says: see [`hookwright_store::Store::delete_plugin`] and
    /// [`hookwright_store::Store::delete_plugin_version`].
    pub async fn delete_plugin(
        &self,
        project: ProjectId,
        name: &PluginName,
        version: Option<u32>,
    ) -> Result<(), PluginError> {
        self.project(project).await?;
        let newest = self.store().plugin(project, name, VersionPin::Latest).await?;
        if newest.owner == PluginOwner::Bundled {
            return Err(PluginError::Bundled(name.clone()));
        }
        match version {
            None => self.store().delete_plugin(project, name).await?,
            Some(version) => self.store().delete_plugin_version(project, name, version).await?,
        }
        Ok(())
    }
}
