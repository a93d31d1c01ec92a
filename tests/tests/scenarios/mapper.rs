//! The plugin host, as a world whose time is paused can use it.

use std::num::NonZero;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hookwright_engine::ports::{InspectError, Inspected, MapRequest, Mapped, Mapper, SettingsError};
use hookwright_engine::settings::SettingsProblem;
use hookwright_model::{PluginLimits, PluginOwner, Settings};
use hookwright_plugin_host::{CacheKey, HostOptions, Isolation, PluginHost};
use tokio::runtime::Handle;

/// Compiled plugins that every test of this program shares, and the next run too.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/compiled-plugins-of-scenarios");

/// Runs plugins while time stands still. Paused time jumps to the next timer as soon as no task has anything to do, and a
/// plugin runs on a thread that is no task; a blocking task holds the time for as long as it runs.
pub(crate) struct Standstill(Arc<PluginHost>);

impl Standstill {
    pub(crate) fn new() -> Self {
        let options = HostOptions {
            cache_dir: CACHE.into(),
            cache_key: CacheKey::new([7; 32]),
            cache_bytes: 1 << 30,
            precompiled: hookwright_bundled::all().iter().map(|plugin| plugin.code).collect(),
            isolation: Isolation::InProcess,
            workers: NonZero::new(2).unwrap(),
            loaded: NonZero::new(32).unwrap(),
            loaded_bytes: 1 << 30,
            limits: PluginLimits::default(),
        };
        Self(Arc::new(PluginHost::new(options).unwrap()))
    }

    async fn hold<T, F>(&self, call: impl FnOnce(Arc<PluginHost>) -> F + Send + 'static) -> T
    where
        T: Send + 'static,
        F: Future<Output = T>,
    {
        let (host, runtime) = (Arc::clone(&self.0), Handle::current());
        tokio::task::spawn_blocking(move || runtime.block_on(call(host))).await.unwrap()
    }
}

#[async_trait]
impl Mapper for Standstill {
    fn limits(&self) -> &PluginLimits {
        self.0.limits()
    }

    async fn inspect(&self, component: Bytes, owner: PluginOwner) -> Result<Inspected, InspectError> {
        self.hold(move |host| async move { host.inspect(component, owner).await }).await
    }

    async fn load(&self, component: Bytes) -> Result<(), InspectError> {
        self.hold(move |host| async move { host.load(component).await }).await
    }

    async fn check_settings(
        &self,
        schema: &str,
        settings: &Settings,
        owner: PluginOwner,
    ) -> Result<Vec<SettingsProblem>, SettingsError> {
        let (schema, settings) = (schema.to_owned(), settings.clone());
        self.hold(move |host| async move { host.check_settings(&schema, &settings, owner).await }).await
    }

    async fn transform(&self, request: MapRequest) -> Mapped {
        self.hold(move |host| async move { host.transform(request).await }).await
    }
}
