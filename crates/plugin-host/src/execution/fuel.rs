//! Host-call fuel: a call of the host costs a plugin instructions, as many as the host may need for it. So a loop of host
//! calls ends where any loop does, at the same call on every machine.

use wasmtime::component::{ComponentNamedList, Lift, LinkerInstance, Lower};
use wasmtime::{Result, StoreContextMut, Trap};

use super::instance::State;

/// Instructions of any call.
const CALL: u64 = 100;
/// Bytes that the host takes from the plugin for one instruction.
const BYTES: usize = 4;

/// Defines functions of the host that cost instructions.
pub(crate) trait Metered {
    /// As [`LinkerInstance::func_wrap`], at the cost of a call. A function that takes lists or texts also has to
    /// [`charge_for_bytes`].
    ///
    /// # Errors
    /// When the name is defined twice.
    fn metered<Params, Return>(
        &mut self,
        name: &str,
        function: impl Fn(StoreContextMut<'_, State>, Params) -> Result<Return> + Send + Sync + 'static,
    ) -> Result<()>
    where
        Params: ComponentNamedList + Lift + 'static,
        Return: ComponentNamedList + Lower + 'static;
}

impl Metered for LinkerInstance<'_, State> {
    fn metered<Params, Return>(
        &mut self,
        name: &str,
        function: impl Fn(StoreContextMut<'_, State>, Params) -> Result<Return> + Send + Sync + 'static,
    ) -> Result<()>
    where
        Params: ComponentNamedList + Lift + 'static,
        Return: ComponentNamedList + Lower + 'static,
    {
        self.func_wrap(name, move |mut store, params| {
            charge(&mut store, CALL)?;
            function(store, params)
        })
    }
}

/// Takes the cost of so many bytes.
///
/// # Errors
/// [`Trap::OutOfFuel`] when the plugin has fewer instructions left.
pub(crate) fn charge_for_bytes(store: &mut StoreContextMut<'_, State>, bytes: usize) -> Result<()> {
    charge(store, (bytes / BYTES) as u64)
}

fn charge(store: &mut StoreContextMut<'_, State>, instructions: u64) -> Result<()> {
    let left = store.get_fuel()?.checked_sub(instructions);
    store.set_fuel(left.unwrap_or_default())?;
    match left {
        Some(_) => Ok(()),
        None => Err(Trap::OutOfFuel.into()),
    }
}
