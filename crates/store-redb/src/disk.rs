//! The database file, which can be opened anew while the store stays.
//!
//! After a failed write redb refuses everything until its database is closed and opened again, which reads the whole
//! file. The writer does that, and readers wait meanwhile. For a full disk, the one failure that is to be expected, it
//! hardly ever comes to that: [`Disk::has_room`] says in time that nothing more should be accepted.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase, WriteTransaction};

use crate::error::Fault;

/// The room that is kept for writing down what happened to what has been accepted.
pub(crate) const RESERVED_BYTES: u64 = 32 * 1024 * 1024;

/// Where the database is.
pub(crate) struct Medium {
    /// Opens the database, each time the same.
    pub(crate) open: Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>,
    /// How much room is left, as far as that is known.
    pub(crate) free_bytes: Box<dyn Fn() -> Option<u64> + Send + Sync>,
}

pub(crate) struct Disk {
    medium: Medium,
    handle: RwLock<Handle>,
    has_room: AtomicBool,
    closed: AtomicBool,
}

enum Handle {
    Open(Database),
    /// Closed by [`Disk::close`], or not to be opened again after a failure.
    Gone(Fault),
}

impl Disk {
    pub(crate) fn open(medium: Medium) -> Result<Self, DatabaseError> {
        let handle = RwLock::new(Handle::Open((medium.open)()?));
        Ok(Self { medium, handle, has_room: AtomicBool::new(true), closed: AtomicBool::new(false) })
    }

    /// A snapshot of what has been committed so far.
    pub(crate) fn read(&self) -> Result<ReadTransaction, Fault> {
        match &*self.handle.read() {
            Handle::Open(database) => Ok(database.begin_read()?),
            Handle::Gone(fault) => Err(fault.clone()),
        }
    }

    /// A transaction whose commit is durable when it returns (redb's default).
    pub(crate) fn write(&self) -> Result<WriteTransaction, Fault> {
        match &*self.handle.read() {
            Handle::Open(database) => Ok(database.begin_write()?),
            Handle::Gone(fault) => Err(fault.clone()),
        }
    }

    /// Closes the database and opens it again. No write transaction may be open.
    pub(crate) fn reopen(&self) -> Result<(), Fault> {
        let mut handle = self.handle.write();
        // The file is locked until the old database is gone.
        *handle = Handle::Gone(Fault::Closed);
        if self.is_closed() {
            return Err(Fault::Closed);
        }
        match (self.medium.open)() {
            Ok(database) => {
                *handle = Handle::Open(database);
                Ok(())
            }
            Err(error) => {
                let fault = Fault::from(error);
                *handle = Handle::Gone(fault.clone());
                Err(fault)
            }
        }
    }

    /// Whether more may be accepted. Looks at the disk only while there is no room: otherwise the writer does.
    pub(crate) fn has_room(&self) -> bool {
        self.has_room.load(Ordering::Relaxed) || self.look_for_room()
    }

    /// Looks how much room is left.
    pub(crate) fn look_for_room(&self) -> bool {
        let has_room = (self.medium.free_bytes)().is_none_or(|free| free >= RESERVED_BYTES);
        self.has_room.store(has_room, Ordering::Relaxed);
        has_room
    }

    /// Whether [`Disk::close`] has been called.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        *self.handle.write() = Handle::Gone(Fault::Closed);
    }
}
