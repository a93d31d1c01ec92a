//! Compiled components are kept from one command to the next, in a folder that only this user can open. Compiled code is
//! machine code, so what is in the folder is authenticated with a key that lies beside it.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use hookwright_engine::ports::Entropy as _;
use tempfile::TempDir;

use crate::ports::SystemEntropy;

const FOLDER_MODE: u32 = 0o700;
const KEY_MODE: u32 = 0o600;
const KEY_FILE: &str = "key";

/// A folder for compiled components, with its key.
pub(super) struct CodeCache {
    pub(super) folder: PathBuf,
    pub(super) key: [u8; 32],
    /// The folder goes with this value where none can be kept.
    _temporary: Option<TempDir>,
}

impl CodeCache {
    /// The folder of this user, or a temporary one where that cannot be used.
    pub(super) fn open() -> Result<Self> {
        match user_folder().map(|folder| Self::in_folder(&folder)) {
            Some(Ok(cache)) => return Ok(cache),
            Some(Err(error)) => eprintln!("note: compiled plugins are not kept for the next run: {error:#}"),
            None => {}
        }
        let temporary = tempfile::tempdir().context("a temporary folder cannot be made")?;
        let mut cache = Self::in_folder(temporary.path())?;
        cache._temporary = Some(temporary);
        Ok(cache)
    }

    fn in_folder(folder: &Path) -> Result<Self> {
        let what = || format!("the folder {} cannot be used", folder.display());
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).with_context(what)?;
        let metadata = fs::symlink_metadata(folder).with_context(what)?;
        let probe = tempfile::tempfile_in(folder).with_context(what)?;
        // A file that was made now belongs to this user.
        if !metadata.is_dir() || metadata.uid() != probe.metadata()?.uid() {
            bail!("the folder {} belongs to somebody else", folder.display());
        }
        fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE)).with_context(what)?;
        let key = key(&folder.join(KEY_FILE)).with_context(what)?;
        Ok(Self { folder: folder.to_owned(), key, _temporary: None })
    }
}

/// The key in the file, which is made if it is missing.
fn key(file: &Path) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    SystemEntropy.fill(&mut key);
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut new =
        tempfile::Builder::new().permissions(Permissions::from_mode(KEY_MODE)).tempfile_in(folder)?;
    new.write_all(&key)?;
    // Written whole before it has its name: another command may be here at the same time.
    match new.persist_noclobber(file) {
        Ok(_) => Ok(key),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            File::open(file)?.read_exact(&mut key)?;
            Ok(key)
        }
        Err(error) => Err(error.error),
    }
}

/// Where the system wants such folders.
fn user_folder() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = folder("XDG_CACHE_HOME").or_else(|| {
        let below = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        folder("HOME").map(|home| home.join(below))
    })?;
    Some(caches.join("hookwright").join("plugins"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_key_stays_and_only_the_owner_reads_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("hookwright/plugins");
        let first = CodeCache::in_folder(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        let second = CodeCache::in_folder(&folder).unwrap();
        assert_eq!((first.key, mode(&folder), mode(&folder.join(KEY_FILE))), (second.key, 0o700, 0o600));
        let other = CodeCache::in_folder(&root.path().join("other")).unwrap();
        assert_ne!(first.key, other.key);
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_no_reason_to_fail() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(CodeCache::in_folder(&file).is_err());
        let folder = root.path().join("folder");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(KEY_FILE), "too short").unwrap();
        assert!(CodeCache::in_folder(&folder).is_err(), "no key is made up in place of a damaged one");
    }
}
