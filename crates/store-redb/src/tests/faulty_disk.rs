//! A disk in memory that can be full, broken, or without power.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use parking_lot::Mutex;
use redb::StorageBackend;

/// One disk; clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(super) struct FaultyDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What a reader sees.
    bytes: Vec<u8>,
    /// What is there after a loss of power, whatever happens.
    synced: Vec<u8>,
    /// What may or may not be there as well.
    unsynced: Vec<Change>,
    health: Health,
    /// How much room it says that it has.
    free_bytes: Option<u64>,
    /// How many more changes there is power for.
    power: Option<usize>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Resize(u64),
}

/// What the disk does with a change.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    #[default]
    Good,
    /// Takes what replaces something, but has no room for more.
    NoRoomToGrow,
    /// Takes nothing.
    NoRoomAtAll,
    /// Takes everything, but fails to sync it.
    CannotSync,
    /// Neither reads nor writes.
    Dead,
}

impl FaultyDisk {
    pub(super) fn set_health(&self, health: Health) {
        self.0.lock().health = health;
    }

    pub(super) fn free_bytes(&self) -> Option<u64> {
        self.0.lock().free_bytes
    }

    pub(super) fn set_free_bytes(&self, free_bytes: u64) {
        self.0.lock().free_bytes = Some(free_bytes);
    }

    /// Cuts the power off after so many more changes.
    pub(super) fn lose_power_after(&self, changes: usize) {
        self.0.lock().power = Some(changes);
    }

    /// The disk as it is when the power is back: of what was not synced, what the numbers choose.
    pub(super) fn with_power_again(&self, survives: impl Fn(usize) -> bool) -> Self {
        let state = self.0.lock();
        let mut bytes = state.synced.clone();
        for (index, change) in state.unsynced.iter().enumerate() {
            if survives(index) {
                change.apply(&mut bytes);
            }
        }
        Self(Arc::new(Mutex::new(State { synced: bytes.clone(), bytes, ..State::default() })))
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.0.lock();
        state.draw_power()?;
        let grows = change.end() > state.bytes.len() as u64;
        match state.health {
            Health::Good | Health::CannotSync => {}
            Health::NoRoomToGrow if !grows => {}
            Health::NoRoomToGrow | Health::NoRoomAtAll => return Err(ErrorKind::StorageFull.into()),
            Health::Dead => return Err(ErrorKind::Other.into()),
        }
        change.apply(&mut state.bytes);
        state.unsynced.push(change);
        Ok(())
    }
}

impl State {
    fn draw_power(&mut self) -> io::Result<()> {
        match &mut self.power {
            Some(0) => Err(io::Error::other("no power")),
            Some(power) => {
                *power -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Change {
    fn end(&self) -> u64 {
        match self {
            Self::Write(offset, data) => offset + data.len() as u64,
            Self::Resize(length) => *length,
        }
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        let end = usize::try_from(self.end()).unwrap();
        match self {
            Self::Resize(_) => bytes.resize(end, 0),
            Self::Write(_, data) => {
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[end - data.len()..end].copy_from_slice(data);
            }
        }
    }
}

impl StorageBackend for FaultyDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.0.lock();
        if state.health == Health::Dead || state.power == Some(0) {
            return Err(io::Error::other("dead"));
        }
        let start = usize::try_from(offset).unwrap();
        let found = state.bytes.get(start..start + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Change::Resize(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        state.draw_power()?;
        if matches!(state.health, Health::Dead | Health::CannotSync) {
            return Err(io::Error::other("not synced"));
        }
        state.synced = state.bytes.clone();
        state.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Write(offset, data.to_vec()))
    }
}
