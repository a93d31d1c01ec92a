//! Attempts: recording the result of a claimed delivery, and reading its log.

use hookwright_model::{Attempt, Delivery, DeliveryId, DeliveryState};
use hookwright_store::{AttemptRecord, ClaimAfter, Noun, StoreError};
use redb::ReadTransaction;
use tracing::warn;

use crate::error::Failure;
use crate::group::Group;
use crate::{codec, schema, webhooks};

pub(crate) fn finish(group: &mut Group<'_, '_>, record: AttemptRecord) -> Result<DeliveryState, Failure> {
    let id = record.delivery.id;
    if !group.claims.is_claimed(id) {
        return Err(StoreError::NotFound(Noun::Delivery).into());
    }
    let stored = group.tables.delivery(id)?;
    let webhook = group.catalog.webhook(stored.webhook);
    let disabled = webhook.as_ref().and_then(|webhook| record.disabled(webhook));
    let AttemptRecord { mut delivery, attempt, reply, mut claim, .. } = record;
    if webhook.is_none() && goes_on(&delivery) {
        // The deletion has written down already how it ends.
        (delivery.state, delivery.reason) = (stored.state, stored.reason.clone());
        claim = ClaimAfter::Release;
    }

    if let Some(webhook) = disabled {
        webhooks::put(group, webhook)?;
    }
    if let Some(attempt) = attempt {
        let key = schema::numbered_key(id, attempt.number);
        group.tables.attempts.insert(&key, &*codec::attempt_row(&attempt)?)?;
    }
    if let Some(reply) = reply {
        let key = schema::numbered_key(id, delivery.replies);
        group.tables.replies.insert(&key, &*codec::reply_row(&key, &reply)?)?;
    }
    group.tables.replace_delivery(&stored, &delivery)?;
    if claim == ClaimAfter::Release {
        group.claims.free(id);
    }
    Ok(delivery.state)
}

fn goes_on(delivery: &Delivery) -> bool {
    matches!(delivery.state, DeliveryState::Pending | DeliveryState::Held)
}

/// The attempts of a delivery, in order, without damaged ones.
pub(crate) fn of(txn: &ReadTransaction, delivery: DeliveryId) -> Result<Vec<Attempt>, Failure> {
    let (first, last) = schema::numbered_keys(delivery);
    let mut attempts = Vec::new();
    for entry in txn.open_table(schema::ATTEMPTS)?.range::<&[u8; 20]>(&first..=&last)? {
        let (key, row) = entry?;
        match codec::attempt(delivery, schema::number_of(key.value()), row.value()) {
            Ok(attempt) => attempts.push(attempt),
            Err(error) => warn!(delivery.id = %delivery, error = %error, "a damaged attempt is left out"),
        }
    }
    Ok(attempts)
}
