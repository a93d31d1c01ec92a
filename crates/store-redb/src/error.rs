//! Errors of opening a store, and of the database below an open one.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hookwright_store::StoreError;
use redb::DatabaseError;

/// A store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the store {} cannot be opened: {kind}", path.display())]
pub struct OpenError {
    path: PathBuf,
    kind: OpenErrorKind,
}

/// Why a store cannot be opened, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenErrorKind {
    /// Somebody else has it open.
    #[error("another process uses it. Stop that process, or choose another data folder")]
    Locked,
    /// It was written by a newer version of Hookwright.
    #[error(
        "it has format {found}, but this version of Hookwright reads formats up to {supported}. \
         Use the version that wrote it, or a newer one"
    )]
    NewerFormat {
        /// The format of the file.
        found: u32,
        /// The newest format that this version reads.
        supported: u32,
    },
    /// It was created with another master key.
    #[error("its secrets are sealed with another master key. Use the key that it was created with")]
    WrongKey,
    /// The file is something else.
    #[error("the file is not a Hookwright store. Choose another data folder, or move the file away")]
    NotAStore,
    /// The file is damaged.
    #[error("it is damaged: {0}. List the damage with `hookwright verify`, or restore a backup")]
    Damaged(String),
    /// There is no room to open it.
    #[error("the disk is full. Free some space and try again")]
    Full,
    /// The operating system refused.
    #[error("{0}")]
    Io(io::Error),
    /// Anything else of the database.
    #[error("{0}")]
    Database(Box<dyn std::error::Error + Send + Sync>),
}

impl OpenError {
    pub(crate) fn new(path: &Path, kind: OpenErrorKind) -> Self {
        Self { path: path.to_owned(), kind }
    }

    /// Why it cannot be opened.
    pub fn kind(&self) -> &OpenErrorKind {
        &self.kind
    }
}

impl From<DatabaseError> for OpenErrorKind {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen => Self::Locked,
            DatabaseError::Storage(error) => redb::Error::from(error).into(),
            other => Self::Database(Box::new(other)),
        }
    }
}

impl From<redb::Error> for OpenErrorKind {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) if is_full(&error) => Self::Full,
            // How redb says that the file does not begin as its files do.
            redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => Self::NotAStore,
            redb::Error::Io(error) => Self::Io(error),
            redb::Error::Corrupted(reason) => Self::Damaged(reason),
            other => Self::Database(Box::new(other)),
        }
    }
}

impl From<Failure> for OpenErrorKind {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(StoreError::Corrupt(reason)) | Failure::Broken(Fault::Damaged(reason)) => {
                Self::Damaged(reason)
            }
            Failure::Broken(Fault::Full) => Self::Full,
            other => Self::Database(Box::new(StoreError::from(other))),
        }
    }
}

impl From<Fault> for OpenErrorKind {
    fn from(fault: Fault) -> Self {
        Failure::Broken(fault).into()
    }
}

/// Whether there was no room: on the disk, or in the quota.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// The database underneath does not work. Every caller of the failed group gets a copy, so it is cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    Full,
    Closed,
    /// The file is damaged.
    Damaged(String),
    Other(Arc<redb::Error>),
}

impl From<redb::Error> for Fault {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) if is_full(&error) => Self::Full,
            redb::Error::Corrupted(reason) => Self::Damaged(reason),
            other => Self::Other(Arc::new(other)),
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Full => Self::Full,
            Fault::Closed => Self::Closed,
            Fault::Damaged(reason) => Self::Corrupt(reason),
            Fault::Other(error) => Self::Backend(Box::new(error)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        StoreError::from(self.clone()).fmt(f)
    }
}

/// Why an operation did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The operation was refused and has changed nothing.
    Refused(StoreError),
    /// The database failed: it is unknown what was changed.
    Broken(Fault),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Broken(fault)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Broken(fault) => fault.into(),
        }
    }
}

macro_rules! database_errors_are_faults {
    ($($error:ty),*) => {
        $(
            impl From<$error> for Fault {
                fn from(error: $error) -> Self {
                    redb::Error::from(error).into()
                }
            }

            impl From<$error> for Failure {
                fn from(error: $error) -> Self {
                    Self::Broken(error.into())
                }
            }
        )*
    };
}
database_errors_are_faults!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::DatabaseError
);
