//! The versions of the contract that this host speaks. Each has an adapter of its own; the rest of the host does not
//! know which one a plugin uses.

use std::time::Duration;

use hookwright_engine::ports::{MapError, MapRequest, Mapped};
use hookwright_model::{Action, Description, Payload, PayloadError, Timestamp};
use wasmtime::Engine;
use wasmtime::component::{InstancePre, Linker};

use crate::call::{self, CallError, Ended, State};
use crate::limits::PluginLimits;
use crate::ticker::Ticker;
#[cfg(test)]
use crate::v0_9;
use crate::v1;
use crate::wasi::{self, World};

/// A version of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contract {
    /// 1.0.0.
    V1,
    /// 0.9.0.
    #[cfg(test)]
    V0_9,
}

impl Contract {
    /// Every version that this host speaks.
    pub(crate) const ALL: &[Self] = &[
        Self::V1,
        #[cfg(test)]
        Self::V0_9,
    ];

    /// The version, as components name it.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::V1 => v1::VERSION,
            #[cfg(test)]
            Self::V0_9 => v0_9::VERSION,
        }
    }

    /// What its components may import beside WASI.
    pub(crate) fn imports(self) -> &'static [&'static str] {
        match self {
            Self::V1 => &v1::IMPORTS,
            #[cfg(test)]
            Self::V0_9 => &[],
        }
    }
}

/// A linker that defines what components of every version import.
///
/// # Errors
/// When a name is defined twice.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasi::link(&mut linker)?;
    v1::link(&mut linker)?;
    Ok(linker)
}

/// A component that can be called.
pub(crate) enum Plugin {
    V1(v1::Plugin),
    #[cfg(test)]
    V0_9(v0_9::Plugin),
}

/// What a call needs of the host.
#[derive(Clone, Copy)]
pub(crate) struct Stage<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) ticker: &'a Ticker,
    pub(crate) limits: &'a PluginLimits,
    /// Processor time that the call may take here; the limits may allow more.
    pub(crate) time: Duration,
}

impl Plugin {
    /// A plugin of this component, built for that version.
    ///
    /// # Errors
    /// When it lacks an export of the version.
    pub(crate) fn new(contract: Contract, component: InstancePre<State>) -> wasmtime::Result<Self> {
        match contract {
            Contract::V1 => v1::Plugin::new(component).map(Self::V1),
            #[cfg(test)]
            Contract::V0_9 => v0_9::Plugin::new(component).map(Self::V0_9),
        }
    }

    /// Asks the plugin what it is. The answer is not yet checked.
    pub(crate) fn describe(&self, stage: &Stage<'_>) -> Ended<Description> {
        let world = || World::new(Timestamp::EPOCH, String::new(), stage.limits.random_bytes);
        call::run(stage, world, |store| match self {
            Self::V1(plugin) => plugin.describe(store),
            #[cfg(test)]
            Self::V0_9(plugin) => plugin.describe(store),
        })
    }

    /// Asks the plugin what to do next. None when it takes longer than the stage allows, and the limits allow more.
    pub(crate) fn transform(&self, stage: &Stage<'_>, request: &MapRequest) -> Option<Mapped> {
        let MapRequest { event, settings, history, component: _ } = request;
        let payload = match Payload::parse(&event.payload) {
            Ok(payload) => payload,
            Err(PayloadError { pointer, message }) => {
                let problem = format!("the stored event is damaged: at `{pointer}`: {message}");
                return Some(Mapped::not_run(MapError::Unavailable(problem)));
            }
        };
        let limits = stage.limits;
        let now = payload.created_at;
        let world = || World::new(now, event.id.to_string(), limits.random_bytes);
        match self {
            Self::V1(plugin) => {
                let arguments = v1::Arguments::new(event, payload, settings, history.clone());
                let ended = call::run(stage, world, |store| plugin.transform(store, &arguments));
                mapped(ended, |answer| answer.check(limits))
            }
            #[cfg(test)]
            Self::V0_9(plugin) => {
                let ended = call::run(stage, world, |store| plugin.transform(store, event, settings));
                mapped(ended, |answer| answer.check(limits))
            }
        }
    }
}

/// What comes of a call, its answer checked. None when it was cut short.
fn mapped<T>(ended: Ended<T>, check: impl FnOnce(T) -> Result<Action, MapError>) -> Option<Mapped> {
    let Ended { outcome, cut_short, logs, usage } = ended;
    let outcome = outcome.map_err(MapError::from).and_then(check);
    (!cut_short).then_some(Mapped { outcome, logs, usage })
}

impl From<CallError> for MapError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Trap(message) => Self::Trap(message),
            CallError::Limit(message) => Self::Limit(message),
            CallError::Types(types) => Self::Invalid(types.to_string()),
            CallError::Host(message) => Self::Unavailable(message),
        }
    }
}
