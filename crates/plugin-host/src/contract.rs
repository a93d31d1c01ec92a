//! The versions of the contract that this host speaks. Each has an adapter of its own; the rest of the host does not
//! know which one a plugin uses.

use std::time::Duration;

use hookwright_engine::ports::{MapError, MapRequest};
use hookwright_model::{Action, Description, Payload, PayloadError, Timestamp};
use serde::{Deserialize, Serialize};
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::call::{self, CallError, Ended, State};
use crate::limits::PluginLimits;
use crate::ticker::Ticker;
#[cfg(test)]
use crate::v0_9;
use crate::v1;
use crate::wasi::{self, World};

/// A version of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// What `transform` is called with.
#[derive(Serialize, Deserialize)]
pub(crate) struct Call {
    /// Where the plugin's clock stands, in milliseconds since 1970.
    now: u64,
    /// What its random numbers follow from.
    seed: String,
    arguments: Arguments,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(test, expect(clippy::large_enum_variant, reason = "the other one is for tests"))]
enum Arguments {
    V1(v1::Arguments),
    #[cfg(test)]
    V0_9(v0_9::Arguments),
}

/// What `describe` answered, not yet checked.
#[derive(Serialize, Deserialize)]
pub(crate) enum Described {
    V1(v1::Described),
    #[cfg(test)]
    V0_9(v0_9::Described),
}

/// What `transform` answered, not yet checked.
#[derive(Serialize, Deserialize)]
pub(crate) enum Answer {
    V1(v1::Answer),
    #[cfg(test)]
    V0_9(v0_9::Answer),
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

    /// The version that it was built for.
    pub(crate) fn contract(&self) -> Contract {
        match self {
            Self::V1(_) => Contract::V1,
            #[cfg(test)]
            Self::V0_9(_) => Contract::V0_9,
        }
    }

    /// The component, compiled and linked.
    pub(crate) fn component(&self) -> &Component {
        match self {
            Self::V1(plugin) => plugin.component(),
            #[cfg(test)]
            Self::V0_9(plugin) => plugin.component(),
        }
    }

    /// What the plugin is to be called with.
    ///
    /// # Errors
    /// When the event is not what was accepted.
    pub(crate) fn call(&self, request: &MapRequest) -> Result<Call, MapError> {
        let MapRequest { event, settings, history, component: _ } = request;
        let payload = Payload::parse(&event.payload).map_err(|PayloadError { pointer, message }| {
            MapError::Unavailable(format!("the stored event is damaged: at `{pointer}`: {message}"))
        })?;
        let now = payload.created_at.as_millis();
        let arguments = match self {
            Self::V1(_) => Arguments::V1(v1::Arguments::new(event, payload, settings, history.clone())),
            #[cfg(test)]
            Self::V0_9(_) => Arguments::V0_9(v0_9::Arguments::new(event, settings)),
        };
        Ok(Call { now, seed: event.id.to_string(), arguments })
    }

    /// Asks the plugin what it is.
    pub(crate) fn describe(&self, stage: &Stage<'_>) -> Ended<Described> {
        let world = || World::new(Timestamp::EPOCH, String::new(), stage.limits.random_bytes);
        call::run(stage, world, |store| match self {
            Self::V1(plugin) => plugin.describe(store).map(Described::V1),
            #[cfg(test)]
            Self::V0_9(plugin) => plugin.describe(store).map(Described::V0_9),
        })
    }

    /// Asks the plugin what to do next.
    pub(crate) fn transform(&self, stage: &Stage<'_>, call: &Call) -> Ended<Answer> {
        let Call { now, seed, arguments } = call;
        let world = || World::new(Timestamp::from_millis(*now), seed.clone(), stage.limits.random_bytes);
        call::run(stage, world, |store| match (self, arguments) {
            (Self::V1(plugin), Arguments::V1(arguments)) => {
                plugin.transform(store, arguments).map(Answer::V1)
            }
            #[cfg(test)]
            (Self::V0_9(plugin), Arguments::V0_9(arguments)) => {
                plugin.transform(store, arguments).map(Answer::V0_9)
            }
            #[cfg(test)]
            _ => wasmtime::bail!("the call is one of another version of the contract"),
        })
    }
}

impl Described {
    /// The description in the host's words.
    pub(crate) fn description(self) -> Description {
        match self {
            Self::V1(described) => described.description(),
            #[cfg(test)]
            Self::V0_9(described) => described.description(),
        }
    }
}

impl Answer {
    /// The answer, checked.
    ///
    /// # Errors
    /// What the plugin failed with, or the rule that its answer breaks.
    pub(crate) fn check(self, limits: &PluginLimits) -> Result<Action, MapError> {
        match self {
            Self::V1(answer) => answer.check(limits),
            #[cfg(test)]
            Self::V0_9(answer) => answer.check(limits),
        }
    }
}

impl From<CallError> for MapError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Trap(message) => Self::Trap(message),
            CallError::Limit(message) => Self::Limit(message),
            CallError::Types(message) => Self::Invalid(message),
            CallError::Host(message) => Self::Unavailable(message),
        }
    }
}
