//! Webhooks and their mappings.

use std::sync::Arc;

use hookwright_model::{Delivery, DeliveryId, Revision, Webhook, WebhookId};
use hookwright_store::{Noun, StoreError};
use redb::ReadableTable;

use crate::catalog::Change;
use crate::error::Failure;
use crate::group::Group;
use crate::seal::Place;
use crate::{codec, deliveries, schema};

pub(crate) fn create(group: &mut Group<'_, '_>, webhook: Webhook) -> Result<(), Failure> {
    if !group.catalog.has_project(webhook.project) {
        return Err(StoreError::NotFound(Noun::Project).into());
    }
    if group.catalog.webhook(webhook.id).is_some() {
        return Err(StoreError::Exists(Noun::Webhook).into());
    }
    put(group, webhook)
}

pub(crate) fn update(group: &mut Group<'_, '_>, webhook: Webhook) -> Result<(), Failure> {
    let actual = find(group, webhook.id)?.revision;
    if webhook.revision != actual + 1 {
        return Err(StoreError::RevisionMismatch { actual }.into());
    }
    put(group, webhook)
}

/// Deletes a webhook and cancels its waiting deliveries, claimed ones included: if the process ends before their
/// attempts do, the rows are right already.
pub(crate) fn delete(
    group: &mut Group<'_, '_>,
    id: WebhookId,
    expected: Option<Revision>,
    reason: &str,
) -> Result<(), Failure> {
    let actual = find(group, id)?.revision;
    if expected.is_some_and(|expected| expected != actual) {
        return Err(StoreError::RevisionMismatch { actual }.into());
    }
    group.claims.delete(id);
    for waiting in waiting(group, id)? {
        let mut cancelled = waiting.clone();
        cancelled.cancel(reason).map_err(StoreError::from)?;
        group.tables.replace_delivery(&waiting, &cancelled)?;
    }
    group.txn.open_table(schema::WEBHOOKS)?.remove(&id.to_bytes())?;
    let (first, last) = (schema::mapping_key(id, 0), schema::mapping_key(id, Revision::MAX));
    group.txn.open_table(schema::MAPPINGS)?.retain_in::<&[u8; 24], _>(&first..=&last, |_, _| false)?;
    group.catalog.stage(Change::WebhookDeleted(id));
    Ok(())
}

/// Cancels so many of the deliveries that wait for a webhook.
pub(crate) fn cancel_waiting(
    group: &mut Group<'_, '_>,
    id: WebhookId,
    limit: usize,
    reason: &str,
) -> Result<usize, Failure> {
    find(group, id)?;
    let mut free = Vec::new();
    for delivery in waiting_ids(group, id)? {
        if free.len() >= limit {
            break;
        }
        let delivery = delivery?;
        if !group.claims.is_claimed(delivery) {
            free.push(delivery);
        }
    }
    let mut cancelled = 0;
    for delivery in free {
        if group.claims.reserve(delivery) {
            deliveries::cancel(group, delivery, reason)?;
            cancelled += 1;
        }
    }
    Ok(cancelled)
}

/// Stores a webhook as it is now.
pub(crate) fn put(group: &mut Group<'_, '_>, webhook: Webhook) -> Result<(), Failure> {
    let key = webhook.id.to_bytes();
    let row = group.sealer.seal(Place::Webhook(&key), &codec::webhook_row(&webhook)?)?;
    if let Some(mapping) = &webhook.mapping {
        let key = schema::mapping_key(webhook.id, webhook.mapping_revision);
        let row = group.sealer.seal(Place::Mapping(&key), &codec::mapping_row(&key, mapping)?)?;
        group.txn.open_table(schema::MAPPINGS)?.insert(&key, &*row)?;
    }
    group.txn.open_table(schema::WEBHOOKS)?.insert(&key, &*row)?;
    group.catalog.stage(Change::Webhook(Arc::new(webhook)));
    Ok(())
}

fn find(group: &Group<'_, '_>, id: WebhookId) -> Result<Arc<Webhook>, StoreError> {
    group.catalog.webhook(id).ok_or(StoreError::NotFound(Noun::Webhook))
}

/// The deliveries of a webhook that are stored as pending or held.
fn waiting(group: &Group<'_, '_>, webhook: WebhookId) -> Result<Vec<Delivery>, Failure> {
    let ids: Vec<DeliveryId> = waiting_ids(group, webhook)?.collect::<Result<_, _>>()?;
    ids.into_iter().map(|id| group.tables.delivery(id)).collect()
}

/// Their ids: the pending ones as they are due, then those that are held.
fn waiting_ids<'g>(
    group: &'g Group<'_, '_>,
    webhook: WebhookId,
) -> Result<impl Iterator<Item = Result<DeliveryId, Failure>> + 'g, Failure> {
    let due = group.tables.due.range::<&[u8; 40]>(&schema::first_due_key(webhook)..)?;
    let due = due.map(|entry| Ok(schema::split_due_key(entry?.0.value())));
    let due = due.take_while(move |key: &Result<_, Failure>| !matches!(key, Ok((of, ..)) if *of != webhook));
    let due = due.map(|key| key.map(|(.., delivery)| delivery));
    let (first, last) = (
        schema::held_key(webhook, schema::first_delivery()),
        schema::held_key(webhook, schema::last_delivery()),
    );
    let held = group.tables.held.range::<&[u8; 32]>(&first..=&last)?;
    Ok(due.chain(held.map(|entry| Ok(schema::second_of(entry?.0.value())))))
}
