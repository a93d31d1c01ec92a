//! Due deliveries, and claiming them.

use std::time::Duration;

use hookwright_model::{Delivery, DeliveryId, DeliveryState, Timestamp, WebhookId};
use hookwright_store::{Claim, Due, StoreError};
use redb::{ReadOnlyTable, ReadTransaction};

use crate::claims::{Claims, Held, Holder};
use crate::contain::contain;
use crate::damage::{self, Unusable};
use crate::disk::Disk;
use crate::error::Failure;
use crate::schema::{self, DueKey};
use crate::{codec, events};

/// While results may find no room, a webhook is asked again after this long.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// Claims the due deliveries of a webhook, and names those that cannot be attempted: they are claimed by nobody from now
/// on. Does not wait for the writer.
pub(crate) fn claim(
    disk: &Disk,
    claims: &Claims,
    webhook: WebhookId,
    now: Timestamp,
    limit: usize,
) -> Result<(Due, Vec<Unusable>), Failure> {
    if !disk.has_room_for_results() {
        return Ok((Due { claims: Vec::new(), next: Some(now.after(ASK_AGAIN)) }, Vec::new()));
    }
    let (txn, keys, next) = {
        let mut held = claims.lock();
        // Not before the lock is taken: see `Claims`.
        let txn = disk.read()?;
        let (keys, next) = scan(&txn, &held, webhook, now, limit)?;
        for key in &keys {
            held.claim(id_of(key));
        }
        (txn, keys, next)
    };
    let mut due = Due { claims: Vec::with_capacity(keys.len()), next };
    let mut unusable = Vec::new();
    for key in &keys {
        match contain(|| read_claim(&txn, key)) {
            Ok(claim) => due.claims.push(claim),
            Err(failure) => match damage::problem_of(&failure) {
                Some(problem) => unusable.push(Unusable { key: *key, problem: problem.to_owned() }),
                None => {
                    claims.release(&keys.iter().map(id_of).collect::<Vec<_>>());
                    return Err(failure);
                }
            },
        }
    }
    let mut held = claims.lock();
    for unusable in &unusable {
        held.set_aside(id_of(&unusable.key));
    }
    drop(held);
    Ok((due, unusable))
}

fn id_of(key: &[u8; 40]) -> DeliveryId {
    schema::split_due_key(key).2
}

/// What may be claimed, and when the next one that is not claimed is due.
fn scan(
    txn: &ReadTransaction,
    held: &Held,
    webhook: WebhookId,
    now: Timestamp,
    limit: usize,
) -> Result<(Vec<[u8; 40]>, Option<Timestamp>), Failure> {
    let limit = if held.is_deleting(webhook) { 0 } else { limit };
    let mut keys = Vec::new();
    let mut next = None;
    for entry in txn.open_table(schema::DUE)?.range::<&[u8; 40]>(&schema::first_due_key(webhook)..)? {
        let key = *entry?.0.value();
        let (of, due_at, delivery) = schema::split_due_key(&key);
        if of != webhook {
            break;
        }
        match held.holder(delivery) {
            Some(Holder::Attempt | Holder::Damage) => {}
            // Should the writer's change fail, this one is due as before.
            Some(Holder::Writer) => next = next.or(Some(due_at)),
            None if keys.len() < limit && due_at <= now => keys.push(key),
            None => {
                next = next.or(Some(due_at));
                break;
            }
        }
    }
    Ok((keys, next))
}

/// Everything that an attempt needs.
fn read_claim(txn: &ReadTransaction, key: &[u8; 40]) -> Result<Claim, Failure> {
    let id = id_of(key);
    let (deliveries, events) = (txn.open_table(schema::DELIVERIES)?, txn.open_table(schema::EVENTS)?);
    let corrupt = |problem: String| Failure::Refused(StoreError::Corrupt(problem));
    let missing = |failure, what: &str| match failure {
        Failure::Refused(StoreError::NotFound(_)) => corrupt(format!("the {what} of {id} is missing")),
        other => other,
    };
    let row =
        deliveries.get(&id.to_bytes())?.ok_or_else(|| corrupt(format!("the record of {id} is missing")))?;
    let stored = codec::delivery(id, row.value())?;
    if stored.state != DeliveryState::Pending || !damage::is_at(&stored, key) {
        return Err(corrupt(format!("the entry of {id} in the queue does not fit its record")));
    }
    let delivery = Delivery { state: DeliveryState::Delivering, ..stored };
    let event = events::find(&events, delivery.event).map_err(|failure| missing(failure, "event"))?;
    let replies = if delivery.replies > 0 { replies(txn, id)? } else { Vec::new() };
    if replies.len() != delivery.replies as usize {
        return Err(corrupt(format!("a kept reply of {id} is missing")));
    }
    Ok(Claim { delivery, event: event.event, replies })
}

fn replies(txn: &ReadTransaction, delivery: DeliveryId) -> Result<Vec<hookwright_model::Reply>, Failure> {
    let (first, last) = schema::numbered_keys(delivery);

    let table = txn.open_table(schema::REPLIES)?;
    let mut replies = Vec::new();
    for entry in table.range::<&[u8; 20]>(&first..=&last)? {
        let (key, row) = entry?;
        replies.push(codec::reply(key.value(), row.value())?);
    }
    Ok(replies)
}

/// Every webhook with pending deliveries that are not claimed, with the time at which the first of them is due.
pub(crate) fn webhooks(disk: &Disk, claims: &Claims) -> Result<Vec<(WebhookId, Timestamp)>, Failure> {
    let held = claims.lock();
    let due = disk.read()?.open_table(schema::DUE)?;
    let mut first = Vec::new();
    let mut from = Some([0; 40]);
    while let Some(key) = from
        && let Some(webhook) = webhook_at(&due, &key)?
    {
        if let Some(due_at) = first_due(&due, &held, webhook)? {
            first.push((webhook, due_at));
        }
        from = schema::due_key_after(webhook);
    }
    Ok(first)
}

/// The webhook of the first key from this one on.
fn webhook_at(due: &ReadOnlyTable<DueKey, ()>, key: &[u8; 40]) -> Result<Option<WebhookId>, Failure> {
    let first = due.range::<&[u8; 40]>(key..)?.next().transpose()?;
    Ok(first.map(|(key, _)| schema::split_due_key(key.value()).0))
}

fn first_due(
    due: &ReadOnlyTable<DueKey, ()>,
    held: &Held,
    webhook: WebhookId,
) -> Result<Option<Timestamp>, Failure> {
    for entry in due.range::<&[u8; 40]>(&schema::first_due_key(webhook)..)? {
        let (of, due_at, delivery) = schema::split_due_key(entry?.0.value());
        if of != webhook {
            break;
        }
        if !matches!(held.holder(delivery), Some(Holder::Attempt | Holder::Damage)) {
            return Ok(Some(due_at));
        }
    }
    Ok(None)
}
