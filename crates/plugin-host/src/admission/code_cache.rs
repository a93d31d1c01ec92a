//! Compiled components on disk, so that a restart compiles nothing.
//!
//! A compiled component is machine code: loading one is running it. So every file carries a MAC under the
//! installation's key over what it is and what it holds, and one that does not verify is as good as absent. A file
//! holds `MAC (32 bytes) | code` and lies under `<compatibility>/<digest>`; a folder of another compatibility was
//! written by another version of the host, and is removed. A file's time of access is that of its last use; when the files
//! take too much room, those used longest ago go first.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hookwright_model::Digest;
use rustix::fs::{OFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, futimens};
use wasmtime::Engine;

use crate::limits::child::COMPILE;

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
        hex::encode(&self.0[..Self::NAME_LEN / 2])
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
pub(crate) struct CodeCache {
    folder: PathBuf,
    key: CacheKey,
    compatibility: Compatibility,
    max_bytes: u64,
}

/// Only the owner may enter: others have no use for compiled code, and nothing to write here.
const FOLDER_MODE: u32 = 0o700;
/// What the names of files begin with while they are written.
const TEMPORARY: &str = ".writing-";
/// A file that is still being written after so long was left by a crash; another server may share the folder.
const WRITTEN_WITHIN: Duration = Duration::from_secs(60 * 60);

impl CodeCache {
    const MAC_BYTES: usize = 32;
    /// More than this is no code.
    const MAX_FILE_BYTES: u64 = (Self::MAC_BYTES + COMPILE.output_bytes) as u64;

    /// Opens the folder, which is made if it is missing, and removes what other versions of the host and crashes left
    /// there. Its files will take at most so many bytes, or as much as what is in use needs.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub(crate) fn open(
        root: &Path,
        key: CacheKey,
        compatibility: Compatibility,
        max_bytes: u64,
    ) -> io::Result<Self> {
        let name = compatibility.name();
        let folder = root.join(&name);
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&folder)?;
        fs::set_permissions(&folder, Permissions::from_mode(FOLDER_MODE))?;
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            if entry
                .file_name()
                .to_str()
                .is_some_and(|other| is_hex(other, Compatibility::NAME_LEN) && other != name)
            {
                // What cannot be removed does no harm: it is never read.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        remove_unfinished(&folder)?;
        Ok(Self { folder, key, compatibility, max_bytes })
    }

    /// Reads the code of a component.
    pub(crate) fn get(&self, component: Digest) -> Cached {
        let mut bytes = match self.read(component) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Cached::Rejected,
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

    /// What is in the file of a component; none if it cannot be code. Notes that it was used.
    fn read(&self, component: Digest) -> io::Result<Option<Vec<u8>>> {
        // Following a link leads elsewhere, and opening a pipe takes until somebody writes to it.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(self.path(component))?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() > Self::MAX_FILE_BYTES {
            return Ok(None);
        }
        note_use(&file);
        let mut bytes = Vec::new();
        file.take(Self::MAX_FILE_BYTES).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Keeps the code of a component, in place of what was used longest ago if there is no room, but for what is `loaded`.
    /// Readers see the whole file or none; after a power loss it may be damaged, which [`CodeCache::get`] notices.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn put(&self, component: Digest, code: &[u8], loaded: &[Digest]) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(&self.folder)?;
        file.write_all(self.mac(component, code).as_bytes())?;
        file.write_all(code)?;
        file.persist(self.path(component)).map_err(|error| error.error)?;
        self.make_room(&loaded.iter().copied().chain([component]).map(file_name).collect())
    }

    /// Removes what was used longest ago until the rest is within the bound.
    fn make_room(&self, kept: &HashSet<String>) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // Another server may have removed it meanwhile.
            let Ok(metadata) = entry.metadata() else { continue };
            files.push((metadata.accessed()?, entry.file_name(), metadata.len()));
        }
        files.sort();
        let mut bytes = files.iter().fold(0, |sum: u64, (_, _, bytes)| sum.saturating_add(*bytes));
        for (_, name, size) in files {
            if bytes <= self.max_bytes {
                break;
            }
            let is_code =
                name.to_str().is_some_and(|name| is_hex(name, FILE_NAME_LEN) && !kept.contains(name));
            if is_code && fs::remove_file(self.folder.join(name)).is_ok() {
                bytes -= size;
            }
        }
        Ok(())
    }

    fn path(&self, component: Digest) -> PathBuf {
        self.folder.join(file_name(component))
    }

    fn mac(&self, component: Digest, code: &[u8]) -> blake3::Hash {
        let mut mac = blake3::Hasher::new_keyed(&self.key.0);
        mac.update(b"hookwright compiled component 1");
        mac.update(self.compatibility.as_bytes()).update(&component.to_bytes()).update(code);
        mac.finalize()
    }
}

/// Removes files that a crash left half written.
fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_temporary = entry.file_name().to_str().is_some_and(|name| name.starts_with(TEMPORARY));
        let Ok(written) = entry.metadata().and_then(|metadata| metadata.modified()) else { continue };
        if is_temporary && written.elapsed().is_ok_and(|age| age > WRITTEN_WITHIN) {
            // What cannot be removed does no harm: it is never read.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// If the time cannot be noted, the file goes earlier than it should, and is written again.
fn note_use(file: &File) {
    let (now, omit) =
        (Timespec { tv_sec: 0, tv_nsec: UTIME_NOW }, Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT });
    let _ = futimens(file, &Timestamps { last_access: now, last_modification: omit });
}

const FILE_NAME_LEN: usize = 64;

fn file_name(component: Digest) -> String {
    hex::encode(component.to_bytes())
}

fn is_hex(name: &str, len: usize) -> bool {
    name.len() == len && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPATIBILITY: Compatibility = Compatibility([7; 32]);

    fn open(root: &Path, key: u8) -> CodeCache {
        bounded(root, key, u64::MAX)
    }

    fn bounded(root: &Path, key: u8, max_bytes: u64) -> CodeCache {
        CodeCache::open(root, CacheKey::new([key; 32]), COMPATIBILITY, max_bytes).unwrap()
    }

    /// Says that a file was written and used so many seconds after 1970.
    fn used_at(file: &Path, secs: u64) {
        let at = std::time::UNIX_EPOCH + Duration::from_secs(secs);
        let times = fs::FileTimes::new().set_modified(at).set_accessed(at);
        OpenOptions::new().write(true).open(file).unwrap().set_times(times).unwrap();
    }

    #[test]
    fn what_was_put_is_got_by_the_same_key_only() {
        let root = tempfile::tempdir().unwrap();
        let (component, other) = (Digest::of(b"a"), Digest::of(b"b"));
        open(root.path(), 1).put(component, b"code", &[]).unwrap();

        assert_eq!(open(root.path(), 1).get(component), Cached::Code(b"code".to_vec()));
        assert_eq!(open(root.path(), 1).get(other), Cached::Absent);
        assert_eq!(open(root.path(), 2).get(component), Cached::Rejected);
    }

    #[test]
    fn a_file_that_was_changed_cut_or_moved_is_rejected() {
        let root = tempfile::tempdir().unwrap();
        let cache = open(root.path(), 1);
        let (component, other) = (Digest::of(b"a"), Digest::of(b"b"));
        cache.put(component, b"code", &[]).unwrap();
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

    #[test]
    fn what_is_no_plain_file_of_a_possible_size_is_rejected_at_once() {
        let root = tempfile::tempdir().unwrap();
        let cache = open(root.path(), 1);
        let (real, link) = (Digest::of(b"real"), Digest::of(b"link"));
        cache.put(real, b"code", &[]).unwrap();
        std::os::unix::fs::symlink(cache.path(real), cache.path(link)).unwrap();
        assert_eq!(cache.get(link), Cached::Rejected);

        let pipe = Digest::of(b"pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, cache.path(pipe), rustix::fs::Mode::RUSR).unwrap();
        assert_eq!(cache.get(pipe), Cached::Rejected);

        let endless = Digest::of(b"endless");
        File::create(cache.path(endless)).unwrap().set_len(CodeCache::MAX_FILE_BYTES + 1).unwrap();
        assert_eq!(cache.get(endless), Cached::Rejected);
        for component in [link, pipe, endless] {
            cache.put(component, b"code", &[]).unwrap();
            assert_eq!(cache.get(component), Cached::Code(b"code".to_vec()), "it is replaced");
        }
    }

    #[test]
    fn only_the_owner_enters_even_what_was_open_to_others() {
        let root = tempfile::tempdir().unwrap();
        let folder = open(&root.path().join("plugins"), 1).folder;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(folder.parent().unwrap())), (FOLDER_MODE, FOLDER_MODE));
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        assert_eq!(mode(&open(&root.path().join("plugins"), 1).folder), FOLDER_MODE);
    }

    #[test]
    fn what_a_crash_left_half_written_is_removed_and_what_is_being_written_is_not() {
        let root = tempfile::tempdir().unwrap();
        let cache = open(root.path(), 1);
        let [left, current] = ["left", "current"].map(|name| cache.folder.join(format!("{TEMPORARY}{name}")));
        fs::write(&left, "").unwrap();
        fs::write(&current, "").unwrap();
        used_at(&left, 1);
        open(root.path(), 1);
        assert!(!left.exists() && current.exists());
    }

    #[test]
    fn what_was_used_longest_ago_makes_room_unless_it_is_loaded_or_new() {
        let root = tempfile::tempdir().unwrap();
        let cache = bounded(root.path(), 1, 2 * (CodeCache::MAC_BYTES as u64 + 4));
        let [loaded, used, unused, new] = [b"l", b"u", b"n", b"w"].map(|name| Digest::of(name));
        let absent = |component| !cache.path(component).exists();
        // The first three together are too much already, but for a cache without a bound.
        let unbounded = open(root.path(), 1);
        for (secs, component) in (1..).zip([loaded, used, unused]) {
            unbounded.put(component, b"code", &[]).unwrap();
            used_at(&cache.path(component), secs);
        }
        assert!(matches!(cache.get(used), Cached::Code(_)));
        cache.put(new, b"code", &[loaded]).unwrap();
        assert_eq!([loaded, used, unused, new].map(absent), [false, true, true, false]);

        let tiny = bounded(root.path(), 1, 1);
        tiny.put(used, b"code", &[]).unwrap();
        assert_eq!([loaded, used, new].map(absent), [true, false, true], "what is new stays, however large");
    }

    #[test]
    fn a_use_is_what_counts() {
        let root = tempfile::tempdir().unwrap();
        let cache = bounded(root.path(), 1, 2 * (CodeCache::MAC_BYTES as u64 + 4));
        let [older, newer, new] = [b"o", b"n", b"w"].map(|name| Digest::of(name));
        for (secs, component) in (1..).zip([older, newer]) {
            cache.put(component, b"code", &[]).unwrap();
            used_at(&cache.path(component), secs);
        }
        assert!(matches!(cache.get(older), Cached::Code(_)));
        cache.put(new, b"code", &[]).unwrap();
        assert!(matches!(cache.get(older), Cached::Code(_)));
        assert_eq!(cache.get(newer), Cached::Absent);
    }
}
