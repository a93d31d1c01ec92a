//! Mapping plugins.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hookwright_model::{
    Action, Description, Digest, ErrorKind, Event, Failure, History, LogLine, PluginLimits, PluginOwner,
    Settings,
};

use crate::settings::SettingsProblem;

/// Runs mapping plugins. Nothing that a plugin does reaches beyond the answer of the call that it was made for.
#[async_trait]
pub trait Mapper: Send + Sync + 'static {
    /// What a plugin may be and use.
    fn limits(&self) -> &PluginLimits;

    /// Inspects a component and has it describe itself, before any webhook uses it. A component
    /// that passes can be called afterwards without [`Mapper::load`]. Owners take turns: what one of them hands in
    /// delays nobody else.
    ///
    /// # Errors
    /// Why it cannot be used, in words for its author.
    async fn inspect(&self, component: Bytes, owner: PluginOwner) -> Result<Inspected, InspectError>;

    /// Makes a component callable that was inspected once, perhaps by an earlier process.
    ///
    /// # Errors
    /// As for [`Mapper::inspect`].
    async fn load(&self, component: Bytes) -> Result<(), InspectError>;

    /// Checks settings with the schema of a plugin (JSON Schema, draft 2020-12; its patterns take linear time), in bounded time
    /// and where no schema harms anybody. No problems means that they match. Owners take turns.
    ///
    /// # Errors
    /// Why they cannot be checked, in words for the person who filled them in.
    async fn check_settings(
        &self,
        schema: &str,
        settings: &Settings,
        owner: PluginOwner,
    ) -> Result<Vec<SettingsProblem>, SettingsError>;

    /// Asks a plugin what to do next. Waits for its turn when many ask.
    async fn transform(&self, request: MapRequest) -> Mapped;
}

/// What a component turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Its digest.
    pub digest: Digest,
    /// The contract version that it was built for, for example `1.0.0`.
    pub contract: String,
    /// What it says of itself; every text is within the limits, and the schema is one.
    pub description: Description,
    /// Its size.
    pub size_bytes: u64,
    /// The interfaces that it imports, as it names them, in its order.
    pub imports: Vec<String>,
    /// How long it waited for its turn to be compiled.
    pub waited: Duration,
    /// How long compiling it took, without waiting for its turn; none when its code was there already.
    pub compile_time: Option<Duration>,
    /// What describing itself used.
    pub usage: Usage,
}

/// What one call of a plugin used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Instructions, as the host counts them: the same for the same call on every machine.
    pub instructions: u64,
    /// Linear memory when the call ended, all memories together: it never shrinks, so this is the most.
    pub memory_bytes: usize,
    /// From the start of the instance to its answer; waiting for a turn is not part of it.
    pub duration: Duration,
}

/// Why a component cannot be used.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum InspectError {
    /// It is too large.
    #[error("the component has {bytes} bytes; at most {max_bytes} are allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        max_bytes: usize,
    },
    /// It is no component, imports what the host does not give, exports no known contract, or exceeds a limit.
    #[error("{0}")]
    Refused(String),
    /// The host cannot do it now.
    #[error("the component cannot be checked now: {0}")]
    Unavailable(String),
}

impl InspectError {
    /// What the error means to the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Refused(_) => ErrorKind::InvalidInput,
            Self::Unavailable(_) => ErrorKind::Unavailable,
        }
    }
}

/// Why settings cannot be checked.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum SettingsError {
    /// The schema is none, or takes too much with these settings.
    #[error("the plugin's settings schema cannot be used: {0}")]
    Schema(String),
    /// The host cannot do it now.
    #[error("settings cannot be checked now: {0}")]
    Unavailable(String),
}

/// One call of a plugin's `transform`.
#[derive(Debug, Clone)]
pub struct MapRequest {
    /// The component.
    pub component: Digest,
    /// The event.
    pub event: Event,
    /// The settings of the webhook.
    pub settings: Settings,
    /// What has happened to the delivery so far.
    pub history: History,
}

/// The result of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// The action, checked: paths stay below the webhook's URL, headers are allowed, sizes are within the limits.
    pub outcome: Result<Action, MapError>,
    /// What the plugin wrote.
    pub logs: Vec<LogLine>,
    /// The resources that the call used, even if its outcome is an error; all zero when the plugin was not run.
    pub usage: Usage,
}

impl Mapped {
    /// The outcome when the plugin was not run.
    pub fn not_run(error: MapError) -> Self {
        Self { outcome: Err(error), logs: Vec::new(), usage: Usage::default() }
    }
}

/// Why a call gave no action.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum MapError {
    /// The plugin said so.
    #[error("{}", match .0 { Failure::Permanent(reason) | Failure::Retry { reason, .. } => reason })]
    Plugin(Failure),
    /// The plugin crashed.
    #[error("the plugin crashed: {0}")]
    Trap(String),
    /// The plugin exceeded a limit.
    #[error("the plugin exceeded a limit: {0}")]
    Limit(String),
    /// The plugin's answer breaks a rule.
    #[error("the plugin's answer is not usable: {0}")]
    Invalid(String),
    /// The component is not loaded: call [`Mapper::load`] and try again.
    #[error("the component is not loaded")]
    NotLoaded,
    /// The host could not run the plugin now; the plugin is not to blame.
    #[error("the plugin could not be run: {0}")]
    Unavailable(String),
}
