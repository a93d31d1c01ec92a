//! The model keeps the promises that it is the measure of.

use std::sync::Arc;

use hookwright_store::testkit::{Backend, MemoryStore};
use hookwright_store::{Store, conformance_tests};

/// Memory that outlives the stores opened on it.
#[derive(Default)]
struct Memory(parking_lot::Mutex<Arc<MemoryStore>>);

impl Backend for Memory {
    fn open(&self) -> Arc<dyn Store> {
        let mut store = self.0.lock();
        *store = Arc::new(store.reopened());
        Arc::<MemoryStore>::clone(&store)
    }
}

conformance_tests!(Memory::default());
