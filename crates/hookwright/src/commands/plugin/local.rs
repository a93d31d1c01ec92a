//! Plugins in this very process: the server's host, limits and rules, without a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use bytes::Bytes;
use hookwright_egress::Egress;
use hookwright_engine::ports::{InspectError, Mapper as _};
use hookwright_model::{PluginLimits, ProjectId};
use hookwright_plugin_host::PluginHost;
use indicatif::{ProgressBar, ProgressStyle};

use super::code_cache::CodeCache;
use crate::bootstrap;
use crate::config::ConfigFile;

/// A command that takes less needs no word about it.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(200);

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
    /// Compiled plugins.
    _cache: CodeCache,
}

impl Local {
    pub(super) fn start(args: &LimitArgs) -> Result<Self> {
        let file = args.config.as_deref().map(ConfigFile::read).transpose()?.unwrap_or_default();
        let cache = CodeCache::open()?;
        let host = bootstrap::local_plugin_host(cache.folder.clone(), cache.key, file.plugin_limits()?)?;
        Ok(Self { host, egress: bootstrap::egress(&[], &[])?, _cache: cache })
    }

    pub(super) fn limits(&self) -> &PluginLimits {
        self.host.limits()
    }
}

/// Waits for something that may compile the file, and says so on a terminal if it takes its time.
pub(super) async fn patiently<T>(file: &Path, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = tokio::time::sleep(PATIENCE) => {}
    }
    // Draws on standard error, and only if that is a terminal.
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.set_message(format!("Compiling {}, once: the code is kept", file.display()));
    bar.enable_steady_tick(TICK);
    let done = work.await;
    bar.finish_and_clear();
    done
}

/// A project for authors who have none yet: nothing is stored in it.
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
