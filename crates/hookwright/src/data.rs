//! The data folder: what is in it, and how its keys come to be.
//!
//! ```text
//! DIR/hookwright.redb     the store
//! DIR/master.key          opens what is encrypted in the store; keep a copy of it elsewhere
//! DIR/admin.key.sha256    the digest of the admin key
//! DIR/plugins/            compiled plugins, unless the configuration has them elsewhere
//! ```

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hookwright_api::AdminKey;
use hookwright_engine::ports::Entropy;
use hookwright_model::Digest;

/// Gives the master key instead of the file: 32 bytes in base64.
pub(crate) const MASTER_KEY_VARIABLE: &str = "HOOKWRIGHT_MASTER_KEY";

/// A data folder that exists.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

/// The admin key of a data folder.
pub(crate) enum Admin {
    /// Somebody knows it.
    Known(AdminKey),
    /// It has just been made: this is the only time that it can be shown.
    New(AdminKey, String),
}

impl DataDir {
    /// Opens the folder, and makes it first if it does not exist.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let context = || format!("the data folder {} cannot be opened", path.display());
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(path).with_context(context)?;
        Ok(Self(path.canonicalize().with_context(context)?))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.0.join("hookwright.redb")
    }

    /// The master key: from the environment, from its file, or, for a new folder, a new one.
    pub(crate) fn master_key(&self, entropy: &dyn Entropy) -> Result<[u8; 32]> {
        if let Ok(text) = std::env::var(MASTER_KEY_VARIABLE) {
            return decode(&text).with_context(|| format!("{MASTER_KEY_VARIABLE} is not a master key"));
        }
        let path = self.0.join("master.key");
        match fs::read_to_string(&path) {
            Ok(text) => decode(&text).with_context(|| format!("{} is not a master key", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.store().exists() => bail!(
                "{} is missing: without it the secrets in the store cannot be read. Put the file back, or give the key \
                 as {MASTER_KEY_VARIABLE}",
                path.display()
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key: [u8; 32] = entropy.bytes();
                self.create("master.key", &STANDARD.encode(key))?;
                Ok(key)
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// The admin key: the given one, the one whose digest the folder has, or a new one. A blank one counts as not given:
    /// an environment variable that was left empty must not open the API to everybody.
    pub(crate) fn admin_key(&self, given: Option<&str>, entropy: &dyn Entropy) -> Result<Admin> {
        if let Some(key) = given.map(str::trim).filter(|key| !key.is_empty()) {
            return Ok(Admin::Known(AdminKey::new(key)));
        }
        let path = self.0.join("admin.key.sha256");
        match fs::read_to_string(&path) {
            Ok(text) => {
                let digest = decode(&text).with_context(|| format!("{} is damaged", path.display()))?;
                Ok(Admin::Known(AdminKey::from_digest(Digest::from_bytes(digest))))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = format!("hwk_{}", URL_SAFE_NO_PAD.encode(entropy.bytes::<32>()));
                self.create("admin.key.sha256", &STANDARD.encode(Digest::of(key.as_bytes()).to_bytes()))?;
                Ok(Admin::New(AdminKey::new(&key), key))
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// Writes a file that only its owner can read: whole and durable, or not at all.
    fn create(&self, name: &str, text: &str) -> Result<()> {
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
            writeln!(file, "{text}")?;
            file.as_file().sync_all()?;
            file.persist_noclobber(self.0.join(name)).map_err(|error| error.error)?;
            File::open(&self.0)?.sync_all()
        };
        write().with_context(|| format!("{} cannot be written", self.0.join(name).display()))
    }
}

fn decode(text: &str) -> Result<[u8; 32]> {
    let bytes = STANDARD.decode(text.trim()).context("it is not base64")?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| anyhow::anyhow!("it has {length} bytes instead of 32"))
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

    #[test]
    fn the_master_key_is_made_once_and_never_replaced() {
        let (_temporary, data) = folder();
        let key = data.master_key(&Counting).unwrap();
        assert_eq!(data.master_key(&Counting).unwrap(), key);
        fs::write(data.store(), "").unwrap();
        fs::remove_file(data.path().join("master.key")).unwrap();
        let error = data.master_key(&Counting).unwrap_err();
        assert!(error.to_string().contains("Put the file back"), "{error}");
    }

    #[test]
    fn the_admin_key_is_shown_once_and_stored_as_a_digest() {
        let (_temporary, data) = folder();
        assert!(matches!(data.admin_key(Some("given"), &Counting).unwrap(), Admin::Known(_)));
        let Admin::New(_, key) = data.admin_key(Some(" "), &Counting).unwrap() else { panic!("not new") };
        assert!(key.starts_with("hwk_"));
        assert!(matches!(data.admin_key(None, &Counting).unwrap(), Admin::Known(_)));
        let stored = fs::read_to_string(data.path().join("admin.key.sha256")).unwrap();
        assert!(!stored.contains(&key[4..]));
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_temporary, data) = folder();
        data.master_key(&Counting).unwrap();
        let mode = fs::metadata(data.path().join("master.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}
