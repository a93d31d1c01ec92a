//! The tables, how their keys are laid out, and the version of it all.
//!
//! Numbers in keys are big-endian, so that keys sort as what they mean: whatever is wanted next is read from the front
//! of a range.

use hookwright_model::{DeliveryId, EventId, Origin, PluginOwner, ProjectId, Revision, Timestamp, WebhookId};
use redb::{ReadTransaction, ReadableTable, Table, TableDefinition, TableError, WriteTransaction};

use crate::codec;
use crate::error::{Failure, OpenErrorKind};
use crate::seal::{Place, Sealer};

/// An id as a key.
pub(crate) type IdKey = &'static [u8; 16];
/// A record of [`codec`](crate::codec), sealed or not.
pub(crate) type Row = &'static [u8];
/// Two ids.
pub(crate) type PairKey = &'static [u8; 32];
/// A delivery and a number.
pub(crate) type NumberedKey = &'static [u8; 20];
/// A webhook, a due time in milliseconds, a delivery.
pub(crate) type DueKey = &'static [u8; 40];
/// An owner (zero is Hookwright), a name, a version.
pub(crate) type PluginKey = (&'static [u8; 17], &'static str, u32);
/// A project and an idempotency key.
pub(crate) type KnownKeyKey = (IdKey, &'static str);
/// When it expires in milliseconds, a project, an idempotency key.
pub(crate) type ExpiryKey = (u64, IdKey, &'static str);

/// What the file is.
const META: TableDefinition<&str, Row> = TableDefinition::new("meta");
/// Projects by id.
pub(crate) const PROJECTS: TableDefinition<IdKey, Row> = TableDefinition::new("projects");
/// Webhooks by id, sealed.
pub(crate) const WEBHOOKS: TableDefinition<IdKey, Row> = TableDefinition::new("webhooks");
/// Mappings by webhook and revision, sealed.
pub(crate) const MAPPINGS: TableDefinition<&'static [u8; 24], Row> = TableDefinition::new("mappings");
/// Plugin versions.
pub(crate) const PLUGINS: TableDefinition<PluginKey, Row> = TableDefinition::new("plugins");
/// Components by digest, as they are.
pub(crate) const COMPONENTS: TableDefinition<&'static [u8; 32], &'static [u8]> =
    TableDefinition::new("components");
/// The digests of components whose version was deleted.
pub(crate) const ORPHANS: TableDefinition<&'static [u8; 32], ()> = TableDefinition::new("orphans");
/// Events by id.
pub(crate) const EVENTS: TableDefinition<IdKey, Row> = TableDefinition::new("events");
/// Deliveries by id.
pub(crate) const DELIVERIES: TableDefinition<IdKey, Row> = TableDefinition::new("deliveries");
/// The deliveries that are stored as pending, by webhook and due time.
pub(crate) const DUE: TableDefinition<DueKey, ()> = TableDefinition::new("due");
/// The deliveries that are held, by webhook.
pub(crate) const HELD: TableDefinition<PairKey, ()> = TableDefinition::new("held");
/// The events that producers sent, by project.
pub(crate) const EVENT_LOG: TableDefinition<PairKey, ()> = TableDefinition::new("event_log");
/// The events that no webhook wanted, by project.
pub(crate) const UNDELIVERED: TableDefinition<PairKey, ()> = TableDefinition::new("undelivered");
/// The events whose fan-out is not complete, with the webhook after which it goes on.
pub(crate) const FAN_OUTS: TableDefinition<IdKey, IdKey> = TableDefinition::new("fan_outs");
/// The deliveries that an event got after it was accepted, by event. Those that it was accepted with are in its record.
pub(crate) const ADDED: TableDefinition<PairKey, ()> = TableDefinition::new("added_deliveries");
/// All deliveries, by project.
pub(crate) const LOG: TableDefinition<PairKey, ()> = TableDefinition::new("log");
/// Attempts by delivery and number.
pub(crate) const ATTEMPTS: TableDefinition<NumberedKey, Row> = TableDefinition::new("attempts");
/// The replies kept for plugins, by delivery and position.
pub(crate) const REPLIES: TableDefinition<NumberedKey, Row> = TableDefinition::new("replies");
/// What an idempotency key of a project stands for.
pub(crate) const KNOWN_KEYS: TableDefinition<KnownKeyKey, Row> = TableDefinition::new("idempotency_keys");
/// Idempotency keys in the order in which they expire.
pub(crate) const EXPIRIES: TableDefinition<ExpiryKey, ()> = TableDefinition::new("idempotency_expiries");

pub(crate) fn due_key(webhook: WebhookId, due_at: Timestamp, delivery: DeliveryId) -> [u8; 40] {
    let mut key = [0; 40];
    key[..16].copy_from_slice(&webhook.to_bytes());
    key[16..24].copy_from_slice(&due_at.as_millis().to_be_bytes());
    key[24..].copy_from_slice(&delivery.to_bytes());
    key
}

/// Where the keys of a webhook begin.
pub(crate) fn first_due_key(webhook: WebhookId) -> [u8; 40] {
    due_key(webhook, Timestamp::EPOCH, first_delivery())
}

/// Where the keys of the next webhooks begin; none when there can be no more.
pub(crate) fn due_key_after(webhook: WebhookId) -> Option<[u8; 40]> {
    let next = u128::from_be_bytes(webhook.to_bytes()).checked_add(1)?;
    Some(first_due_key(WebhookId::from_bytes(next.to_be_bytes())))
}

/// No delivery sorts before this one.
pub(crate) fn first_delivery() -> DeliveryId {
    DeliveryId::from_bytes([0; 16])
}

/// No delivery sorts after this one.
pub(crate) fn last_delivery() -> DeliveryId {
    DeliveryId::from_bytes([u8::MAX; 16])
}

pub(crate) fn split_due_key(key: &[u8; 40]) -> (WebhookId, Timestamp, DeliveryId) {
    let (webhook, rest) = (first_16(key), &key[16..]);
    let mut millis = [0; 8];
    millis.copy_from_slice(&rest[..8]);
    let due_at = Timestamp::from_millis(u64::from_be_bytes(millis));
    (WebhookId::from_bytes(webhook), due_at, DeliveryId::from_bytes(first_16(&rest[8..])))
}

pub(crate) fn held_key(webhook: WebhookId, delivery: DeliveryId) -> [u8; 32] {
    pair(webhook.to_bytes(), delivery.to_bytes())
}

pub(crate) fn log_key(project: ProjectId, delivery: DeliveryId) -> [u8; 32] {
    pair(project.to_bytes(), delivery.to_bytes())
}

/// A key of [`EVENT_LOG`] or [`UNDELIVERED`].
pub(crate) fn event_key(project: ProjectId, event: EventId) -> [u8; 32] {
    pair(project.to_bytes(), event.to_bytes())
}

/// The event of such a key.
pub(crate) fn event_of(key: &[u8; 32]) -> EventId {
    EventId::from_bytes(first_16(&key[16..]))
}

pub(crate) fn added_key(event: EventId, delivery: DeliveryId) -> [u8; 32] {
    pair(event.to_bytes(), delivery.to_bytes())
}

/// The first and the last key that an event can have in [`ADDED`].
pub(crate) fn added_keys(event: EventId) -> ([u8; 32], [u8; 32]) {
    (added_key(event, first_delivery()), added_key(event, last_delivery()))
}

/// The delivery of a key of [`HELD`], [`LOG`] or [`ADDED`].
pub(crate) fn second_of(key: &[u8; 32]) -> DeliveryId {
    DeliveryId::from_bytes(first_16(&key[16..]))
}

pub(crate) fn numbered_key(delivery: DeliveryId, number: u32) -> [u8; 20] {
    let mut key = [0; 20];
    key[..16].copy_from_slice(&delivery.to_bytes());
    key[16..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The first and the last key that a delivery can have in [`ATTEMPTS`] or [`REPLIES`].
pub(crate) fn numbered_keys(delivery: DeliveryId) -> ([u8; 20], [u8; 20]) {
    (numbered_key(delivery, 0), numbered_key(delivery, u32::MAX))
}

/// The delivery of a key of [`ATTEMPTS`] or [`REPLIES`].
pub(crate) fn delivery_of(key: &[u8; 20]) -> DeliveryId {
    DeliveryId::from_bytes(first_16(key))
}

/// The number of a key of [`ATTEMPTS`] or [`REPLIES`].
pub(crate) fn number_of(key: &[u8; 20]) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&key[16..]);
    u32::from_be_bytes(number)
}

pub(crate) fn mapping_key(webhook: WebhookId, revision: Revision) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(&webhook.to_bytes());
    key[16..].copy_from_slice(&revision.to_be_bytes());
    key
}

pub(crate) fn split_mapping_key(key: &[u8; 24]) -> (WebhookId, Revision) {
    let mut revision = [0; 8];
    revision.copy_from_slice(&key[16..]);
    (WebhookId::from_bytes(first_16(key)), u64::from_be_bytes(revision))
}

pub(crate) fn owner_key(owner: PluginOwner) -> [u8; 17] {
    let mut key = [0; 17];
    if let PluginOwner::Project(project) = owner {
        key[0] = 1;
        key[1..].copy_from_slice(&project.to_bytes());
    }
    key
}

pub(crate) fn owner_of(key: &[u8; 17]) -> PluginOwner {
    let [kind, project @ ..] = *key;
    if kind == 0 { PluginOwner::Bundled } else { PluginOwner::Project(ProjectId::from_bytes(project)) }
}

fn pair(first: [u8; 16], second: [u8; 16]) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(&first);
    key[16..].copy_from_slice(&second);
    key
}

fn first_16(key: &[u8]) -> [u8; 16] {
    let mut first = [0; 16];
    first.copy_from_slice(&key[..16]);
    first
}

/// Brings the file from one format to the next.
type Migration = fn(&WriteTransaction) -> Result<(), Failure>;

/// The first entry leads from format 1 to format 2, and so on.
const MIGRATIONS: &[Migration] = &[
    // 2: versions of plugins can be deleted.
    |txn| {
        txn.open_table(ORPHANS)?;
        Ok(())
    },
    // 3: records have checksums. Older ones get theirs when they are written again.
    |_| Ok(()),
    // 4: events are listed, and can get deliveries later.
    list_events,
];
/// Lists the events that producers sent. Costs by the number of events, once.
fn list_events(txn: &WriteTransaction) -> Result<(), Failure> {
    let (mut log, mut undelivered) = (txn.open_table(EVENT_LOG)?, txn.open_table(UNDELIVERED)?);
    txn.open_table(FAN_OUTS)?;
    txn.open_table(ADDED)?;
    let deliveries = txn.open_table(DELIVERIES)?;
    for entry in txn.open_table(EVENTS)?.iter()? {
        let (key, row) = entry?;
        let id = EventId::from_bytes(*key.value());
        // A damaged record has no place in a list, and does not keep the store from opening.
        let Ok(stored) = codec::event(id, row.value()) else { continue };
        let key = event_key(stored.event.project, id);
        let Some((delivery, _)) = stored.deliveries.first() else {
            undelivered.insert(&key, ())?;
            log.insert(&key, ())?;
            continue;
        };
        let row = deliveries.get(&delivery.to_bytes())?;
        let delivery = row.and_then(|row| codec::delivery(*delivery, row.value()).ok());
        if delivery.is_none_or(|delivery| delivery.origin != Origin::Test) {
            log.insert(&key, ())?;
        }
    }
    Ok(())
}

/// The format that this version writes.
#[expect(clippy::cast_possible_truncation, reason = "there are few formats")]
pub(crate) const FORMAT: u32 = MIGRATIONS.len() as u32 + 1;

const FORMAT_VERSION: &str = "format_version";
const KEY_CHECK: &str = "key_check";
const CHECKED: &[u8] = b"hookwright";
/// Covers the other two, so that damage is not taken for a newer format or another key.
const CHECKSUM: &str = "checksum";
/// Older files have no checksum.
const FIRST_WITH_CHECKSUM: u32 = 3;

/// Makes a new file a store, or an older store one of this format, and checks the master key.
pub(crate) fn prepare(txn: &WriteTransaction, sealer: &Sealer) -> Result<(), OpenErrorKind> {
    let found = format_of(txn)?;
    match found {
        None => create(txn, sealer)?,
        Some(found) => {
            check_key(txn, sealer)?;
            let newer = || OpenErrorKind::NewerFormat { found, supported: FORMAT };
            let done =
                usize::try_from(found).ok().and_then(|found| found.checked_sub(1)).ok_or_else(newer)?;
            for migration in MIGRATIONS.get(done..).ok_or_else(newer)? {
                migration(txn)?;
            }
        }
    }
    if found != Some(FORMAT) {
        let mut meta = txn.open_table(META).map_err(Failure::from)?;
        meta.insert(FORMAT_VERSION, &FORMAT.to_le_bytes()[..]).map_err(Failure::from)?;
        put_checksum(&mut meta)?;
    }
    Ok(())
}

/// Checks that a file is a store of this format with this master key.
pub(crate) fn check(txn: &ReadTransaction, sealer: &Sealer) -> Result<(), OpenErrorKind> {
    let meta = match txn.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::Storage(error)) => return Err(Failure::from(error).into()),
        Err(_) => return Err(OpenErrorKind::NotAStore),
    };
    let found = format_in(&meta)?;
    check_key_in(&meta, sealer)?;
    if found > FORMAT { Err(OpenErrorKind::NewerFormat { found, supported: FORMAT }) } else { Ok(()) }
}

fn checksum_of(meta: &impl ReadableTable<&'static str, Row>) -> Result<[u8; 8], Failure> {
    let mut hasher = blake3::Hasher::new();
    for name in [FORMAT_VERSION, KEY_CHECK] {
        let entry = meta.get(name)?;
        let value = entry.as_ref().map_or(&[][..], |entry| entry.value());
        hasher.update(&(value.len() as u64).to_le_bytes()).update(value);
    }
    let mut checksum = [0; 8];
    hasher.finalize_xof().fill(&mut checksum);
    Ok(checksum)
}

fn put_checksum(meta: &mut Table<'_, &'static str, Row>) -> Result<(), Failure> {
    let checksum = checksum_of(meta)?;
    meta.insert(CHECKSUM, &checksum[..])?;
    Ok(())
}

/// The format of the file; none when it is empty.
fn format_of(txn: &WriteTransaction) -> Result<Option<u32>, OpenErrorKind> {
    if txn.list_tables().map_err(Failure::from)?.next().is_none() {
        return Ok(None);
    }
    let meta = match txn.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::Storage(error)) => return Err(Failure::from(error).into()),
        Err(_) => return Err(OpenErrorKind::NotAStore),
    };
    format_in(&meta).map(Some)
}

fn format_in(meta: &impl ReadableTable<&'static str, Row>) -> Result<u32, OpenErrorKind> {
    let version = meta.get(FORMAT_VERSION).map_err(Failure::from)?.ok_or(OpenErrorKind::NotAStore)?;
    let version = version.value().try_into().map_err(|_| OpenErrorKind::NotAStore)?;
    let version = u32::from_le_bytes(version);
    let checksum = meta.get(CHECKSUM).map_err(Failure::from)?.map(|entry| entry.value().to_vec());
    let intact = match checksum {
        Some(checksum) => checksum == checksum_of(meta)?,
        None => version < FIRST_WITH_CHECKSUM,
    };
    if intact {
        Ok(version)
    } else {
        Err(OpenErrorKind::Damaged("its description of itself does not match its checksum".to_owned()))
    }
}

/// Creates every table, because one that was never created cannot be opened for reading.
fn create(txn: &WriteTransaction, sealer: &Sealer) -> Result<(), Failure> {
    let check = sealer.seal(Place::Check, CHECKED)?;
    txn.open_table(META)?.insert(KEY_CHECK, &*check)?;
    for table in [PROJECTS, WEBHOOKS, EVENTS, DELIVERIES] {
        txn.open_table(table)?;
    }
    for table in [HELD, LOG, EVENT_LOG, UNDELIVERED, ADDED] {
        txn.open_table(table)?;
    }
    for table in [ATTEMPTS, REPLIES] {
        txn.open_table(table)?;
    }
    txn.open_table(MAPPINGS)?;
    txn.open_table(PLUGINS)?;
    txn.open_table(COMPONENTS)?;
    txn.open_table(ORPHANS)?;
    txn.open_table(DUE)?;
    txn.open_table(FAN_OUTS)?;
    txn.open_table(KNOWN_KEYS)?;
    txn.open_table(EXPIRIES)?;
    Ok(())
}

fn check_key(txn: &WriteTransaction, sealer: &Sealer) -> Result<(), OpenErrorKind> {
    check_key_in(&txn.open_table(META).map_err(Failure::from)?, sealer)
}

fn check_key_in(meta: &impl ReadableTable<&'static str, Row>, sealer: &Sealer) -> Result<(), OpenErrorKind> {
    let check = meta.get(KEY_CHECK).map_err(Failure::from)?.ok_or(OpenErrorKind::NotAStore)?;
    match sealer.open(Place::Check, check.value()) {
        Ok(checked) if checked == CHECKED => Ok(()),
        _ => Err(OpenErrorKind::WrongKey),
    }
}

/// Makes the file one of format 1.
#[cfg(test)]
pub(crate) fn back_to_format_1(txn: &WriteTransaction) {
    txn.delete_table(ORPHANS).unwrap();
    for table in [EVENT_LOG, UNDELIVERED, ADDED] {
        txn.delete_table(table).unwrap();
    }
    txn.delete_table(FAN_OUTS).unwrap();
    set_format(txn, 1);
    txn.open_table(META).unwrap().remove(CHECKSUM).unwrap();
}

/// Writes another format version: what a newer version of Hookwright would have done.
#[cfg(test)]
pub(crate) fn set_format(txn: &WriteTransaction, format: u32) {
    let mut meta = txn.open_table(META).unwrap();
    meta.insert(FORMAT_VERSION, &format.to_le_bytes()[..]).unwrap();
    put_checksum(&mut meta).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_keys_sort_by_webhook_then_time_then_delivery() {
        let webhook = |byte| WebhookId::from_bytes([byte; 16]);
        let delivery = |byte| DeliveryId::from_bytes([byte; 16]);
        let sorted = [
            (webhook(1), Timestamp::from_millis(255), delivery(9)),
            (webhook(1), Timestamp::from_millis(256), delivery(3)),
            (webhook(1), Timestamp::from_millis(256), delivery(4)),
            (webhook(2), Timestamp::from_millis(0), delivery(0)),
        ];
        let keys = sorted.map(|(webhook, due_at, delivery)| due_key(webhook, due_at, delivery));
        assert!(keys.is_sorted());
        assert_eq!(keys.map(|key| split_due_key(&key)), sorted);
    }

    #[test]
    fn numbered_keys_sort_by_number() {
        let keys =
            [1, 255, 256, u32::MAX].map(|number| numbered_key(DeliveryId::from_bytes([1; 16]), number));
        assert!(keys.is_sorted());
        assert_eq!(keys.map(|key| number_of(&key)), [1, 255, 256, u32::MAX]);
    }
}
