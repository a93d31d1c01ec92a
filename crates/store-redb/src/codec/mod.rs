//! Records: the values in the file, each a version byte, a checksum and a postcard encoding.
//!
//! The checksum covers the kind of the record and its key. It is verified with every read, so that damage below the
//! store is noticed before anything acts on it.
//!
//! The records are types of their own, so that a change of the model never changes the file by accident, and the tests
//! hold the exact bytes. A changed record gets a new version, and the old one is still read.

mod attempt;
mod delivery;
mod event;
mod plugin;
mod project;
#[cfg(test)]
mod tests;
mod webhook;

use std::time::Duration;

use hookwright_model::Timestamp;
use hookwright_store::StoreError;
use serde::{Deserialize, Serialize, Serializer};

pub(crate) use attempt::{attempt, attempt_row, reply, reply_row};
pub(crate) use delivery::{delivery, delivery_row};
pub(crate) use event::{KnownKey, StoredEvent, event, event_row, known_key, known_key_row};
pub(crate) use plugin::{plugin, plugin_row};
pub(crate) use project::{project, project_row};
pub(crate) use webhook::{mapping, mapping_row, webhook, webhook_row};

/// A record without a checksum: what formats 1 and 2 wrote.
const PLAIN: u8 = 1;
/// A record with a checksum between the version and the encoding.
const CHECKED: u8 = 2;
const CHECKSUM_BYTES: usize = 8;
/// What most rows fit into.
const USUAL_BYTES: usize = 192;

/// A kind of record. Its number is part of the checksum, so it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Project = 1,
    Webhook = 2,
    Mapping = 3,
    PluginVersion = 4,
    Event = 5,
    KnownKey = 6,
    Delivery = 7,
    Attempt = 8,
    Reply = 9,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Webhook => "webhook",
            Self::Mapping => "mapping",
            Self::PluginVersion => "plugin version",
            Self::Event => "event",
            Self::KnownKey => "idempotency key",
            Self::Delivery => "delivery",
            Self::Attempt => "attempt",
            Self::Reply => "reply",
        }
    }
}

/// The place of a record: a record found in another place is damaged, however well it reads.
#[derive(Clone, Copy)]
struct Home<'k> {
    kind: Kind,
    key: &'k [u8],
}

impl<'k> Home<'k> {
    fn new(kind: Kind, key: &'k [u8]) -> Self {
        Self { kind, key }
    }

    fn checksum(self, row: &[u8]) -> [u8; CHECKSUM_BYTES] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[self.kind as u8]).update(&(self.key.len() as u64).to_le_bytes());
        hasher.update(self.key).update(row);
        let mut checksum = [0; CHECKSUM_BYTES];
        hasher.finalize_xof().fill(&mut checksum);
        checksum
    }
}

fn encode(home: Home<'_>, row: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bytes.push(CHECKED);
    bytes.extend_from_slice(&[0; CHECKSUM_BYTES]);
    let mut bytes = postcard::to_extend(row, bytes).map_err(|error| StoreError::Backend(Box::new(error)))?;
    let (head, row) = bytes.split_at_mut(1 + CHECKSUM_BYTES);
    head[1..].copy_from_slice(&home.checksum(row));
    Ok(bytes)
}

fn decode<'a, T: Deserialize<'a>>(home: Home<'_>, bytes: &'a [u8]) -> Result<T, StoreError> {
    let (version, rest) = bytes.split_first().ok_or_else(|| damaged(home.kind, &"it is empty"))?;
    let row = match *version {
        PLAIN => rest,
        CHECKED => match rest.split_first_chunk::<CHECKSUM_BYTES>() {
            Some((checksum, row)) if *checksum == home.checksum(row) => row,
            _ => return Err(damaged(home.kind, &"its checksum does not match")),
        },
        other => return Err(damaged(home.kind, &format_args!("its record version {other} is unknown"))),
    };
    match postcard::take_from_bytes(row) {
        Ok((row, [])) => Ok(row),
        Ok(_) => Err(damaged(home.kind, &"it is too long")),
        Err(error) => Err(damaged(home.kind, &error)),
    }
}

fn damaged(kind: Kind, problem: &impl ToString) -> StoreError {
    StoreError::Corrupt(format!("the record of a {} is damaged ({})", kind.name(), problem.to_string()))
}

/// Bytes that are written in one piece rather than one by one.
#[derive(Deserialize, Clone, Copy)]
#[serde(transparent)]
struct Raw<'a>(&'a [u8]);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn time(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Gives two enums the same variants in both directions.
macro_rules! mirror {
    ($row:ident = $model:ident { $($variant:ident),* $(,)? }) => {
        #[derive(serde::Serialize, serde::Deserialize, Clone, Copy)]
        enum $row { $($variant),* }

        impl From<$model> for $row {
            fn from(value: $model) -> Self {
                match value { $($model::$variant => Self::$variant),* }
            }
        }

        impl From<$row> for $model {
            fn from(value: $row) -> Self {
                match value { $($row::$variant => Self::$variant),* }
            }
        }
    };
}
use mirror;
