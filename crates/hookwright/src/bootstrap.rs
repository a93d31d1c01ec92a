//! Puts the parts of the server together.

use std::ffi::OsString;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use hookwright_bundled::BundledPlugin;
use hookwright_egress::{AddressPolicy, Egress, EgressOptions};
use hookwright_engine::ports::Entropy as _;
use hookwright_engine::{Engine, EngineOptions, Ports, Principal};
use hookwright_model::{Digest, PluginLimits, PluginOwner, Secret};
use hookwright_plugin_host::{CacheKey, HostOptions, Isolation, PluginHost};
use hookwright_store_redb::{MasterKey, OpenOptions, RedbStore};
use ipnet::IpNet;
use tokio::task::JoinSet;

use crate::config::{ConfigFile, Settings};
use crate::data::DataDir;
use crate::ports::{SystemClock, SystemEntropy};

/// The command in which the server does with plugins what it does not do itself, such as compiling them.
pub(crate) const PLUGIN_JOB: &str = "plugin-job";

/// The most components that stay in memory, ready to be called: a few megabytes each, an interpreter some 70.
const LOADED_PLUGINS: NonZero<usize> = NonZero::new(128).unwrap();
/// The most code that they have together.
const LOADED_BYTES: usize = 1 << 30;
/// The most that compiled components take on disk.
const CACHE_BYTES: u64 = 2 << 30;

/// What the server is made of.
pub(crate) struct Parts<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) file: &'a ConfigFile,
    pub(crate) data: &'a DataDir,
    /// The most deliveries under way at once.
    pub(crate) max_in_flight: usize,
}

impl Parts<'_> {
    /// Opens the data folder's store and starts the engine on it.
    pub(crate) async fn start(&self) -> Result<Engine> {
        let master_key = self.data.master_key(&SystemEntropy)?;
        let store = RedbStore::open(OpenOptions {
            path: self.data.store(),
            key: MasterKey::from_bytes(*master_key.expose()),
            entropy: Arc::new(|bytes: &mut [u8]| SystemEntropy.fill(bytes)),
        })
        .context("The store cannot be opened")?;
        let ports = Ports {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            sender: Arc::new(egress(&self.settings.allow_target, &self.settings.deny_target)?),
            mapper: Arc::new(self.plugin_host(&master_key)?),
        };
        let options = EngineOptions { max_in_flight: self.max_in_flight };
        let engine =
            Engine::start(Arc::new(store), ports, options).await.context("The store cannot be read")?;
        register_bundled(&engine).await?;
        Ok(engine)
    }

    fn plugin_host(&self, master_key: &Secret<[u8; 32]>) -> Result<PluginHost> {
        let key = blake3::derive_key("hookwright 1 cache of compiled plugins", master_key.expose());
        let cache = self.settings.plugin_cache(self.data.path());
        host(cache, key, self.settings.plugin_workers(), self.settings.plugin_limits(self.file)?)
    }
}

/// Sends requests, to public addresses and to the allowed ranges, but to none that is denied.
pub(crate) fn egress(allowed: &[IpNet], denied: &[IpNet]) -> Result<Egress> {
    Ok(Egress::new(EgressOptions { policy: policy(allowed, denied), extra_roots_pem: None })?)
}

fn policy(allowed: &[IpNet], denied: &[IpNet]) -> AddressPolicy {
    let policy = allowed.iter().fold(AddressPolicy::public_only(), |policy, range| policy.allow(*range));
    denied.iter().fold(policy, |policy, range| policy.deny(*range))
}

/// A host for one command, which keeps compiled plugins in this folder, authenticated with this key.
pub(crate) fn local_plugin_host(folder: PathBuf, key: [u8; 32], limits: PluginLimits) -> Result<PluginHost> {
    host(folder, key, NonZero::<usize>::MIN, limits)
}

fn host(
    cache_dir: PathBuf,
    cache_key: [u8; 32],
    workers: NonZero<usize>,
    limits: PluginLimits,
) -> Result<PluginHost> {
    let options = HostOptions {
        cache_dir,
        cache_key: CacheKey::new(cache_key),
        cache_bytes: CACHE_BYTES,
        precompiled: hookwright_bundled::all().iter().map(|plugin| plugin.code).collect(),
        isolation: Isolation::Child { program: this_program()?, args: vec![OsString::from(PLUGIN_JOB)] },
        workers,
        loaded: LOADED_PLUGINS,
        loaded_bytes: LOADED_BYTES,
        limits,
    };
    PluginHost::new(options).context("The plugin host cannot be started")
}

/// This program, even if its file is replaced while it runs.
fn this_program() -> Result<PathBuf> {
    let own = PathBuf::from("/proc/self/exe");
    if own.exists() {
        Ok(own)
    } else {
        std::env::current_exe().context("The program's own file cannot be found")
    }
}

/// Stores the bundled plugins that the store does not have yet, side by side: where the code from the build does not fit, each
/// has to be compiled.
async fn register_bundled(engine: &Engine) -> Result<()> {
    let engine = engine.on_behalf_of(Principal::installation());
    let known = engine.bundled_plugins().await?;
    let is_known = |plugin: &BundledPlugin| {
        let newest = known.iter().find(|known| known.name.as_str() == plugin.name);
        newest.is_some_and(|newest| newest.digest == Digest::of(plugin.component))
    };
    let new: Vec<_> = hookwright_bundled::all().iter().filter(|plugin| !is_known(plugin)).collect();
    if !new.is_empty() {
        tracing::info!(plugins = new.len(), "registering the bundled plugins");
    }
    let mut uploads = JoinSet::new();
    for plugin in new {
        let (engine, name) = (engine.clone(), plugin.name.parse()?);
        uploads.spawn(async move {
            let component = Bytes::from_static(plugin.component);
            let uploaded = engine.upload_plugin(PluginOwner::Bundled, name, component).await;
            uploaded.with_context(|| format!("The bundled plugin `{}` cannot be registered", plugin.name))
        });
    }
    while let Some(uploaded) = uploads.join_next().await {
        uploaded.context("A bundled plugin cannot be registered")??;
    }
    Ok(())
}
