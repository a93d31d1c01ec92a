//! Takes plugins in: inspected before they are stored.

use std::sync::Arc;

use bytes::Bytes;
use hookwright_model::{ErrorKind, PluginName, PluginOwner, PluginVersion};
use hookwright_store::{NewPluginVersion, Noun, StoreError};

use crate::Engine;
use crate::ports::InspectError;

/// Why a component was not stored.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It cannot be used.
    #[error(transparent)]
    Component(#[from] InspectError),
    /// The name belongs to a bundled plugin.
    #[error("`{0}` is the name of a plugin that comes with Hookwright; choose another")]
    NameTaken(PluginName),
    /// The store did not take it.
    #[error(transparent)]
    Store(StoreError),
}

impl UploadError {
    /// What the error means to whoever asked.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Component(error) => error.kind(),
            Self::NameTaken(_) => ErrorKind::Conflict,
            Self::Store(error) => error.kind(),
        }
    }
}

impl Engine {
    /// Stores a component as the next version of a plugin; the very component of the newest version is not stored
    /// again.
    ///
    /// # Errors
    /// Why the component cannot be used, or what the store says.
    pub async fn upload_plugin(
        &self,
        owner: PluginOwner,
        name: PluginName,
        component: Bytes,
    ) -> Result<Arc<PluginVersion>, UploadError> {
        if let PluginOwner::Project(project) = owner {
            self.store().project(project).await.map_err(UploadError::Store)?;
        }
        let inspected = self.worker.ports.mapper.inspect(component.clone(), owner).await?;
        let version = NewPluginVersion {
            owner,
            name: name.clone(),
            contract: inspected.contract,
            description: inspected.description,
            component,
            created_at: self.now(),
        };
        self.store().add_plugin_version(version).await.map_err(|error| match error {
            StoreError::Exists(Noun::Plugin) => UploadError::NameTaken(name),
            error => UploadError::Store(error),
        })
    }
}
