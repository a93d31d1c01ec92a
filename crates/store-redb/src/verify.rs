//! Walks a store that nobody has open, and lists what is damaged.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use hookwright_model::{DeliveryId, DeliveryState, Digest, EventId, ProjectId, WebhookId};
use hookwright_store::StoreError;
use redb::{Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError, Value};

use crate::contain::contain;
use crate::error::{Failure, Fault, OpenError, OpenErrorKind};
use crate::schema::{IdKey, Row};
use crate::seal::{MasterKey, Place, Sealer};
use crate::{codec, damage, file, plugins, schema};

/// The findings of [`verify`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many records were read.
    pub records: u64,
    /// Everything that is damaged, table by table.
    pub damage: Vec<Damage>,
}

/// One damaged place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The table, such as `deliveries`.
    pub table: String,
    /// The record's id, or as much as is known of it.
    pub record: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.table, self.record, self.problem)
    }
}

/// Reads every record of a store. Nothing is changed, except that a store whose process was killed is brought to its
/// last commit, as with every opening. Blocks.
///
/// # Errors
/// When the store cannot be opened at all: another process uses it, it is none, its key is another, or so much is
/// damaged that no record is found.
pub fn verify(path: &Path, key: &MasterKey) -> Result<Verified, OpenError> {
    if !path.is_file() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(OpenError::new(path, OpenErrorKind::Io(missing)));
    }
    let sealer = Sealer::new(key, Arc::new(|_: &mut [u8]| {}));
    contain(|| walk(path, &sealer)).map_err(|kind| OpenError::new(path, kind))
}

fn walk(path: &Path, sealer: &Sealer) -> Result<Verified, OpenErrorKind> {
    let mut database = file::open(path)?;
    let mut found = Verified::default();
    match contain(|| database.check_integrity().map_err(Fault::from)) {
        Ok(true) => {}
        Ok(false) => {
            found.note("file", "pages", "their checksums did not match; the last commit that does is used");
        }
        Err(fault) => found.note("file", "pages", &fault.to_string()),
    }
    let txn = database.begin_read().map_err(Failure::from)?;
    schema::check(&txn, sealer)?;
    found.catalog(&txn, sealer);
    found.deliveries(&txn);
    found.queue(&txn);
    found.lists(&txn);
    Ok(found)
}

impl Verified {
    fn note(&mut self, table: &str, record: impl fmt::Display, problem: &str) {
        let (table, record, problem) = (table.to_owned(), record.to_string(), problem.to_owned());
        self.damage.push(Damage { table, record, problem });
    }

    /// Reads a table. A page that cannot be read ends the table.
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        txn: &ReadTransaction,
        table: TableDefinition<'static, K, V>,
        check: impl for<'k, 'v> Fn(K::SelfType<'k>, V::SelfType<'v>) -> Result<(), (String, Failure)>,
    ) {
        let name = redb::TableHandle::name(&table).to_owned();
        let mut records = 0;
        let mut damage = Vec::new();
        let walked = contain(|| {
            let opened = match txn.open_table(table) {
                // An older format does not have it yet.
                Err(TableError::TableDoesNotExist(_)) => return Ok(()),
                opened => opened?,
            };
            for entry in opened.iter()? {
                let (key, value) = entry?;
                records += 1;
                if let Err((record, failure)) = check(key.value(), value.value()) {
                    damage.push((record, failure));
                }
            }
            Ok::<_, Failure>(())
        });
        self.records += records;
        for (record, failure) in damage {
            self.note(&name, record, &StoreError::from(failure).to_string());
        }
        if let Err(failure) = walked {
            let after = format!("everything after record {records}");
            self.note(&name, after, &StoreError::from(failure).to_string());
        }
    }

    /// What a start needs.
    fn catalog(&mut self, txn: &ReadTransaction, sealer: &Sealer) {
        self.table(txn, schema::PROJECTS, |key, row| {
            let id = ProjectId::from_bytes(*key);
            codec::project(id, row).map(drop).map_err(|error| (id.to_string(), error.into()))
        });
        self.table(txn, schema::WEBHOOKS, |key, row| {
            let id = WebhookId::from_bytes(*key);
            let record = sealer.open(Place::Webhook(key), row).map_err(StoreError::from);
            let read = record.and_then(|record| codec::webhook(id, &record));
            read.map(drop).map_err(|error| (id.to_string(), error.into()))
        });
        self.table(txn, schema::MAPPINGS, |key, row| {
            let (webhook, revision) = schema::split_mapping_key(key);
            let record = sealer.open(Place::Mapping(key), row).map_err(StoreError::from);
            let read = record.and_then(|record| codec::mapping(key, &record));
            read.map(drop).map_err(|error| (format!("revision {revision} of {webhook}"), error.into()))
        });
        self.table(txn, schema::PLUGINS, |key, row| {
            let record = format!("version {} of {}", key.2, key.1);
            plugins::decode(key, row).map(drop).map_err(|error| (record, error.into()))
        });
        self.table(txn, schema::COMPONENTS, |key, component| {
            let digest = Digest::from_bytes(*key);
            if Digest::of(component) == digest {
                return Ok(());
            }
            let error = StoreError::Corrupt("the component does not have this digest".to_owned());
            Err((digest.to_string(), error.into()))
        });
    }

    /// What is many.
    fn deliveries(&mut self, txn: &ReadTransaction) {
        self.table(txn, schema::EVENTS, |key, row| {
            let id = EventId::from_bytes(*key);
            codec::event(id, row).map(drop).map_err(|error| (id.to_string(), error.into()))
        });
        self.table(txn, schema::DELIVERIES, |key, row| {
            let id = DeliveryId::from_bytes(*key);
            let delivery = codec::delivery(id, row).map_err(|error| (id.to_string(), error.into()))?;
            let index = match delivery.state {
                DeliveryState::Pending => {
                    let key = schema::due_key(delivery.webhook, delivery.due_at, id);
                    txn.open_table(schema::DUE)
                        .map_err(Failure::from)
                        .and_then(|due| Ok(due.get(&key)?.is_some()))
                }
                DeliveryState::Held => {
                    let key = schema::held_key(delivery.webhook, id);
                    txn.open_table(schema::HELD)
                        .map_err(Failure::from)
                        .and_then(|held| Ok(held.get(&key)?.is_some()))
                }
                _ => Ok(true),
            };
            let missing = || StoreError::Corrupt("its entry in the queue is missing".to_owned()).into();
            match index {
                Ok(true) => Ok(()),
                Ok(false) => Err((id.to_string(), missing())),
                Err(failure) => Err((id.to_string(), failure)),
            }
        });
        self.table(txn, schema::ATTEMPTS, |key, row| {
            let (delivery, number) = (schema::delivery_of(key), schema::number_of(key));
            let read = codec::attempt(delivery, number, row).map(drop);
            read.map_err(|error| (format!("attempt {number} of {delivery}"), error.into()))
        });
        self.table(txn, schema::REPLIES, |key, row| {
            let record = format!("reply {} of {}", schema::number_of(key), schema::delivery_of(key));
            codec::reply(key, row).map(drop).map_err(|error| (record, error.into()))
        });
        self.table(txn, schema::KNOWN_KEYS, |(project, key), row| {
            let project = ProjectId::from_bytes(*project);
            let read = codec::known_key(project, key, row).map(drop);
            read.map_err(|error| (format!("a key of project {project}"), error.into()))
        });
    }

    /// The entries that lead to events, and to deliveries that were made after their event.
    fn lists(&mut self, txn: &ReadTransaction) {
        let is_there = |id: EventId| Ok(txn.open_table(schema::EVENTS)?.get(&id.to_bytes())?.is_some());
        for table in [schema::EVENT_LOG, schema::UNDELIVERED] {
            self.table(txn, table, |key, ()| {
                let id = schema::event_of(key);
                found(id, is_there(id), "event")
            });
        }
        self.table(txn, schema::FAN_OUTS, |key, _| {
            let id = EventId::from_bytes(*key);
            found(id, is_there(id), "event")
        });
        self.table(txn, schema::ADDED, |key, ()| {
            let id = schema::second_of(key);
            let deliveries = txn.open_table(schema::DELIVERIES).map_err(Failure::from);
            found(id, deliveries.and_then(|table| Ok(table.get(&id.to_bytes())?.is_some())), "delivery")
        });
    }

    /// The entries that lead to deliveries.
    fn queue(&mut self, txn: &ReadTransaction) {
        let stored = |id: DeliveryId| {
            let deliveries = txn.open_table(schema::DELIVERIES)?;
            stored(&deliveries, id)
        };
        self.table(txn, schema::DUE, |key, ()| {
            let id = schema::split_due_key(key).2;
            let fits = |delivery: &hookwright_model::Delivery| {
                delivery.state == DeliveryState::Pending && damage::is_at(delivery, key)
            };
            entry(id, stored(id), fits)
        });
        self.table(txn, schema::HELD, |key, ()| {
            let id = schema::second_of(key);
            entry(id, stored(id), |delivery| schema::held_key(delivery.webhook, id) == *key)
        });
        self.table(txn, schema::LOG, |key, ()| {
            let id = schema::second_of(key);
            entry(id, stored(id), |delivery| schema::log_key(delivery.project, id) == *key)
        });
    }
}

/// The stored delivery; none if its own record is damaged, which is listed already.
fn stored(
    table: &impl ReadableTable<IdKey, Row>,
    id: DeliveryId,
) -> Result<Option<hookwright_model::Delivery>, Failure> {
    let missing = || StoreError::Corrupt("there is no such delivery".to_owned());
    let row = table.get(&id.to_bytes())?.ok_or_else(missing)?;
    Ok(codec::delivery(id, row.value()).ok())
}

fn found(
    id: impl fmt::Display,
    is_there: Result<bool, Failure>,
    what: &str,
) -> Result<(), (String, Failure)> {
    match is_there {
        Ok(true) => Ok(()),
        Ok(false) => Err((id.to_string(), StoreError::Corrupt(format!("there is no such {what}")).into())),
        Err(failure) => Err((id.to_string(), failure)),
    }
}

fn entry(
    id: DeliveryId,
    stored: Result<Option<hookwright_model::Delivery>, Failure>,
    fits: impl Fn(&hookwright_model::Delivery) -> bool,
) -> Result<(), (String, Failure)> {
    match stored {
        Ok(None) => Ok(()),
        Ok(Some(delivery)) if fits(&delivery) => Ok(()),
        Ok(Some(_)) => {
            let error = StoreError::Corrupt("the entry does not fit its delivery".to_owned());
            Err((id.to_string(), error.into()))
        }
        Err(failure) => Err((id.to_string(), failure)),
    }
}
