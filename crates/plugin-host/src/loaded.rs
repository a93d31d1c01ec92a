//! The components in memory that can be called at once.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::Arc;

use hookwright_model::Digest;
use parking_lot::Mutex;

/// A bounded number of components with a bounded amount of code; those that have not been used for longest give way to a
/// new one, which always has a place. A component that gave way lives on until the calls that use it have ended.
pub(crate) struct Loaded<T> {
    capacity: NonZero<usize>,
    max_bytes: usize,
    entries: Mutex<Entries<T>>,
}

struct Entries<T> {
    uses: u64,
    bytes: usize,
    by_digest: HashMap<Digest, Entry<T>>,
}

struct Entry<T> {
    plugin: Arc<T>,
    /// Size of its code.
    bytes: usize,
    last_use: u64,
}

impl<T> Loaded<T> {
    /// Room for this many components, with so many bytes of code together.
    pub(crate) fn new(capacity: NonZero<usize>, max_bytes: usize) -> Self {
        let entries = Entries { uses: 0, bytes: 0, by_digest: HashMap::new() };
        Self { capacity, max_bytes, entries: Mutex::new(entries) }
    }

    /// The component, if it is here.
    pub(crate) fn get(&self, component: Digest) -> Option<Arc<T>> {
        let mut entries = self.entries.lock();
        entries.uses += 1;
        let now = entries.uses;
        let entry = entries.by_digest.get_mut(&component)?;
        entry.last_use = now;
        Some(Arc::clone(&entry.plugin))
    }

    /// Adds a component with so many bytes of code.
    pub(crate) fn insert(&self, component: Digest, plugin: Arc<T>, bytes: usize) {
        let mut entries = self.entries.lock();
        entries.remove(component);
        entries.uses += 1;
        entries.bytes += bytes;
        let last_use = entries.uses;
        entries.by_digest.insert(component, Entry { plugin, bytes, last_use });
        while entries.by_digest.len() > self.capacity.get() || entries.bytes > self.max_bytes {
            match entries.oldest() {
                Some(oldest) if oldest != component => entries.remove(oldest),
                _ => break,
            }
        }
    }

    /// The components that are here.
    pub(crate) fn digests(&self) -> Vec<Digest> {
        self.entries.lock().by_digest.keys().copied().collect()
    }

    /// How many components are here, and how many bytes of code they have.
    pub(crate) fn size(&self) -> (usize, usize) {
        let entries = self.entries.lock();
        (entries.by_digest.len(), entries.bytes)
    }
}

impl<T> Entries<T> {
    fn oldest(&self) -> Option<Digest> {
        self.by_digest.iter().min_by_key(|(_, entry)| entry.last_use).map(|(digest, _)| *digest)
    }

    fn remove(&mut self, component: Digest) {
        if let Some(entry) = self.by_digest.remove(&component) {
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_used_longest_ago_give_way_to_a_heavy_one_which_always_has_a_place() {
        let loaded = Loaded::new(NonZero::new(8).unwrap(), 100);
        let [a, b, c, d] = [b"a", b"b", b"c", b"d"].map(|name| Digest::of(name));
        for component in [a, b, c] {
            loaded.insert(component, Arc::new(()), 30);
        }
        loaded.insert(c, Arc::new(()), 30);
        assert_eq!(loaded.size(), (3, 90), "the same one is not weighed twice");
        assert!(loaded.get(a).is_some());
        loaded.insert(d, Arc::new(()), 60);
        assert_eq!((loaded.size(), loaded.get(b), loaded.get(c)), ((2, 90), None, None));
        loaded.insert(b, Arc::new(()), 1_000);
        assert_eq!(loaded.digests(), [b]);
    }
}
