//! The log of deliveries, and what people do with it.

use std::collections::HashSet;

use hookwright_model::{
    Delivery, DeliveryId, DeliveryState, KeptReplies, Page, PageRequest, ProjectId, Timestamp,
};
use hookwright_store::{DeliveryFilter, Noun, StoreError};
use redb::{ReadTransaction, ReadableTable, WriteTransaction};
use tracing::warn;

use crate::claims::Claims;
use crate::contain::contain;
use crate::disk::Disk;
use crate::error::Failure;
use crate::group::Group;
use crate::{damage, events, schema};

/// The most deliveries that one page of a filtered list reads.
const READ_PER_PAGE: usize = 2_000;

/// The delivery as it is stored, or what is left of it.
fn find(txn: &ReadTransaction, id: DeliveryId) -> Result<Delivery, Failure> {
    damage::find(&txn.open_table(schema::DELIVERIES)?, &txn.open_table(schema::EVENTS)?, id)
}

/// The delivery as people see it.
pub(crate) fn delivery(disk: &Disk, claims: &Claims, id: DeliveryId) -> Result<Delivery, Failure> {
    // Asked first: the attempt may be recorded and released in between, but then it was delivering when asked.
    let claimed = claims.is_claimed(id);
    let mut delivery = find(&disk.read()?, id)?;
    if claimed {
        delivery.state = DeliveryState::Delivering;
    }
    Ok(delivery)
}

/// Every delivery that is stored as pending or held. Costs by their number.
pub(crate) fn waiting(txn: &WriteTransaction) -> Result<Vec<Delivery>, Failure> {
    let mut ids = Vec::new();
    for entry in txn.open_table(schema::DUE)?.iter()? {
        ids.push(schema::split_due_key(entry?.0.value()).2);
    }
    for entry in txn.open_table(schema::HELD)?.iter()? {
        ids.push(schema::second_of(entry?.0.value()));
    }
    let (deliveries, events) = (txn.open_table(schema::DELIVERIES)?, txn.open_table(schema::EVENTS)?);
    ids.into_iter().map(|id| damage::find(&deliveries, &events, id)).collect()
}

/// One page of the log of a project, as people see it.
pub(crate) fn list(
    disk: &Disk,
    claims: &Claims,
    project: ProjectId,
    filter: DeliveryFilter,
    page: PageRequest<DeliveryId>,
) -> Result<Page<Delivery, DeliveryId>, Failure> {
    let claimed = claims.claimed();
    let txn = disk.read()?;
    let ids = match filter.event {
        Some(_) => of_event(&txn, project, filter, page.after)?,
        None => of_project(&txn, project, page.after)?,
    };
    read_page(&txn, &claimed, ids, filter, page.limit)
}

type Ids = Box<dyn Iterator<Item = Result<DeliveryId, Failure>>>;

/// The deliveries of a project, the newest first.
fn of_project(txn: &ReadTransaction, project: ProjectId, after: Option<DeliveryId>) -> Result<Ids, Failure> {
    let log = txn.open_table(schema::LOG)?;
    let first = schema::log_key(project, schema::first_delivery());
    let last = schema::log_key(project, after.unwrap_or(schema::last_delivery()));
    let newest_first =
        log.range::<&[u8; 32]>(&first..=&last)?.rev().map(|entry| Ok(schema::second_of(entry?.0.value())));
    Ok(Box::new(newest_first.skip_while(move |id| after.is_some() && id.as_ref().ok() == after.as_ref())))
}

/// The deliveries of the filter's event, the newest first.
fn of_event(
    txn: &ReadTransaction,
    project: ProjectId,
    filter: DeliveryFilter,
    after: Option<DeliveryId>,
) -> Result<Ids, Failure> {
    let Some(event) = filter.event else { return Ok(Box::new(std::iter::empty())) };
    let stored = match events::find(&txn.open_table(schema::EVENTS)?, event) {
        Ok(stored) if stored.event.project == project => stored,
        Ok(_) | Err(Failure::Refused(StoreError::NotFound(_))) => return Ok(Box::new(std::iter::empty())),
        Err(failure) => return Err(failure),
    };
    let mut first: Vec<DeliveryId> = stored.deliveries.into_iter().map(|(delivery, _)| delivery).collect();
    first.retain(|id| after.is_none_or(|after| *id < after));
    first.sort_unstable();
    let (from, to) = schema::added_keys(event);
    let to = after.map_or(to, |after| schema::added_key(event, after));
    let added = txn.open_table(schema::ADDED)?;
    let added = added.range::<&[u8; 32]>(&from..=&to)?.rev();
    let added = added.map(|entry| Ok::<_, Failure>(schema::second_of(entry?.0.value())));
    let mut added = added.filter(move |id| after.is_none() || id.as_ref().ok() != after.as_ref()).peekable();
    // Both are in order: the newer of their next ones comes first.
    Ok(Box::new(std::iter::from_fn(move || match (first.last(), added.peek()) {
        (Some(own), Some(Ok(other))) if own > other => first.pop().map(Ok),
        (_, Some(_)) => added.next(),
        (_, None) => first.pop().map(Ok),
    })))
}

fn read_page(
    txn: &ReadTransaction,
    claimed: &HashSet<DeliveryId>,
    ids: Ids,
    filter: DeliveryFilter,
    limit: usize,
) -> Result<Page<Delivery, DeliveryId>, Failure> {
    let mut items = Vec::new();
    let mut last = None;
    for (read, id) in ids.enumerate() {
        if items.len() >= limit || read >= READ_PER_PAGE {
            return Ok(Page { items, next: last });
        }
        let id = id?;
        last = Some(id);
        let mut delivery = match contain(|| find(txn, id)) {
            Ok(delivery) => delivery,
            Err(failure) if is_damage(&failure) => {
                warn!(delivery.id = %id, "a damaged delivery is left out of a list; see `hookwright verify`");
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if claimed.contains(&id) {
            delivery.state = DeliveryState::Delivering;
        }
        if filter.matches(&delivery) {
            items.push(delivery);
        }
    }
    Ok(Page { items, next: None })
}

/// Whether the log's entry leads nowhere, or to a record of which nothing is left.
fn is_damage(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(StoreError::NotFound(_))) || damage::problem_of(failure).is_some()
}

pub(crate) fn resend(group: &mut Group<'_, '_>, id: DeliveryId, now: Timestamp) -> Result<Delivery, Failure> {
    let stored = reserve(group, id)?;
    if group.catalog.webhook(stored.webhook).is_none() {
        return Err(StoreError::NotFound(Noun::Webhook).into());
    }
    let mut resent = stored.clone();
    let kept = resent.resend(now).map_err(StoreError::from)?;
    if kept == KeptReplies::Drop {
        let (first, last) = schema::numbered_keys(id);
        group.tables.replies.retain_in::<&[u8; 20], _>(&first..=&last, |_, _| false)?;
    }
    group.tables.replace_delivery(&stored, &resent)?;
    Ok(resent)
}

pub(crate) fn cancel(group: &mut Group<'_, '_>, id: DeliveryId, reason: &str) -> Result<Delivery, Failure> {
    let stored = reserve(group, id)?;
    let mut cancelled = stored.clone();
    cancelled.cancel(reason).map_err(StoreError::from)?;
    group.tables.replace_delivery(&stored, &cancelled)?;
    Ok(cancelled)
}

/// The stored delivery, reserved until the group has ended.
fn reserve(group: &mut Group<'_, '_>, id: DeliveryId) -> Result<Delivery, Failure> {
    let stored = group.tables.delivery(id)?;
    if group.claims.reserve(id) {
        Ok(stored)
    } else {
        Err(StoreError::from(hookwright_model::UnderWay).into())
    }
}
