//! The components in memory that can be called at once.

use std::num::NonZero;
use std::sync::Arc;

use hookwright_model::Digest;
use lru::LruCache;
use parking_lot::Mutex;

/// A bounded number of components with a bounded amount of code. A new one always has a place: those that have not been
/// used for longest give way to it. A component that gave way lives on until the calls that use it have ended.
pub(crate) struct ComponentCache<T> {
    capacity: NonZero<usize>,
    max_bytes: usize,
    entries: Mutex<Entries<T>>,
}

struct Entries<T> {
    bytes: usize,
    by_digest: LruCache<Digest, Entry<T>>,
}

struct Entry<T> {
    plugin: Arc<T>,
    /// Size of its code.
    bytes: usize,
}

impl<T> ComponentCache<T> {
    /// Room for this many components, with so many bytes of code together.
    pub(crate) fn new(capacity: NonZero<usize>, max_bytes: usize) -> Self {
        let entries = Entries { bytes: 0, by_digest: LruCache::unbounded() };
        Self { capacity, max_bytes, entries: Mutex::new(entries) }
    }

    /// The component, if it is here.
    pub(crate) fn get(&self, component: Digest) -> Option<Arc<T>> {
        self.entries.lock().by_digest.get(&component).map(|entry| Arc::clone(&entry.plugin))
    }

    /// Adds a component with so many bytes of code.
    pub(crate) fn insert(&self, component: Digest, plugin: Arc<T>, bytes: usize) {
        let mut gone = Vec::new();
        let mut entries = self.entries.lock();
        let Entries { bytes: total, by_digest } = &mut *entries;
        *total += bytes;
        gone.extend(by_digest.put(component, Entry { plugin, bytes }));
        *total -= gone.iter().map(|entry| entry.bytes).sum::<usize>();
        while by_digest.len() > 1 && (by_digest.len() > self.capacity.get() || *total > self.max_bytes) {
            let Some((_, oldest)) = by_digest.pop_lru() else { break };
            *total -= oldest.bytes;
            gone.push(oldest);
        }
        // To unmap code takes a while: not under the lock.
        drop(entries);
        drop(gone);
    }

    /// The components that are here.
    pub(crate) fn digests(&self) -> Vec<Digest> {
        self.entries.lock().by_digest.iter().map(|(digest, _)| *digest).collect()
    }

    /// How many components are here, and how many bytes of code they have.
    pub(crate) fn size(&self) -> (usize, usize) {
        let entries = self.entries.lock();
        (entries.by_digest.len(), entries.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_used_longest_ago_give_way_to_a_heavy_one_which_always_has_a_place() {
        let cache = ComponentCache::new(NonZero::new(8).unwrap(), 100);
        let [a, b, c, d] = [b"a", b"b", b"c", b"d"].map(|name| Digest::of(name));
        for component in [a, b, c] {
            cache.insert(component, Arc::new(()), 30);
        }
        cache.insert(c, Arc::new(()), 30);
        assert_eq!(cache.size(), (3, 90), "the same one is not weighed twice");
        assert!(cache.get(a).is_some());
        cache.insert(d, Arc::new(()), 60);
        assert_eq!((cache.size(), cache.get(b), cache.get(c)), ((2, 90), None, None));
        cache.insert(b, Arc::new(()), 1_000);
        assert_eq!(cache.digests(), [b]);
    }
}
