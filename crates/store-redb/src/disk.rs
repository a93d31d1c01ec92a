//! The database file, which can be opened anew while the store stays.
//!
//! After a failed read or write redb refuses everything until its database is closed and opened again, which reads the
//! whole file. The writer does that, and readers wait meanwhile. A full disk, the one failure that is to be expected,
//! hardly ever leads there: [`Disk::has_room`] stops the intake in time, and the reserve takes the results of what was
//! accepted.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase, WriteTransaction};
use tracing::{error, info, warn};

use crate::error::Fault;

/// The room that is kept for the results of accepted deliveries.
pub(crate) const RESERVED_BYTES: u64 = 32 * 1024 * 1024;
/// With less room than this no delivery is begun: what is left of the reserve is for those under way.
pub(crate) const LAST_RESERVED_BYTES: u64 = RESERVED_BYTES / 4;

/// The place of the database.
pub(crate) struct Medium {
    /// Opens the database, each time the same.
    pub(crate) open: Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>,
    /// The free room, as far as it is known.
    pub(crate) free_bytes: Box<dyn Fn() -> Option<u64> + Send + Sync>,
}

pub(crate) struct Disk {
    medium: Medium,
    handle: RwLock<Handle>,
    /// The free room when the disk was last looked at.
    free_bytes: AtomicU64,
    closed: AtomicBool,
    trouble: Mutex<Trouble>,
}

enum Handle {
    Open(Database),
    /// Closed by [`Disk::close`], or not to be opened again after a failure.
    Gone(Fault),
}

/// What keeps the disk from taking new events. Each kind is logged when it begins and when it ends.
#[derive(Default)]
struct Trouble {
    /// There is less room than the reserve.
    full: bool,
    /// The fault of the last write, if it failed.
    failing: Option<Fault>,
    /// The fault is in the log.
    told: bool,
}

impl Disk {
    pub(crate) fn open(medium: Medium) -> Result<Self, DatabaseError> {
        let handle = RwLock::new(Handle::Open((medium.open)()?));
        let disk = Self {
            medium,
            handle,
            free_bytes: AtomicU64::new(u64::MAX),
            closed: AtomicBool::new(false),
            trouble: Mutex::default(),
        };
        disk.look_for_room();
        Ok(disk)
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
        let opened = crate::contain::contain(|| (self.medium.open)().map_err(Fault::from));
        match opened {
            Ok(database) => {
                *handle = Handle::Open(database);
                Ok(())
            }
            Err(fault) => {
                *handle = Handle::Gone(fault.clone());
                Err(fault)
            }
        }
    }

    /// Whether more may be accepted. Looks at the disk only while there is no room: otherwise the writer does.
    pub(crate) fn has_room(&self) -> bool {
        self.free_bytes.load(Ordering::Relaxed) >= RESERVED_BYTES || self.look_for_room()
    }

    /// Whether a delivery may begin: its result will find room.
    pub(crate) fn has_room_for_results(&self) -> bool {
        self.has_room() || self.free_bytes.load(Ordering::Relaxed) >= LAST_RESERVED_BYTES
    }

    /// Looks how much room is left, and says whether more may be accepted.
    pub(crate) fn look_for_room(&self) -> bool {
        let free = (self.medium.free_bytes)().unwrap_or(u64::MAX);
        self.free_bytes.store(free, Ordering::Relaxed);
        let full = free < RESERVED_BYTES;
        let mut trouble = self.trouble.lock();
        if full != trouble.full {
            trouble.full = full;
            if full {
                warn!(
                    disk.free_bytes = free,
                    disk.reserved_bytes = RESERVED_BYTES,
                    "the disk of the data folder is full: new events are refused until there is room"
                );
            } else {
                info!(
                    disk.free_bytes = free,
                    "the disk of the data folder has room again: events are accepted"
                );
            }
        }
        !full
    }

    /// Notes how a write ended.
    pub(crate) fn note_write(&self, outcome: Result<(), &Fault>) {
        let is_full = outcome.is_err() && !self.look_for_room();
        let mut trouble = self.trouble.lock();
        match outcome {
            Ok(()) => {
                trouble.failing = None;
                if std::mem::take(&mut trouble.told) {
                    info!("the store writes again");
                }
            }
            Err(fault) => {
                // A full disk has been told already.
                if !trouble.told && !is_full && !self.is_closed() {
                    error!(error = %fault, "the store cannot write: what happens is recorded once it can");
                    trouble.told = true;
                }
                trouble.failing = Some(fault.clone());
            }
        }
    }

    /// Whether the last write failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.trouble.lock().failing.is_some()
    }

    /// Why no new events are taken, if so.
    pub(crate) fn problem(&self) -> Option<String> {
        let trouble = self.trouble.lock();
        if let Some(fault) = &trouble.failing {
            return Some(format!("the store cannot write: {fault}"));
        }
        trouble.full.then(|| {
            let free = self.free_bytes.load(Ordering::Relaxed) >> 20;
            let reserved = RESERVED_BYTES >> 20;
            format!(
                "the disk of the data folder is full: {free} MiB are free, and {reserved} MiB are kept for the \
                 results of accepted events"
            )
        })
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
