//! Every [`Mapping`] is a guest of the contract.

use std::panic;

use crate::bindings::exports::hookwright::mapping::{lead_created, plugin};
use crate::{Action, Event, Failure, History, Mapping, Stop, log};

/// Makes a component of the mapping: call it once, with the name of the type that implements [`Mapping`].
#[macro_export]
macro_rules! export {
    ($mapping:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::bindings::export_component!($mapping with_types_in $crate::bindings);

        // Elsewhere the mapping only has to be one.
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::check(&$mapping);
    };
}

impl<M: Mapping> plugin::Guest for M {
    fn describe() -> plugin::Description {
        let about = M::describe();
        let hint = |hint: &crate::HeaderHint| plugin::HeaderHint {
            name: hint.name.to_owned(),
            placeholder: hint.placeholder.to_owned(),
            secret: hint.secret,
        };
        plugin::Description {
            title: about.title.to_owned(),
            summary: about.summary.to_owned(),
            url: about.url.to_owned(),
            headers: about.headers.iter().map(hint).collect(),
            settings_schema: settings_schema::<M>().to_string(),
        }
    }
}

impl<M: Mapping> lead_created::Guest for M {
    fn transform(event: Event, settings: String, so_far: History) -> Result<Action, Failure> {
        // The host reports a trap without words; with this, the panic's own are in the log.
        if cfg!(target_family = "wasm") {
            panic::set_hook(Box::new(|panic| log::error(&panic.to_string())));
        }
        transform::<M>(&event, &settings, &so_far)
    }
}

#[doc(hidden)]
#[cfg(not(target_family = "wasm"))]
pub const fn check<M: Mapping>(_: &M) {}

pub(crate) fn transform<M: Mapping>(
    event: &Event,
    settings: &str,
    so_far: &History,
) -> Result<Action, Failure> {
    let settings: M::Settings = serde_json::from_str(settings)
        .map_err(|error| Failure::permanent(format!("The settings do not fit this mapping: {error}.")))?;
    match M::transform(event, &settings, so_far) {
        Ok(action) => Ok(action),
        Err(Stop::Call(request)) => Ok(Action::Call(*request)),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}

/// The JSON Schema (draft 2020-12) of the settings, members in the order of the struct.
pub(crate) fn settings_schema<M: Mapping>() -> serde_json::Value {
    schemars::schema_for!(M::Settings).to_value()
}
