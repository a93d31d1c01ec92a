//! The data folder: what is in it, and how its keys are made.
//!
//! ```text
//! DIR/hookwright.redb     the store
//! DIR/master.key          opens what is encrypted in the store; keep a copy of it elsewhere
//! DIR/admin.key.sha256    the digest of the admin key
//! DIR/plugins/            compiled plugins, unless the configuration has them elsewhere
//! ```
//!
//! The folder and everything in it is for its owner only.

mod key;
mod watch;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hookwright_api::AdminKey;
use hookwright_engine::ports::Entropy;
use hookwright_model::{Digest, Secret};

pub(crate) use key::check_strength;
pub(crate) use watch::{Change, StoreFile};

/// Gives the master key instead of the file: 32 bytes in base64.
pub(crate) const MASTER_KEY_VARIABLE: &str = "HOOKWRIGHT_MASTER_KEY";

const STORE: &str = "hookwright.redb";
const MASTER_KEY: &str = "master.key";
const ADMIN_KEY: &str = "admin.key.sha256";

/// Everything that the mode of a file or folder allows to others than its owner.
const OTHERS: u32 = 0o077;
/// The mode bit of a folder that many share, such as /tmp.
const STICKY: u32 = 0o1000;

/// A data folder that exists.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

/// Whether a store may be created in a folder that looks as if it had one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// Only in a folder that never had one.
    First,
    /// In every folder without one: what a lost store had is given up.
    Anew,
}

/// The admin key of a data folder.
pub(crate) enum Admin {
    /// Somebody knows it.
    Known(AdminKey),
    /// It has just been made: this is the only time that it can be shown.
    New(AdminKey, Secret<String>),
}

impl DataDir {
    /// Opens the folder, and makes it first if it does not exist.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let context = || format!("Cannot open the data folder {}", path.display());
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(path).with_context(context)?;
        let data = Self(path.canonicalize().with_context(context)?);
        data.close_to_others().with_context(context)?;
        Ok(data)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.0.join(STORE)
    }

    /// Takes the rights of others away: from the folder if it is for nothing but this, and from the files in it.
    fn close_to_others(&self) -> io::Result<()> {
        let mode = fs::metadata(&self.0)?.permissions().mode();
        let is_ours = fs::read_dir(&self.0)?.next().is_none() || self.store().exists();
        if is_ours && mode & OTHERS != 0 && mode & STICKY == 0 {
            fs::set_permissions(&self.0, fs::Permissions::from_mode(mode & 0o700))?;
        }
        for name in [STORE, MASTER_KEY, ADMIN_KEY] {
            match fs::set_permissions(self.0.join(name), fs::Permissions::from_mode(0o600)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes sure that there is a store, or that none may be created: where keys are and no store is, one was lost.
    pub(crate) fn expect_store(&self, beginning: Beginning) -> Result<()> {
        let store = self.store();
        let bytes = match fs::metadata(&store) {
            Ok(metadata) => Some(metadata.len()),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("Cannot read {}", store.display())),
        };
        let begins_anew = "To begin anew without what it had, start with --new.";
        let keys = [MASTER_KEY, ADMIN_KEY].into_iter().find(|name| self.0.join(name).exists());
        match (bytes, keys, beginning) {
            (Some(1..), _, Beginning::First) => Ok(()),
            (Some(1..), _, Beginning::Anew) => bail!(
                "{} exists, and --new would begin without it. Start without --new, or move the file away.",
                store.display()
            ),
            (Some(0), _, Beginning::First) => {
                bail!("{} is empty. Put a copy of the store back. {begins_anew}", store.display())
            }
            (None, Some(keys), Beginning::First) => bail!(
                "{} is missing, although {keys} is there. Put the store back, or mount its disk. {begins_anew}",
                store.display()
            ),
            (Some(0), _, Beginning::Anew) => fs::remove_file(&store)
                .with_context(|| format!("Cannot remove the empty {}", store.display())),
            (None, _, _) => Ok(()),
        }
    }

    /// The master key: from the environment, from its file, or, for a new folder, a new one.
    pub(crate) fn master_key(&self, entropy: &dyn Entropy) -> Result<Secret<[u8; 32]>> {
        if let Ok(text) = std::env::var(MASTER_KEY_VARIABLE) {
            let text = Secret::new(text);
            return decode(&text).with_context(|| format!("{MASTER_KEY_VARIABLE} is not a master key"));
        }
        let path = self.0.join(MASTER_KEY);
        match fs::read_to_string(&path).map(Secret::new) {
            Ok(text) => decode(&text).with_context(|| format!("{} is not a master key", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound && self.store().exists() => bail!(
                "{} is missing. Without it the secrets in the store cannot be read. Put the file back, or give the key as \
                 {MASTER_KEY_VARIABLE}.",
                path.display()
            ),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let key = Secret::new(entropy.bytes());
                self.create(MASTER_KEY, &Secret::new(STANDARD.encode(key.expose())))?;
                Ok(key)
            }
            Err(error) => Err(error).with_context(|| format!("Cannot read {}", path.display())),
        }
    }

    /// The admin key: the one whose digest the folder has, or a new one.
    pub(crate) fn admin_key(&self, entropy: &dyn Entropy) -> Result<Admin> {
        let path = self.0.join(ADMIN_KEY);
        match fs::read_to_string(&path) {
            Ok(text) => {
                let digest =
                    decode(&Secret::new(text)).with_context(|| format!("{} is damaged", path.display()))?;
                Ok(Admin::Known(AdminKey::from_digest(Digest::from_bytes(*digest.expose()))))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let key = new_admin_key(entropy);
                let digest = STANDARD.encode(Digest::of(key.expose().as_bytes()).to_bytes());
                self.create(ADMIN_KEY, &Secret::new(digest))?;
                Ok(Admin::New(AdminKey::new(key.expose()), key))
            }
            Err(error) => Err(error).with_context(|| format!("Cannot read {}", path.display())),
        }
    }

    /// Forgets an admin key that was made and could not be shown: the next start makes another.
    pub(crate) fn forget_admin_key(&self) -> Result<()> {
        let path = self.0.join(ADMIN_KEY);
        fs::remove_file(&path).with_context(|| format!("Cannot remove {}", path.display()))
    }

    /// The store's file as it is now, to tell later whether it is still there.
    pub(crate) fn store_file(&self) -> Result<StoreFile> {
        let path = self.store();
        let metadata = fs::metadata(&path).with_context(|| format!("Cannot read {}", path.display()))?;
        Ok(StoreFile::new(path, (metadata.dev(), metadata.ino())))
    }

    /// Writes a file that only its owner can read: whole and durable, or not at all.
    fn create(&self, name: &str, text: &Secret<String>) -> Result<()> {
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
            writeln!(file, "{}", text.expose())?;
            file.as_file().sync_all()?;
            file.persist_noclobber(self.0.join(name)).map_err(|error| error.error)?;
            File::open(&self.0)?.sync_all()
        };
        write().with_context(|| format!("Cannot write {}", self.0.join(name).display()))
    }
}

/// A key of 256 random bits.
pub(crate) fn new_admin_key(entropy: &dyn Entropy) -> Secret<String> {
    let bytes = Secret::new(entropy.bytes::<32>());
    Secret::new(format!("hwk_{}", URL_SAFE_NO_PAD.encode(bytes.expose())))
}

fn decode(text: &Secret<String>) -> Result<Secret<[u8; 32]>> {
    let bytes = Secret::new(STANDARD.decode(text.expose().trim()).ok().unwrap_or_default());
    let key = <[u8; 32]>::try_from(bytes.expose().as_slice()).ok().map(Secret::new);
    key.context("32 bytes in base64 are expected")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            (0..).zip(bytes).for_each(|(n, byte)| *byte = n);
        }
    }

    fn folder() -> (tempfile::TempDir, DataDir) {
        let temporary = tempfile::tempdir().unwrap();
        let data = DataDir::open(&temporary.path().join("new/data")).unwrap();
        (temporary, data)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn the_master_key_is_made_once_and_never_replaced() {
        let (_temporary, data) = folder();
        let key = data.master_key(&Counting).unwrap();
        assert_eq!(data.master_key(&Counting).unwrap(), key);
        fs::write(data.store(), "").unwrap();
        fs::remove_file(data.path().join(MASTER_KEY)).unwrap();
        let error = data.master_key(&Counting).unwrap_err();
        assert!(error.to_string().contains("Put the file back"), "{error}");
    }

    #[test]
    fn the_admin_key_is_shown_once_and_stored_as_a_digest() {
        let (_temporary, data) = folder();
        let Admin::New(_, key) = data.admin_key(&Counting).unwrap() else { panic!("not new") };
        assert!(key.expose().starts_with("hwk_"));
        assert!(matches!(data.admin_key(&Counting).unwrap(), Admin::Known(_)));
        let stored = fs::read_to_string(data.path().join(ADMIN_KEY)).unwrap();
        assert!(!stored.contains(&key.expose()[4..]));
        data.forget_admin_key().unwrap();
        assert!(matches!(data.admin_key(&Counting).unwrap(), Admin::New(..)));
    }

    #[test]
    fn everything_is_for_its_owner_only() {
        let (_temporary, data) = folder();
        data.master_key(&Counting).unwrap();
        assert_eq!(mode(data.path()), 0o700);
        assert_eq!(mode(&data.path().join(MASTER_KEY)), 0o600);
        // As an earlier version, or a copy, leaves them.
        fs::write(data.store(), "store").unwrap();
        fs::set_permissions(data.store(), fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(data.path(), fs::Permissions::from_mode(0o755)).unwrap();
        DataDir::open(data.path()).unwrap();
        assert_eq!((mode(data.path()), mode(&data.store())), (0o700, 0o600));
    }

    #[test]
    fn a_folder_with_other_things_in_it_keeps_its_mode() {
        let (_temporary, data) = folder();
        fs::write(data.path().join("letter.txt"), "dear").unwrap();
        fs::set_permissions(data.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        DataDir::open(data.path()).unwrap();
        assert_eq!(mode(data.path()), 0o1777);
    }

    #[test]
    fn a_lost_store_is_not_replaced_by_an_empty_one() {
        let (_temporary, data) = folder();
        data.expect_store(Beginning::First).unwrap();
        data.expect_store(Beginning::Anew).unwrap();
        data.master_key(&Counting).unwrap();
        let missing = data.expect_store(Beginning::First).unwrap_err().to_string();
        assert!(missing.contains("is missing, although master.key is there"), "{missing}");
        assert!(missing.contains("--new"), "{missing}");
        data.expect_store(Beginning::Anew).unwrap();
        fs::write(data.store(), "").unwrap();
        let empty = data.expect_store(Beginning::First).unwrap_err().to_string();
        assert!(empty.contains("is empty") && empty.contains("--new"), "{empty}");
        data.expect_store(Beginning::Anew).unwrap();
        assert!(!data.store().exists());
        fs::write(data.store(), "store").unwrap();
        data.expect_store(Beginning::First).unwrap();
        let there = data.expect_store(Beginning::Anew).unwrap_err().to_string();
        assert!(there.contains("Start without --new") && data.store().exists(), "{there}");
    }
}
