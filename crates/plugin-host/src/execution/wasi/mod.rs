//! The frozen, empty world: what the standard libraries of languages import from WASI 0.2, and nothing behind it.
//!
//! There are no arguments, no environment, no files, no network, no input; output is dropped, but for the last words on
//! standard error, which explain a crash. The clock stands still, random numbers follow from a seed, and whatever can be
//! waited for is ready at once. So the same inputs always give the same answer.

mod filesystem;
mod io;
mod system;

use wasmtime::component::Linker;

use super::instance::State;

/// The interfaces that a component may import, of any version 0.2.x.
pub(crate) const INTERFACES: [&str; 20] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// Defines every one of [`INTERFACES`].
///
/// # Errors
/// When a name is defined twice.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    io::link(linker)?;
    system::link(linker)?;
    filesystem::link(linker)
}

/// The name under which an interface is defined; it serves importers of every version 0.2.x.
fn versioned(interface: &str) -> String {
    format!("{interface}@0.2.0")
}
