//! The redb store keeps the promises of a store, on real files.
#![expect(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hookwright_store::testkit::{Backend, random};
use hookwright_store::{Store, conformance_tests};
use hookwright_store_redb::{MasterKey, OpenOptions, RedbStore};
use tempfile::TempDir;

/// A folder with one store.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Backend for Folder {
    fn open(&self) -> Arc<dyn Store> {
        let nonces = AtomicU64::new(0);
        let entropy = move |bytes: &mut [u8]| {
            let nonce = nonces.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            bytes.iter_mut().zip(nonce).for_each(|(byte, random)| *byte = random);
        };
        let options = OpenOptions {
            path: self.0.path().join("store.redb"),
            key: MasterKey::from_bytes([7; 32]),
            entropy: Arc::new(entropy),
        };
        Arc::new(RedbStore::open(options).unwrap())
    }
}

conformance_tests!(Folder::new());

#[test]
fn random_operations_are_answered_as_the_model_answers_them() {
    random::compare(48, Folder::new);
}
