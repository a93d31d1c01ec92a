//! What a component is, before it is compiled, let alone run. Every refusal says what to do about it.

use wasmparser::{Encoding, Parser, Payload, Validator};

use hookwright_engine::ports::InspectError;
use hookwright_model::Digest;

use crate::contract::Contract;
use crate::engine::FEATURES;
use crate::limits::PluginLimits;
use crate::wasi;

/// Exports that every version of the contract has.
const EXPORTS: [&str; 2] = ["hookwright:mapping/plugin", "hookwright:mapping/lead-created"];

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

/// Finds out which contract the component was built for, and that it is valid and asks for nothing that a plugin does
/// not get.
///
/// # Errors
/// The first thing that is wrong with it.
pub(crate) fn inspect(component: &[u8], limits: &PluginLimits) -> Result<Facts, InspectError> {
    if component.len() > limits.component_bytes {
        return Err(InspectError::TooLarge { bytes: component.len(), max_bytes: limits.component_bytes });
    }
    check_encoding(component)?;
    Validator::new_with_features(FEATURES).validate_all(component).map_err(|error| {
        refused(format!(
            "this is not a valid component: {} (at byte {}); upload the file as the build wrote it, and build without \
             WebAssembly proposals beyond version 2.0",
            error.message(),
            error.offset()
        ))
    })?;
    let Names { imports, exports } = names(component)?;
    let contract = contract_of(&exports)?;
    imports.iter().try_for_each(|import| check_import(import, contract))?;
    let imports = imports.into_iter().map(str::to_owned).collect();
    Ok(Facts { digest: Digest::of(component), contract, imports })
}

fn refused(reason: impl Into<String>) -> InspectError {
    InspectError::Refused(reason.into())
}

fn check_encoding(bytes: &[u8]) -> Result<(), InspectError> {
    match Parser::new(0).parse_all(bytes).next() {
        Some(Ok(Payload::Version { encoding: Encoding::Component, .. })) => Ok(()),
        Some(Ok(Payload::Version { encoding: Encoding::Module, .. })) => Err(refused(
            "this is a core WebAssembly module, not a component; build for the target wasm32-wasip2, or wrap the \
             module with `wasm-tools component new`",
        )),
        _ => Err(refused(
            "this is not WebAssembly: a component begins with the bytes 00 61 73 6d 0d 00 01 00; upload the .wasm \
             file that the build wrote",
        )),
    }
}

struct Names<'a> {
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
}

/// The names that the outermost component imports and exports.
fn names(component: &[u8]) -> Result<Names<'_>, InspectError> {
    let mut names = Names { imports: Vec::new(), exports: Vec::new() };
    let malformed = |error: wasmparser::Error| refused(format!("this is not a valid component: {error}"));
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(malformed)? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    names.imports.push(import.map_err(malformed)?.name.name);
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    names.exports.push(export.map_err(malformed)?.name.name);
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

fn contract_of(exports: &[&str]) -> Result<Contract, InspectError> {
    let known = || Contract::ALL.map(Contract::version).join(", ");
    let mut versions = Vec::with_capacity(EXPORTS.len());
    for interface in EXPORTS {
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
    Contract::ALL.into_iter().find(|contract| contract.version() == version).ok_or_else(|| {
        let shown: String = version.chars().take(40).collect();
        refused(format!(
            "the component was built for version {shown} of the contract; this host knows {}; rebuild it for one of \
             these, or update the host",
            known()
        ))
    })
}

fn check_import(import: &str, contract: Contract) -> Result<(), InspectError> {
    if contract.imports().contains(&import) {
        return Ok(());
    }
    let (interface, version) = import.split_once('@').unwrap_or((import, ""));
    if wasi::INTERFACES.contains(&interface) {
        if version.starts_with("0.2.") {
            return Ok(());
        }
        return Err(refused(format!(
            "the component imports `{import}`; of WASI, the host has version 0.2 only"
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
    let shown: String = import.chars().take(120).collect();
    Err(refused(format!("the component imports `{shown}`, which a mapping does not get: {advice}")))
}
