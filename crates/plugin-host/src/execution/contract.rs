//! The versions of the contract that this host speaks. Each has an adapter of its own; the rest of the host does not know
//! which one a plugin uses.

use std::fmt;

use hookwright_model::{Description, Timestamp};
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};

use super::adapter::{Adapter, Exports};
use super::answer::Answer;
use super::arguments::Arguments;
use super::call::{self, Ended};
use super::instance::{Stage, State};
use super::world::World;
use super::{v1, wasi};

/// A version of the contract.
#[derive(Clone, Copy)]
pub(crate) struct Contract(&'static dyn Adapter);

impl Contract {
    /// Every version that this host speaks.
    pub(crate) const ALL: &[Self] = &[
        Self(&v1::V1),
        #[cfg(test)]
        Self(&super::v0_9::V0_9),
    ];

    /// The contract of a version.
    pub(crate) fn find(version: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|contract| contract.version() == version)
    }

    /// The version, as components name it.
    pub(crate) fn version(self) -> &'static str {
        self.0.version()
    }

    /// The interfaces that its components may import beside WASI.
    pub(crate) fn imports(self) -> &'static [&'static str] {
        self.0.imports()
    }
}

impl PartialEq for Contract {
    fn eq(&self, other: &Self) -> bool {
        self.version() == other.version()
    }
}

impl Eq for Contract {}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.version())
    }
}

/// A linker that defines what components of every version import.
///
/// # Errors
/// When a name is defined twice.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasi::link(&mut linker)?;
    for contract in Contract::ALL {
        contract.0.link(&mut linker)?;
    }
    Ok(linker)
}

/// A component that can be called.
pub(crate) struct Plugin {
    contract: Contract,
    exports: Box<dyn Exports>,
}

impl Plugin {
    /// A plugin of this component, which was built for that version.
    ///
    /// # Errors
    /// When it lacks an export of the version.
    pub(crate) fn new(contract: Contract, component: InstancePre<State>) -> wasmtime::Result<Self> {
        Ok(Self { contract, exports: contract.0.exports(component)? })
    }

    /// The version that it was built for.
    pub(crate) fn contract(&self) -> Contract {
        self.contract
    }

    /// The component, compiled and linked.
    pub(crate) fn component(&self) -> &Component {
        self.exports.component()
    }

    /// Asks the plugin to describe itself; the description is not checked yet.
    pub(crate) fn describe(&self, stage: &Stage<'_>) -> Ended<Description> {
        let world = || World::new(Timestamp::EPOCH, String::new(), stage.limits.random_bytes);
        call::run(stage, world, |store| self.exports.describe(store))
    }

    /// Asks the plugin what to do next; the answer is not checked yet.
    pub(crate) fn transform(&self, stage: &Stage<'_>, arguments: &Arguments) -> Ended<Answer> {
        let now = Timestamp::from_millis(arguments.now);
        let world = || World::new(now, arguments.event_id.clone(), stage.limits.random_bytes);
        call::run(stage, world, |store| self.exports.transform(store, arguments))
    }
}
