//! What a component is, before it is compiled, let alone run. Every refusal says what to do about it.
//!
//! Here is what takes linear time ([`inspect`]); [`validate`] takes more, and runs where the component is compiled.

use wasmparser::Validator;
use wasmparser::component_types::ComponentEntityType;

use hookwright_engine::ports::InspectError;
use hookwright_model::Digest;
use hookwright_plugin_compiler::FEATURES;

use super::structure::{self, Names};
use crate::execution::contract::Contract;
use crate::execution::wasi;
use crate::limits::PluginLimits;
use crate::text::shown;

/// Exports that every version of the contract has, each with its function.
const EXPORTS: [(&str, &str); 2] =
    [("hookwright:mapping/plugin", "describe"), ("hookwright:mapping/lead-created", "transform")];

/// What can be known of a component without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Its digest.
    pub(crate) digest: Digest,
    /// The contract that it was built for.
    pub(crate) contract: Contract,
    /// What it imports, as it names it.
    pub(crate) imports: Vec<String>,
}

/// Finds out which contract the component was built for, and that it is within the limits and asks for nothing that a
/// plugin does not get. It may still not be valid: see [`validate`].
///
/// # Errors
/// The first thing that is wrong with it.
pub(crate) fn inspect(component: &[u8], limits: &PluginLimits) -> Result<Facts, InspectError> {
    if component.len() > limits.component_bytes {
        return Err(InspectError::TooLarge { bytes: component.len(), max_bytes: limits.component_bytes });
    }
    check_encoding(component)?;
    let Names { imports, exports } = structure::check(component, limits)?;
    let contract = contract_of(&exports)?;
    imports.iter().try_for_each(|import| check_import(import, contract))?;
    let imports = imports.into_iter().map(str::to_owned).collect();
    Ok(Facts { digest: Digest::of(component), contract, imports })
}

/// Checks that the component is valid WebAssembly and exports the functions of its contract. This can take long and much
/// memory: types can be built that are far larger than what spells them out.
///
/// # Errors
/// What is wrong with it, in words for its author.
pub(crate) fn validate(component: &[u8]) -> Result<(), InspectError> {
    let types = Validator::new_with_features(FEATURES)
        .validate_all(component)
        .map_err(|error| structure::malformed(&error))?;
    for contract in Contract::ALL {
        for (interface, function) in EXPORTS {
            let export = format!("{interface}@{}", contract.version());
            let Some(item) = types.component_item_for_export(&export) else { continue };
            let exported = match item.ty {
                ComponentEntityType::Instance(instance) => types[instance].exports.get(function),
                _ => None,
            };
            if !exported.is_some_and(|item| matches!(item.ty, ComponentEntityType::Func(_))) {
                return Err(refused(format!(
                    "the component's export `{export}` has no function `{function}`; build it for the world \
                     `hookwright:mapping/mapper` of version {}",
                    contract.version()
                )));
            }
        }
    }
    Ok(())
}

fn refused(reason: impl Into<String>) -> InspectError {
    InspectError::Refused(reason.into())
}

/// The first bytes of every WebAssembly file.
const MAGIC: &[u8] = b"\0asm";
/// What follows in a component.
const COMPONENT: &[u8] = &[0x0d, 0, 1, 0];

fn check_encoding(bytes: &[u8]) -> Result<(), InspectError> {
    let Some(preamble) = bytes.strip_prefix(MAGIC) else {
        return Err(refused(format!("this is not WebAssembly: {}", what_else(bytes))));
    };
    if preamble.starts_with(COMPONENT) {
        return Ok(());
    }
    // Two bytes of version, and two that tell components (1) from core modules (0).
    let reason = match *preamble {
        [1, 0, 0, 0, ..] => {
            "this is a core WebAssembly module, not a component. Build for the target wasm32-wasip2, or wrap \
                             the module with `wasm-tools component new`"
                .to_owned()
        }
        [low, high, 0, 0, ..] => format!(
            "this is a core WebAssembly module of version {} of the binary format, which no current tool writes. Build a \
             component with a current toolchain, for example for Rust's target wasm32-wasip2",
            u16::from_le_bytes([low, high])
        ),
        [low, high, 1, 0, ..] => format!(
            "this is a component of version {} of the binary format; this host reads version 13. Build it with a current \
             toolchain",
            u16::from_le_bytes([low, high])
        ),
        [_, _, _, _, ..] => {
            "this is WebAssembly of an unknown kind. Upload the .wasm file that the build wrote".to_owned()
        }
        _ => "the file ends in the first bytes of a WebAssembly file: it was cut. Upload it again".to_owned(),
    };
    Err(refused(reason))
}

/// What was taken for a component, and how it becomes one.
fn what_else(bytes: &[u8]) -> &'static str {
    let text = std::str::from_utf8(bytes).ok().map(|text| text.trim_start_matches('\u{feff}').trim_start());
    let begins =
        |text: &str, with: &str| text.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    match text {
        _ if bytes.is_empty() => "the file is empty; upload the .wasm file that the build wrote",
        _ if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0x1f, 0x8b]) => {
            "it is compressed; unpack it, and upload the .wasm file"
        }
        Some(text) if text.starts_with("(component") || text.starts_with("(module") => {
            "it is WebAssembly's text format; turn it into a file with `wasm-tools parse`"
        }
        Some(text) if begins(text, "<!doctype html") || begins(text, "<html") => {
            "it is a web page, perhaps one that was downloaded instead of the file; upload the .wasm file that the build \
             wrote"
        }
        Some(text) if text.chars().all(|c| c.is_whitespace() || !c.is_control()) && !text.is_empty() => {
            "it is text, such as source code; build it into a component first (JavaScript with componentize-js, Python \
             with componentize-py, Rust for the target wasm32-wasip2), and upload the .wasm file that the build wrote"
        }
        _ => {
            "a component begins with the bytes 00 61 73 6d 0d 00 01 00; upload the .wasm file that the build wrote"
        }
    }
}

fn contract_of(exports: &[&str]) -> Result<Contract, InspectError> {
    let known = || Contract::ALL.iter().map(|contract| contract.version()).collect::<Vec<_>>().join(", ");
    let mut versions = Vec::with_capacity(EXPORTS.len());
    for (interface, _) in EXPORTS {
        let version = exports
            .iter()
            .find_map(|export| export.strip_prefix(interface)?.strip_prefix('@'))
            .ok_or_else(|| {
                refused(format!(
                    "the component does not export `{interface}`, as a mapping does; build it for the world \
                     `hookwright:mapping/mapper` of version {}",
                    known()
                ))
            })?;
        versions.push(version);
    }
    let version = versions[0];
    if versions.iter().any(|other| *other != version) {
        return Err(refused(
            "the component's exports are of different versions of the contract; build it for one",
        ));
    }
    Contract::ALL.iter().copied().find(|contract| contract.version() == version).ok_or_else(|| {
        let version = shown(version, 40);
        refused(format!(
            "the component was built for version {version} of the contract; this host knows {}; rebuild it for one of \
             these, or update the host",
            known()
        ))
    })
}

fn check_import(import: &str, contract: Contract) -> Result<(), InspectError> {
    if contract.imports().contains(&import) {
        return Ok(());
    }
    // Names are checked only when the component is validated, later.
    let shown = shown(import, 120);
    if !import.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return Err(refused(format!(
            "the component imports `{shown}`, which is no name of an import: it is damaged, or was changed after it was \
             built; upload the file as the build wrote it"
        )));
    }
    let (interface, version) = import.split_once('@').unwrap_or((import, ""));
    if wasi::INTERFACES.contains(&interface) {
        if version.starts_with("0.2.") {
            return Ok(());
        }
        return Err(refused(format!(
            "the component imports `{shown}`; of WASI, the host has version 0.2 only"
        )));
    }
    let advice = match interface.split_once('/') {
        Some(("wasi:sockets" | "wasi:http", _)) => {
            "a mapping has no network: return the request as an action instead, and build without networking (for \
             componentize-js `--disable http`, for componentize-py `--stub-wasi`)"
        }
        Some(("hookwright:mapping", _)) => "it is of another version of the contract than the exports",
        _ => {
            "a mapping may import the contract's `log` and the parts of WASI 0.2 that standard libraries bring along"
        }
    };
    Err(refused(format!("the component imports `{shown}`, which a mapping does not get: {advice}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        match inspect(bytes, &PluginLimits::default()) {
            Err(InspectError::Refused(reason)) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_that_is_something_else_is_called_what_it_is() {
        for (bytes, words) in [
            (&b"\0asm\x01\0\0\0"[..], "a core WebAssembly module, not a component"),
            (b"\0asm\x0b\0\0\0\x04type", "core WebAssembly module of version 11"),
            (b"\0asm\x0a\0\x01\0", "a component of version 10"),
            (b"\0asm\x0d\0\x02\0", "unknown kind"),
            (b"\0asm", "it was cut"),
            (b"\0asm\x0d\0", "it was cut"),
            (b"", "the file is empty"),
            (b"\0as", "a component begins with"),
            (b"a\0text\0with zeros", "a component begins with"),
            (b"export const transform = 1;", "source code"),
            ("\u{feff}def transform(): pass".as_bytes(), "source code"),
            (b" (module)", "text format"),
            (b"<!DOCTYPE html><title>404</title>", "a web page"),
            (b"PK\x03\x04abc", "compressed"),
        ] {
            let refusal = refusal(bytes);
            assert!(refusal.contains(words), "{bytes:?}: {refusal}");
        }
    }
}
