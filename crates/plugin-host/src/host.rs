//! The plugin host as the engine sees it.

use std::io;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hookwright_engine::ports::{
    InspectError, Inspected, MapError, MapRequest, Mapped, Mapper, SettingsError,
};
use hookwright_engine::settings::{self, SettingsProblem};
use hookwright_model::{Description, Digest, PluginLimits, PluginOwner, ProjectId, Settings};
use tokio::time::Instant;

use crate::admission::child::{Isolation, Sandbox};
use crate::admission::code_cache::{CacheKey, Cached, CodeCache, Compatibility};
use crate::admission::inspect::{self, Facts};
use crate::admission::precompiled::Precompiled;
use crate::admission::{compile, describe, settings as settings_check};
use crate::execution::answer::Answer;
use crate::execution::arguments::Arguments;
use crate::execution::call::{CallError, Ended};
use crate::execution::component_cache::ComponentCache;
use crate::execution::contract::Plugin;
use crate::execution::runtime::Runtime;
use crate::execution::thread_time;
use crate::limits::{KNOWN_FOR, QUICK};
use crate::scheduling::job_queue::JobQueues;
use crate::scheduling::latency::LatencyTracker;
use crate::scheduling::pool::{Pool, Tier};
use crate::scheduling::worker_process::WorkerProcesses;

/// How a host is set up.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// Where compiled components are kept. Nothing is lost when it is emptied while the host does not run.
    pub cache_dir: PathBuf,
    /// What compiled components are authenticated with.
    pub cache_key: CacheKey,
    /// How many bytes compiled components may take there; those in memory are kept nevertheless.
    pub cache_bytes: u64,
    /// Code that was compiled when the program was built, each with the digest of its component before it. These components
    /// are trusted as the program itself.
    pub precompiled: Vec<&'static [u8]>,
    /// Where components are compiled, settings are checked and slow calls run.
    pub isolation: Isolation,
    /// How many plugins run at the same time; one per processor serves well.
    pub workers: NonZero<usize>,
    /// How many components stay in memory, ready to be called.
    pub loaded: NonZero<usize>,
    /// How many bytes of code they may have together; one alone may have more.
    pub loaded_bytes: usize,
    /// What a plugin may use.
    pub limits: PluginLimits,
}

/// Why there is no host.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// wasmtime cannot run here with these limits.
    #[error("the WebAssembly engine cannot be set up: {0}")]
    Engine(String),
    /// The cache's folder cannot be used.
    #[error("the cache of compiled plugins at `{path}` cannot be opened: {error}")]
    Cache {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: io::Error,
    },
    /// The system gives no threads.
    #[error("the plugin host's threads cannot be started: {0}")]
    Threads(#[source] io::Error),
}

/// What a host has done since it was set up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostStats {
    /// Components compiled.
    pub compilations: u64,
    /// Components whose code came with the program.
    pub precompiled: u64,
    /// Components taken from the cache.
    pub cache_hits: u64,
    /// Files of the cache that did not verify, and were not used.
    pub cache_rejections: u64,
    /// Components in memory now.
    pub loaded: usize,
    /// Uploads that are being compiled now.
    pub uploads_compiling: usize,
    /// Uploads that wait for that now.
    pub uploads_waiting: usize,
}

/// Runs plugins on threads of its own, and slow calls in worker processes.
pub struct PluginHost {
    shared: Arc<Shared>,
    pool: Pool,
    sandbox: Arc<Sandbox>,
    queues: JobQueues,
}

/// What the threads of the host share.
struct Shared {
    runtime: Runtime,
    /// None when everything happens in this process.
    worker_processes: Option<WorkerProcesses>,
    precompiled: Precompiled,
    code_cache: CodeCache,
    components: ComponentCache<Plugin>,
    latency: LatencyTracker,
    compilations: AtomicU64,
    precompiled_hits: AtomicU64,
    cache_hits: AtomicU64,
    cache_rejections: AtomicU64,
}

impl PluginHost {
    /// Sets up a host and starts its threads.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub fn new(options: HostOptions) -> Result<Self, HostError> {
        let HostOptions {
            cache_dir,
            cache_key,
            cache_bytes,
            precompiled,
            isolation,
            workers,
            loaded,
            loaded_bytes,
            limits,
        } = options;
        let words = |error: wasmtime::Error| HostError::Engine(format!("{error:#}"));
        let runtime = Runtime::new(Pool::threads(workers), limits).map_err(words)?;
        let code_cache =
            CodeCache::open(&cache_dir, cache_key, Compatibility::of(&runtime.engine), cache_bytes)
                .map_err(|error| HostError::Cache { path: cache_dir, error })?;
        let stack_bytes = runtime.stack_bytes();
        let sandbox = Arc::new(Sandbox::new(isolation));
        let shared = Arc::new(Shared {
            worker_processes: WorkerProcesses::of(&sandbox, runtime.limits()),
            runtime,
            precompiled: Precompiled::new(precompiled),
            code_cache,
            components: ComponentCache::new(loaded, loaded_bytes),
            latency: LatencyTracker::default(),
            compilations: AtomicU64::default(),
            precompiled_hits: AtomicU64::default(),
            cache_hits: AtomicU64::default(),
            cache_rejections: AtomicU64::default(),
        });
        let idle = Arc::clone(&shared);
        let when_idle = move || {
            idle.worker_processes.iter().for_each(|worker_processes| worker_processes.dismiss(KNOWN_FOR));
        };
        let pool = Pool::start(workers, stack_bytes, KNOWN_FOR, when_idle).map_err(HostError::Threads)?;
        Ok(Self { shared, pool, sandbox, queues: JobQueues::new() })
    }

    /// What this host has done so far.
    pub fn stats(&self) -> HostStats {
        let (uploads_compiling, uploads_waiting) = self.queues.uploads();
        HostStats {
            uploads_compiling,
            uploads_waiting,
            compilations: self.shared.compilations.load(Ordering::Relaxed),
            precompiled: self.shared.precompiled_hits.load(Ordering::Relaxed),
            cache_hits: self.shared.cache_hits.load(Ordering::Relaxed),
            cache_rejections: self.shared.cache_rejections.load(Ordering::Relaxed),
            loaded: self.shared.components.size().0,
        }
    }

    /// The component, callable: from memory, from the cache, or compiled now. What was compiled now is not kept yet: see
    /// [`Shared::keep`].
    async fn prepare(&self, component: Bytes, wanted: Wanted) -> Result<Ready, InspectError> {
        let facts = self.shared.examine(component.clone()).await?;
        if let Some(plugin) = self.shared.components.get(facts.digest) {
            return Ok(Ready { facts, plugin, waited: Duration::ZERO, fresh: None });
        }
        if let Some(plugin) = self.shared.precompiled(&facts).await? {
            return Ok(Ready { facts, plugin, waited: Duration::ZERO, fresh: None });
        }
        let asked = Instant::now();
        let _slot = match wanted {
            Wanted::ForUpload(owner) => self.queues.upload(owner).await.map_err(|full| unavailable(&full))?,
            Wanted::ForDelivery => self.queues.load().await,
        };
        let waited = asked.elapsed();
        // The job before may have compiled the same component.
        if let Some(plugin) = self.shared.components.get(facts.digest) {
            return Ok(Ready { facts, plugin, waited, fresh: None });
        }
        if let Some(plugin) = self.shared.cached(&facts).await? {
            return Ok(Ready { facts, plugin, waited, fresh: None });
        }
        let started = Instant::now();
        let code = compile::compile(&self.sandbox, &self.shared.runtime.engine, component).await?;
        let compile_time = started.elapsed();
        self.shared.compilations.fetch_add(1, Ordering::Relaxed);
        let (plugin, code) = self.shared.fresh(&facts, code).await?;
        Ok(Ready { facts, plugin, waited, fresh: Some(Fresh { code, compile_time }) })
    }

    /// Tries the schema with no settings and with its own defaults; whether these match does not matter.
    async fn try_schema(&self, schema: &str, facts: &Facts, owner: PluginOwner) -> Result<(), InspectError> {
        let unusable = |reason: &dyn std::fmt::Display| {
            InspectError::Refused(format!("`describe` gives a settings-schema that cannot be used: {reason}"))
        };
        let empty = Settings::default();
        let defaults = settings::defaults(schema).map_err(|error| unusable(&error))?;
        for settings in [&empty, &defaults].into_iter().skip(usize::from(defaults == empty)) {
            let checked = if self.shared.is_trusted(facts.digest) {
                let (schema, settings) = (schema.to_owned(), settings.clone());
                let check = move || Ok(settings_check::check_here(&schema, &settings));
                blocking(check).await?
            } else {
                self.check_settings(schema, settings, owner).await
            };
            checked.map_err(|error| match error {
                SettingsError::Schema(reason) => unusable(&reason),
                SettingsError::Unavailable(reason) => InspectError::Unavailable(reason),
            })?;
        }
        Ok(())
    }
}

/// Why a component is to be callable.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    ForUpload(PluginOwner),
    ForDelivery,
}

/// A component that can be called.
struct Ready {
    facts: Facts,
    plugin: Arc<Plugin>,
    /// How long it waited for its slot.
    waited: Duration,
    /// None when it was not compiled now.
    fresh: Option<Fresh>,
}

/// What compiling gave.
struct Fresh {
    code: Vec<u8>,
    compile_time: Duration,
}

impl Shared {
    /// Checks the component as far as that takes linear time.
    async fn examine(self: &Arc<Self>, component: Bytes) -> Result<Facts, InspectError> {
        let shared = Arc::clone(self);
        blocking(move || inspect::inspect(&component, shared.runtime.limits())).await
    }

    /// Whether the component travels in the program, and is trusted as much.
    fn is_trusted(&self, component: Digest) -> bool {
        self.precompiled.get(component).is_some()
    }

    /// Makes the component callable if its code travels in the program and fits.
    async fn precompiled(self: &Arc<Self>, facts: &Facts) -> Result<Option<Arc<Plugin>>, InspectError> {
        let Some(code) = self.precompiled.get(facts.digest) else { return Ok(None) };
        let (shared, facts) = (Arc::clone(self), facts.clone());
        blocking(move || match shared.link(&facts, code) {
            Ok(plugin) => {
                shared.precompiled_hits.fetch_add(1, Ordering::Relaxed);
                shared.components.insert(facts.digest, Arc::clone(&plugin), code.len());
                Ok(Some(plugin))
            }
            Err(error) => {
                tracing::info!(component = %facts.digest, %error, "code from the build does not fit here; compiling it");
                Ok(None)
            }
        })
        .await
    }

    /// Looks for the component in the cache; what is found is kept in memory.
    async fn cached(self: &Arc<Self>, facts: &Facts) -> Result<Option<Arc<Plugin>>, InspectError> {
        let (shared, facts) = (Arc::clone(self), facts.clone());
        blocking(move || {
            let problem = match shared.code_cache.get(facts.digest) {
                Cached::Absent => return Ok(None),
                Cached::Code(code) => match shared.link(&facts, &code) {
                    Ok(plugin) => {
                        shared.cache_hits.fetch_add(1, Ordering::Relaxed);
                        shared.components.insert(facts.digest, Arc::clone(&plugin), code.len());
                        return Ok(Some(plugin));
                    }
                    Err(error) => error.to_string(),
                },
                Cached::Rejected => "it was changed since it was written, or written with another key".into(),
            };
            shared.cache_rejections.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(component = %facts.digest, problem, "cached code cannot be used; compiling it again");
            Ok(None)
        })
        .await
    }

    /// Makes freshly compiled code callable.
    async fn fresh(
        self: &Arc<Self>,
        facts: &Facts,
        code: Vec<u8>,
    ) -> Result<(Arc<Plugin>, Vec<u8>), InspectError> {
        let (shared, facts) = (Arc::clone(self), facts.clone());
        blocking(move || Ok((shared.link(&facts, &code)?, code))).await
    }

    /// Keeps what was compiled now in memory and on disk. A component that turns out to be unusable gets no place in either.
    async fn keep(self: &Arc<Self>, ready: Ready) -> Result<(), InspectError> {
        let Ready { facts, plugin, fresh, .. } = ready;
        let Some(Fresh { code, .. }) = fresh else { return Ok(()) };
        let shared = Arc::clone(self);
        blocking(move || {
            shared.components.insert(facts.digest, plugin, code.len());
            if let Err(error) = shared.code_cache.put(facts.digest, &code, &shared.components.digests()) {
                tracing::warn!(component = %facts.digest, %error, "compiled code was not written to the cache; a restart compiles it again");
            }
            Ok(())
        })
        .await
    }

    /// Makes code callable.
    fn link(&self, facts: &Facts, code: &[u8]) -> Result<Arc<Plugin>, InspectError> {
        self.runtime.link(facts.contract, code).map(Arc::new).map_err(InspectError::Refused)
    }

    /// Asks the plugin what it is, where it can take all the time that it may.
    fn describe(&self, component: Digest, plugin: &Plugin) -> Result<Ended<Description>, io::Error> {
        match &self.worker_processes {
            Some(worker_processes) if !self.is_trusted(component) => {
                Ok(worker_processes.describe(component, plugin)?.0)
            }
            _ => Ok(plugin.describe(&self.runtime.stage(self.runtime.limits().wall_time))),
        }
    }

    /// Asks the plugin what to do next. None when the call belongs in the slow tier and this is the fast one.
    fn transform(&self, plugin: &Plugin, request: &MapRequest, tier: Tier) -> Option<Mapped> {
        let (component, limits) = (request.component, self.runtime.limits());
        // The latency of the component may have become known while this call waited.
        if tier == Tier::Fast && self.latency.is_slow(component, Instant::now()) {
            return None;
        }
        let begun = thread_time();
        let arguments = match Arguments::new(request) {
            Ok(arguments) => arguments,
            Err(error) => return Some(Mapped::not_run(error)),
        };
        let time = if tier == Tier::Fast { limits.wall_time.min(QUICK) } else { limits.wall_time };
        let (ended, elsewhere) = match &self.worker_processes {
            Some(worker_processes) if tier == Tier::Slow => {
                match worker_processes.transform(component, plugin, &arguments) {
                    Ok(made) => made,
                    Err(error) => return Some(Mapped::not_run(MapError::Unavailable(error.to_string()))),
                }
            }
            _ => (plugin.transform(&self.runtime.stage(time), &arguments), Duration::ZERO),
        };
        let mapped = mapped(ended, limits);
        // Making and clearing away the instance and checking the answer included.
        let here = thread_time().saturating_sub(begun);
        self.latency.took(component, here.saturating_add(elsewhere), Instant::now());
        mapped
    }
}

/// The result of a call, its answer checked. None when it was cut short.
fn mapped(ended: Ended<Answer>, limits: &PluginLimits) -> Option<Mapped> {
    let Ended { outcome, cut_short, logs, usage } = ended;
    let outcome = outcome.map_err(MapError::from).and_then(|answer| answer.check(limits));
    (!cut_short).then_some(Mapped { outcome, logs, usage })
}

#[async_trait]
impl Mapper for PluginHost {
    fn limits(&self) -> &PluginLimits {
        self.shared.runtime.limits()
    }

    async fn inspect(&self, component: Bytes, owner: PluginOwner) -> Result<Inspected, InspectError> {
        let size_bytes = component.len() as u64;
        let ready = self.prepare(component, Wanted::ForUpload(owner)).await?;
        let (shared, plugin, digest) =
            (Arc::clone(&self.shared), Arc::clone(&ready.plugin), ready.facts.digest);
        let tier = if shared.is_trusted(digest) { Tier::Fast } else { Tier::Slow };
        let described = self.pool.run(tier, project_of(owner), move || shared.describe(digest, &plugin));
        let described = described.await.map_err(|error| unavailable(&error))?;
        let Ended { outcome, usage, .. } = described.map_err(|error| unavailable(&error))?;
        let description = outcome.map_err(|error| match error {
            CallError::Host(message) => InspectError::Unavailable(message),
            CallError::Types(message) => {
                InspectError::Refused(format!("the component is not a mapping: {message}"))
            }
            error => InspectError::Refused(format!("`describe` did not answer: {error}")),
        })?;
        describe::check(&description).map_err(InspectError::Refused)?;
        self.try_schema(&description.settings_schema, &ready.facts, owner).await?;
        let inspected = Inspected {
            digest: ready.facts.digest,
            contract: ready.facts.contract.version().to_owned(),
            description,
            size_bytes,
            imports: ready.facts.imports.clone(),
            waited: ready.waited,
            compile_time: ready.fresh.as_ref().map(|fresh| fresh.compile_time),
            usage,
        };
        self.shared.keep(ready).await?;
        Ok(inspected)
    }

    async fn load(&self, component: Bytes) -> Result<(), InspectError> {
        let ready = self.prepare(component, Wanted::ForDelivery).await?;
        self.shared.keep(ready).await
    }

    async fn check_settings(
        &self,
        schema: &str,
        settings: &Settings,
        owner: PluginOwner,
    ) -> Result<Vec<SettingsProblem>, SettingsError> {
        let slot = self.queues.check(owner).await;
        let _slot = slot.map_err(|full| SettingsError::Unavailable(full.to_string()))?;
        settings_check::check(&self.sandbox, schema, settings).await
    }

    async fn transform(&self, request: MapRequest) -> Mapped {
        let Some(plugin) = self.shared.components.get(request.component) else {
            return Mapped::not_run(MapError::NotLoaded);
        };
        let (project, request) = (request.event.project, Arc::new(request));
        for tier in [Tier::Fast, Tier::Slow] {
            let (shared, plugin, request) =
                (Arc::clone(&self.shared), Arc::clone(&plugin), Arc::clone(&request));
            if tier == Tier::Fast && shared.latency.is_slow(request.component, Instant::now()) {
                continue;
            }
            let call = move || shared.transform(&plugin, &request, tier);
            match self.pool.run(tier, project, call).await {
                Ok(Some(mapped)) => return mapped,
                // A call has no effects: it can run again elsewhere, with the same inputs.
                Ok(None) => {}
                Err(error) => return Mapped::not_run(MapError::Unavailable(error.to_string())),
            }
        }
        Mapped::not_run(MapError::Unavailable("the slow tier cut a call short".into()))
    }
}

/// The project that a `describe` of the owner's component counts for.
fn project_of(owner: PluginOwner) -> ProjectId {
    match owner {
        PluginOwner::Project(project) => project,
        PluginOwner::Bundled => ProjectId::from_bytes([0; 16]),
    }
}

/// Runs what takes longer than a moment beside the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, InspectError> + Send + 'static,
) -> Result<T, InspectError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(unavailable(&error)))
}

fn unavailable(error: &dyn std::error::Error) -> InspectError {
    InspectError::Unavailable(error.to_string())
}
