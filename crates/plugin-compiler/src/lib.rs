//! How plugins are compiled. The plugin host and the build of the bundled plugins share this crate, so that code from the
//! build runs in the host.

use wasmparser::WasmFeatures;
use wasmtime::{Config, Engine, Result};

/// What a component may use: WebAssembly 2.0 and what compilers add to it by default. Everything else, such as threads,
/// 64-bit memories, exceptions and relaxed SIMD (whose results differ between machines), is off.
pub const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::COMPONENT_MODEL)
    .difference(WasmFeatures::GC_TYPES);

/// The configuration that decides what compiled code looks like. An engine that runs the code adds only what does not change
/// it.
pub fn config() -> Config {
    let mut config = Config::new();
    config.wasm_features(WasmFeatures::all(), false).wasm_features(FEATURES, true);
    config.consume_fuel(true).epoch_interruption(true);
    config.cranelift_nan_canonicalization(true);
    // Messages name the kind of trap; frames of a foreign module help nobody, and collecting them takes time.
    config.wasm_backtrace_max_frames(None).generate_address_map(false);
    config
}

/// Compiles a component for every processor of a target, such as `x86_64-unknown-linux-gnu`: for the least of them, not for
/// the one that this runs on.
///
/// # Errors
/// When the component is not valid, or this build of wasmtime does not compile for the target.
pub fn compile_for(target: &str, component: &[u8]) -> Result<Vec<u8>> {
    let mut config = config();
    config.target(target)?;
    Engine::new(&config)?.precompile_component(component)
}
