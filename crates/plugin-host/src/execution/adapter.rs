//! What an adapter for a version of the contract has to do.

use hookwright_model::Description;
use wasmtime::Store;
use wasmtime::component::{Component, InstancePre, Linker};

use super::answer::Answer;
use super::arguments::Arguments;
use super::instance::State;

/// A version of the contract.
pub(crate) trait Adapter: Send + Sync {
    /// The version, as components name it.
    fn version(&self) -> &'static str;

    /// The interfaces that its components may import beside WASI.
    fn imports(&self) -> &'static [&'static str];

    /// Defines these interfaces.
    ///
    /// # Errors
    /// When a name is defined twice.
    fn link(&self, linker: &mut Linker<State>) -> wasmtime::Result<()>;

    /// Finds the exports of a component that was built for this version. Their types are known only to an instance: see
    /// [`Exports::describe`].
    ///
    /// # Errors
    /// When one is missing.
    fn exports(&self, component: InstancePre<State>) -> wasmtime::Result<Box<dyn Exports>>;
}

/// The exports of a component. Each call makes an instance in the store.
pub(crate) trait Exports: Send + Sync {
    /// The component, compiled and linked.
    fn component(&self) -> &Component;

    /// Asks the plugin to describe itself.
    ///
    /// # Errors
    /// [`WrongTypes`](super::call::WrongTypes) when the exports do not have the types that the contract gives them, and what went
    /// wrong when the instance traps or meets a limit.
    fn describe(&self, store: &mut Store<State>) -> wasmtime::Result<Description>;

    /// Asks the plugin what to do next.
    ///
    /// # Errors
    /// When the instance traps or meets a limit.
    fn transform(&self, store: &mut Store<State>, arguments: &Arguments) -> wasmtime::Result<Answer>;
}
