//! How wasmtime runs plugins: instances are cheap, and there are as many as calls need.

use std::num::NonZero;

use hookwright_plugin_compiler::config;
use wasmtime::{Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::limits::PluginLimits;

/// Memory that a slot keeps for its next instance instead of giving it back to the system.
const KEEP_RESIDENT_BYTES: usize = 1024 * 1024;

/// Slots for instances, per worker. One would do; with more, a plugin mostly finds a slot that holds its own image.
const SLOTS_PER_WORKER: u32 = 4;

/// An engine that only compiles.
///
/// # Errors
/// When wasmtime does not support this machine.
pub(crate) fn compiling() -> wasmtime::Result<Engine> {
    Engine::new(&config())
}

/// An engine that runs at most `workers` instances at a time, each within the limits.
///
/// # Errors
/// When the address space for the slots cannot be reserved, or wasmtime does not support this machine.
pub(crate) fn running(workers: NonZero<usize>, limits: &PluginLimits) -> wasmtime::Result<Engine> {
    // No worker ever finds the pool exhausted: there is room for as many largest components as there are workers.
    let workers = u32::try_from(workers.get()).unwrap_or(u32::MAX);
    let slots = |per_instance: u32| workers.saturating_mul(per_instance.max(SLOTS_PER_WORKER));
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots(1)).total_core_instances(slots(limits.core_instances));
    pool.total_memories(slots(limits.memories)).total_tables(slots(limits.tables));
    pool.max_core_instances_per_component(limits.core_instances);
    pool.max_memories_per_component(limits.memories).max_tables_per_component(limits.tables);
    pool.max_memories_per_module(limits.memories).max_tables_per_module(limits.tables);
    pool.max_memory_size(limits.memory_bytes).table_elements(limits.table_elements);
    pool.max_unused_warm_slots(slots(1));
    pool.linear_memory_keep_resident(KEEP_RESIDENT_BYTES).table_keep_resident(KEEP_RESIDENT_BYTES);
    pool.pagemap_scan(Enabled::Auto);

    let mut config = config();
    config.max_wasm_stack(limits.stack_bytes).async_stack_size(limits.stack_bytes);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}
