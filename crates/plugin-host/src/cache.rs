//! Compiled components on disk, so that a restart compiles nothing.
//!
//! A compiled component is machine code: loading one is running it. So every file carries a MAC under the
//! installation's key over what it is and what it holds, and one that does not verify is as good as absent. A file
//! holds `MAC (32 bytes) | code` and lies under `<compatibility>/<digest>`; a folder of another compatibility was
//! written by another version of the host, and is removed.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hookwright_model::Digest;
use tempfile::NamedTempFile;
use wasmtime::Engine;

/// The key that authenticates compiled code. It does not show in debug output.
#[derive(Clone)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key with these bytes. They must be secret, random and the same after a restart.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CacheKey")
    }
}

/// What code must have in common with an engine to run in it: version and configuration of the compiler, processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Compatibility([u8; 32]);

impl Compatibility {
    const NAME_LEN: usize = 32;

    /// The compatibility of the code that this engine makes.
    pub(crate) fn of(engine: &Engine) -> Self {
        struct Blake3(blake3::Hasher);
        impl Hasher for Blake3 {
            fn write(&mut self, bytes: &[u8]) {
                self.0.update(bytes);
            }
            fn finish(&self) -> u64 {
                0 // Never asked for: the whole hash is taken below.
            }
        }
        let mut hasher = Blake3(blake3::Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self(hasher.0.finalize().into())
    }

    /// The 32 bytes.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn name(self) -> String {
        hex(&self.0)[..Self::NAME_LEN].to_owned()
    }
}

/// What the cache has for a component.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cached {
    /// Code that this installation wrote, unchanged.
    Code(Vec<u8>),
    /// Nothing.
    Absent,
    /// A file that is damaged or was written by somebody else.
    Rejected,
}

/// A folder of compiled components.
pub(crate) struct Cache {
    folder: PathBuf,
    key: CacheKey,
    compatibility: Compatibility,
}

impl Cache {
    const MAC_BYTES: usize = 32;

    /// Opens the folder, which is made if it is missing, and removes what other versions of the host left there.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub(crate) fn open(root: &Path, key: CacheKey, compatibility: Compatibility) -> io::Result<Self> {
        let name = compatibility.name();
        let folder = root.join(&name);
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|other| is_folder_name(other) && other != name) {
                // What cannot be removed does no harm: it is never read.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(Self { folder, key, compatibility })
    }

    /// Reads the code of a component.
    pub(crate) fn get(&self, component: Digest) -> Cached {
        let mut bytes = match fs::read(self.path(component)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Cached::Absent,
            Err(error) => {
                tracing::warn!(%component, %error, "compiled code cannot be read");
                return Cached::Rejected;
            }
        };
        let Some((mac, code)) = bytes.split_first_chunk::<{ Self::MAC_BYTES }>() else {
            return Cached::Rejected;
        };
        // Compared in constant time: that is what `blake3::Hash` does.
        if self.mac(component, code) != blake3::Hash::from_bytes(*mac) {
            return Cached::Rejected;
        }
        bytes.drain(..Self::MAC_BYTES);
        Cached::Code(bytes)
    }

    /// Keeps the code of a component. Readers see the whole file or none; after a power loss it may be damaged, which
    /// [`Cache::get`] notices.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn put(&self, component: Digest, code: &[u8]) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(&self.folder)?;
        file.write_all(self.mac(component, code).as_bytes())?;
        file.write_all(code)?;
        file.persist(self.path(component)).map_err(|error| error.error)?;
        Ok(())
    }

    fn path(&self, component: Digest) -> PathBuf {
        self.folder.join(hex(&component.to_bytes()))
    }

    fn mac(&self, component: Digest, code: &[u8]) -> blake3::Hash {
        let mut mac = blake3::Hasher::new_keyed(&self.key.0);
        mac.update(b"hookwright compiled component 1");
        mac.update(self.compatibility.as_bytes()).update(&component.to_bytes()).update(code);
        mac.finalize()
    }
}

fn is_folder_name(name: &str) -> bool {
    name.len() == Compatibility::NAME_LEN && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPATIBILITY: Compatibility = Compatibility([7; 32]);

    fn open(root: &Path, key: u8) -> Cache {
        Cache::open(root, CacheKey::new([key; 32]), COMPATIBILITY).unwrap()
    }

    #[test]
    fn what_was_put_is_got_by_the_same_key_only() {
        let root = tempfile::tempdir().unwrap();
        let (component, other) = (Digest::of(b"a"), Digest::of(b"b"));
        open(root.path(), 1).put(component, b"code").unwrap();

        assert_eq!(open(root.path(), 1).get(component), Cached::Code(b"code".to_vec()));
        assert_eq!(open(root.path(), 1).get(other), Cached::Absent);
        assert_eq!(open(root.path(), 2).get(component), Cached::Rejected);
    }

    #[test]
    fn a_file_that_was_changed_cut_or_moved_is_rejected() {
        let root = tempfile::tempdir().unwrap();
        let cache = open(root.path(), 1);
        let (component, other) = (Digest::of(b"a"), Digest::of(b"b"));
        cache.put(component, b"code").unwrap();
        let bytes = fs::read(cache.path(component)).unwrap();

        fs::write(cache.path(other), &bytes).unwrap();
        assert_eq!(cache.get(other), Cached::Rejected);
        for changed in [&bytes[..bytes.len() - 1], &bytes[..10], b""] {
            fs::write(cache.path(component), changed).unwrap();
            assert_eq!(cache.get(component), Cached::Rejected);
        }
    }

    #[test]
    fn what_another_version_left_is_removed_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let (old, foreign) = (root.path().join("0".repeat(32)), root.path().join("notes"));
        fs::create_dir(&old).unwrap();
        fs::create_dir(&foreign).unwrap();
        open(root.path(), 1);
        assert!(!old.exists() && foreign.exists());
    }
}
