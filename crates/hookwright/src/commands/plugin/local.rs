//! Plugins in this very process: the server's host, limits and rules, without a server.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use bytes::Bytes;
use hookwright_egress::Egress;
use hookwright_engine::ports::{InspectError, Mapper as _};
use hookwright_model::{PluginLimits, ProjectId};
use hookwright_plugin_host::PluginHost;
use tempfile::TempDir;

use crate::bootstrap;
use crate::config::ConfigFile;

/// Which limits hold.
#[derive(Debug, clap::Args)]
pub(super) struct LimitArgs {
    /// The server's configuration file, if it changes limits on plugins
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A host for as long as a command runs.
pub(super) struct Local {
    pub(super) host: PluginHost,
    pub(super) egress: Egress,
    /// Compiled plugins, which go with it.
    _cache: TempDir,
}

impl Local {
    pub(super) fn start(args: &LimitArgs) -> Result<Self> {
        let file = args.config.as_deref().map(ConfigFile::read).transpose()?.unwrap_or_default();
        let cache = tempfile::tempdir().context("there is no room for compiled plugins")?;
        let host = bootstrap::ephemeral_plugin_host(cache.path().to_owned(), file.plugin_limits()?)?;
        Ok(Self { host, egress: bootstrap::egress(&[], &[])?, _cache: cache })
    }

    pub(super) fn limits(&self) -> &PluginLimits {
        self.host.limits()
    }
}

/// The project of whoever has none yet: nothing is stored in it.
pub(super) fn nobody() -> ProjectId {
    ProjectId::from_bytes([0; 16])
}

pub(super) fn read(file: &Path) -> Result<Bytes> {
    let component = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(component.into())
}

/// Why a file is no plugin.
pub(super) fn refused(file: &Path, error: &InspectError) -> anyhow::Error {
    anyhow!("{} cannot be used: {error}", file.display())
}
