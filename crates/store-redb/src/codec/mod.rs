//! How values are laid out in the file: a version byte, then a postcard record.
//!
//! The records are types of their own, so that a change of the model never changes the file by accident, and the tests
//! hold the exact bytes. Whoever changes a record gives it a new version and keeps reading the old one.

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

/// The version of every record so far.
const VERSION: u8 = 1;
/// What most rows fit into.
const USUAL_BYTES: usize = 192;

fn encode(row: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bytes.push(VERSION);
    postcard::to_extend(row, bytes).map_err(|error| StoreError::Backend(Box::new(error)))
}

fn decode<'a, T: Deserialize<'a>>(what: &str, bytes: &'a [u8]) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((&VERSION, row)) => postcard::from_bytes(row).map_err(|error| damaged(what, &error)),
        Some((version, _)) => Err(damaged(what, &format_args!("its record version {version} is unknown"))),
        None => Err(damaged(what, &"it is empty")),
    }
}

fn damaged(what: &str, problem: &impl ToString) -> StoreError {
    StoreError::Corrupt(format!("a record of a {what} cannot be read: {}", problem.to_string()))
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
