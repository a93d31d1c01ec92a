//! What a call of the host costs a plugin: instructions, as many as the host may need for it. So a loop of such calls ends
//! where any loop does, at the same call on every machine.

use wasmtime::component::{ComponentNamedList, Lift, LinkerInstance, Lower};
use wasmtime::{Result, StoreContextMut, Trap};

use crate::call::State;

/// Instructions of any call.
const CALL: u64 = 100;
/// Bytes that the host takes from the plugin for one instruction.
const BYTES: usize = 4;

/// Defines functions of the host that cost instructions.
pub(crate) trait Priced {
    /// As [`LinkerInstance::func_wrap`], at the price of a call. What takes lists or texts has to [`pay_for`] them.
    ///
    /// # Errors
    /// When the name is defined twice.
    fn priced<Params, Return>(
        &mut self,
        name: &str,
        function: impl Fn(StoreContextMut<'_, State>, Params) -> Result<Return> + Send + Sync + 'static,
    ) -> Result<()>
    where
        Params: ComponentNamedList + Lift + 'static,
        Return: ComponentNamedList + Lower + 'static;
}

impl Priced for LinkerInstance<'_, State> {
    fn priced<Params, Return>(
        &mut self,
        name: &str,
        function: impl Fn(StoreContextMut<'_, State>, Params) -> Result<Return> + Send + Sync + 'static,
    ) -> Result<()>
    where
        Params: ComponentNamedList + Lift + 'static,
        Return: ComponentNamedList + Lower + 'static,
    {
        self.func_wrap(name, move |mut store, params| {
            pay(&mut store, CALL)?;
            function(store, params)
        })
    }
}

/// Takes the price of so many bytes.
///
/// # Errors
/// [`Trap::OutOfFuel`] when the plugin has not so many instructions left.
pub(crate) fn pay_for(store: &mut StoreContextMut<'_, State>, bytes: usize) -> Result<()> {
    pay(store, (bytes / BYTES) as u64)
}

fn pay(store: &mut StoreContextMut<'_, State>, instructions: u64) -> Result<()> {
    let left = store.get_fuel()?.checked_sub(instructions);
    store.set_fuel(left.unwrap_or_default())?;
    match left {
        Some(_) => Ok(()),
        None => Err(Trap::OutOfFuel.into()),
    }
}
