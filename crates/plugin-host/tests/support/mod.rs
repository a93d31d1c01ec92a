//! What the tests of the host share: hosts on a temporary folder, calls of them.
#![allow(dead_code, reason = "each test binary uses its own part of it")]

use std::num::NonZero;
use std::path::Path;

use bytes::Bytes;
use hookwright_engine::ports::{InspectError, Inspected, Mapped, Mapper};
use hookwright_hostile::request;
use hookwright_model::{PluginOwner, ProjectId};
use hookwright_plugin_host::{CacheKey, HostOptions, Isolation, PluginHost, PluginLimits};

pub(crate) fn options(cache_dir: &Path) -> HostOptions {
    HostOptions {
        cache_dir: cache_dir.to_owned(),
        cache_key: CacheKey::new([7; 32]),
        cache_bytes: 1 << 30,
        precompiled: Vec::new(),
        isolation: Isolation::InProcess,
        workers: NonZero::new(2).unwrap(),
        loaded: NonZero::new(8).unwrap(),
        loaded_bytes: 1 << 30,
        limits: PluginLimits::default(),
    }
}

/// Whose component is inspected, where it does not matter.
pub(crate) fn owner() -> PluginOwner {
    PluginOwner::Project(ProjectId::from_bytes([2; 16]))
}

/// A host, and the folder that it lives in.
pub(crate) struct Rig {
    pub(crate) host: PluginHost,
    _folder: tempfile::TempDir,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with_limits(PluginLimits::default())
    }

    pub(crate) fn with_limits(limits: PluginLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = PluginHost::new(HostOptions { limits, ..options(folder.path()) }).unwrap();
        Self { host, _folder: folder }
    }

    pub(crate) async fn inspect(&self, component: &Bytes) -> Result<Inspected, InspectError> {
        self.host.inspect(component.clone(), owner()).await
    }

    /// Why the component is refused.
    pub(crate) async fn refusal(&self, component: &Bytes) -> String {
        match self.inspect(component).await {
            Err(InspectError::Refused(reason)) => reason,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Loads the component and calls its `transform` with the sample event.
    pub(crate) async fn transform(&self, component: &Bytes) -> Mapped {
        self.host.load(component.clone()).await.unwrap();
        self.host.transform(request(component)).await
    }
}

pub(crate) fn bundled(name: &str) -> Bytes {
    let plugin = hookwright_bundled::all().iter().find(|plugin| plugin.name == name).unwrap();
    Bytes::from_static(plugin.component)
}
