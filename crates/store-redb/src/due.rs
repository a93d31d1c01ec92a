//! What is due, and claiming it.

use hookwright_model::{Delivery, DeliveryId, DeliveryState, Timestamp, WebhookId};
use hookwright_store::{Claim, Due, Noun, StoreError};
use redb::{ReadOnlyTable, ReadTransaction};

use crate::claims::{Claims, Held, Holder};
use crate::disk::Disk;
use crate::error::Failure;
use crate::schema::{self, DueKey};
use crate::{codec, deliveries, events};

/// Claims what is due for a webhook. Does not wait for the writer.
pub(crate) fn claim(
    disk: &Disk,
    claims: &Claims,
    webhook: WebhookId,
    now: Timestamp,
    limit: usize,
) -> Result<Due, Failure> {
    let (txn, ids, next) = {
        let mut held = claims.lock();
        // Not before the lock is taken: see `Claims`.
        let txn = disk.read()?;
        let (ids, next) = scan(&txn, &held, webhook, now, limit)?;
        for id in &ids {
            held.claim(*id);
        }
        (txn, ids, next)
    };
    match read_claims(&txn, &ids) {
        Ok(claims) => Ok(Due { claims, next }),
        Err(failure) => {
            claims.release(&ids);
            Err(failure)
        }
    }
}

/// What may be claimed, and when the next one that is not claimed is due.
fn scan(
    txn: &ReadTransaction,
    held: &Held,
    webhook: WebhookId,
    now: Timestamp,
    limit: usize,
) -> Result<(Vec<DeliveryId>, Option<Timestamp>), Failure> {
    let limit = if held.is_deleting(webhook) { 0 } else { limit };
    let mut ids = Vec::new();
    let mut next = None;
    for entry in txn.open_table(schema::DUE)?.range::<&[u8; 40]>(&schema::first_due_key(webhook)..)? {
        let (of, due_at, delivery) = schema::split_due_key(entry?.0.value());
        if of != webhook {
            break;
        }
        match held.holder(delivery) {
            Some(Holder::Attempt) => {}
            // Should the writer's change fail, this one is due as before.
            Some(Holder::Writer) => next = next.or(Some(due_at)),
            None if ids.len() < limit && due_at <= now => ids.push(delivery),
            None => {
                next = next.or(Some(due_at));
                break;
            }
        }
    }
    Ok((ids, next))
}

fn read_claims(txn: &ReadTransaction, ids: &[DeliveryId]) -> Result<Vec<Claim>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (deliveries, events) = (txn.open_table(schema::DELIVERIES)?, txn.open_table(schema::EVENTS)?);
    let claim = |id: &DeliveryId| {
        let delivery = Delivery { state: DeliveryState::Delivering, ..deliveries::find(&deliveries, *id)? };
        let event = events::find(&events, delivery.event).map_err(|failure| match failure {
            Failure::Refused(StoreError::NotFound(Noun::Event)) => {
                StoreError::Corrupt(format!("the event of delivery {id} is missing")).into()
            }
            other => other,
        })?;
        let replies = if delivery.replies > 0 { replies(txn, *id)? } else { Vec::new() };
        Ok(Claim { delivery, event: event.event, replies })
    };
    ids.iter().map(claim).collect()
}

fn replies(txn: &ReadTransaction, delivery: DeliveryId) -> Result<Vec<hookwright_model::Reply>, Failure> {
    let (first, last) = schema::numbered_keys(delivery);

    let table = txn.open_table(schema::REPLIES)?;
    table.range::<&[u8; 20]>(&first..=&last)?.map(|entry| Ok(codec::reply(entry?.1.value())?)).collect()
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
        if held.holder(delivery) != Some(Holder::Attempt) {
            return Ok(Some(due_at));
        }
    }
    Ok(None)
}
