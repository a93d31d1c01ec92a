//! The components in memory that can be called at once.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::Arc;

use hookwright_model::Digest;
use parking_lot::Mutex;

use crate::contract::Plugin;

/// A bounded number of components; the one that has not been used for longest gives way to a new one. A component that
/// gave way lives on until the calls that use it have ended.
pub(crate) struct Loaded {
    capacity: NonZero<usize>,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    uses: u64,
    by_digest: HashMap<Digest, Entry>,
}

struct Entry {
    plugin: Arc<Plugin>,
    last_use: u64,
}

impl Loaded {
    /// Room for this many components.
    pub(crate) fn new(capacity: NonZero<usize>) -> Self {
        Self { capacity, entries: Mutex::default() }
    }

    /// The component, if it is here.
    pub(crate) fn get(&self, component: Digest) -> Option<Arc<Plugin>> {
        let mut entries = self.entries.lock();
        entries.uses += 1;
        let now = entries.uses;
        let entry = entries.by_digest.get_mut(&component)?;
        entry.last_use = now;
        Some(Arc::clone(&entry.plugin))
    }

    /// Adds a component.
    pub(crate) fn insert(&self, component: Digest, plugin: Arc<Plugin>) {
        let mut entries = self.entries.lock();
        entries.uses += 1;
        let last_use = entries.uses;
        entries.by_digest.insert(component, Entry { plugin, last_use });
        if entries.by_digest.len() > self.capacity.get()
            && let Some(oldest) = entries.oldest()
        {
            entries.by_digest.remove(&oldest);
        }
    }

    /// How many components are here.
    pub(crate) fn len(&self) -> usize {
        self.entries.lock().by_digest.len()
    }
}

impl Entries {
    fn oldest(&self) -> Option<Digest> {
        self.by_digest.iter().min_by_key(|(_, entry)| entry.last_use).map(|(digest, _)| *digest)
    }
}
