//! The file below the database.

use std::fs::OpenOptions;
use std::io;
use std::ops::Bound;
use std::path::Path;

use redb::backends::FileBackend;
use redb::{BackendError, Builder, Database, DatabaseError, StorageBackend};

/// The cache of the file: everything under way fits in many times over.
const CACHE_BYTES: usize = 128 * 1024 * 1024;
/// The largest page that is read as zeros where the file has ended: larger than any record.
const LARGEST_ABSENT_BYTES: usize = 64 * 1024 * 1024;

/// Opens the database in a file, which is created if it does not exist.
pub(crate) fn open(path: &Path) -> Result<Database, DatabaseError> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let file = file.map_err(redb::StorageError::from)?;
    let backend = PatientFile(FileBackend::new(file)?);
    Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(backend)
}

/// A file in which a page beyond the end is a page of zeros.
///
/// Only a damaged page points there. redb takes an error of the file for one of the whole disk and refuses everything
/// afterwards; a page of zeros it refuses as one that makes no sense, and goes on with the others.
#[derive(Debug)]
struct PatientFile(FileBackend);

impl StorageBackend for PatientFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match self.0.read(offset, out) {
            Err(error)
                if error.kind() == io::ErrorKind::UnexpectedEof && out.len() <= LARGEST_ABSENT_BYTES =>
            {
                out.fill(0);
                Ok(())
            }
            result => result,
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}
