//! Whether the store's file is still the one that was opened.
//!
//! The process holds the file open, so it goes on working when the file is removed or replaced: what it writes then is
//! gone with the process.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The file that a store was opened in.
#[derive(Debug)]
pub(crate) struct StoreFile {
    path: PathBuf,
    identity: (u64, u64),
    is_there: bool,
}

/// The file went away or came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is not where it was, for this reason.
    Lost(String),
    /// It is back.
    Back,
}

impl StoreFile {
    pub(super) fn new(path: PathBuf, identity: (u64, u64)) -> Self {
        Self { path, identity, is_there: true }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the file goes away or comes back.
    ///
    /// # Cancel safety
    /// Nothing is missed when it is called again.
    pub(crate) async fn changed(&mut self) -> Change {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match (self.lost(), self.is_there) {
                (Some(reason), true) => {
                    self.is_there = false;
                    return Change::Lost(reason);
                }
                (None, false) => {
                    self.is_there = true;
                    return Change::Back;
                }
                _ => {}
            }
        }
    }

    /// Why the file at its path is not the one that was opened; nothing if it is.
    fn lost(&self) -> Option<String> {
        match fs::metadata(&self.path) {
            Ok(metadata) if (metadata.dev(), metadata.ino()) == self.identity => None,
            Ok(_) => Some("the store's file was replaced while the server runs".to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Some("the store's file was removed while the server runs".to_owned())
            }
            Err(error) => Some(format!("the store's file cannot be read: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_file_that_goes_and_comes_back_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let [path, aside] = ["store", "aside"].map(|name| folder.path().join(name));
        fs::write(&path, "store").unwrap();
        let metadata = fs::metadata(&path).unwrap();
        let mut file = StoreFile::new(path.clone(), (metadata.dev(), metadata.ino()));

        fs::rename(&path, &aside).unwrap();
        assert!(matches!(file.changed().await, Change::Lost(reason) if reason.contains("was removed")));
        fs::rename(&aside, &path).unwrap();
        assert_eq!(file.changed().await, Change::Back);

        fs::copy(&path, &aside).unwrap();
        fs::rename(&aside, &path).unwrap();
        assert!(matches!(file.changed().await, Change::Lost(reason) if reason.contains("was replaced")));
    }
}
