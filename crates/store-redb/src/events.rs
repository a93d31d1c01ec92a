//! Events: accepting them, and recognising repeats.

use std::collections::HashMap;

use hookwright_model::{Delivery, DeliveryState, Event, EventId, ProjectId, Timestamp};
use hookwright_store::{Accepted, Claim, IdempotencyKey, NewEvent, Noun, Repeat, StoreError};
use redb::{ReadTransaction, ReadableTable};

use crate::claims::FreshClaim;
use crate::codec::{KnownKey, StoredEvent};
use crate::error::Failure;
use crate::group::{Group, Tables};
use crate::schema::{IdKey, Row};
use crate::{codec, schema};

/// How many expired idempotency keys each accepted event removes: more than events can add in the long run, few enough
/// to cost nothing noticeable.
const FORGOTTEN_PER_EVENT: usize = 2;

/// The decision about one event.
enum Decision<'e> {
    /// Stored, with its deliveries for webhooks that are there.
    Store(Vec<&'e Delivery>),
    /// The answer of the first time.
    Repeat(Accepted),
    /// The answer to an earlier event of the same call.
    RepeatOf(usize),
}

pub(crate) fn accept(group: &mut Group<'_, '_>, events: &[NewEvent]) -> Result<Vec<Accepted>, Failure> {
    let decisions = decide(group, events)?;
    let now = events.iter().map(|new| new.event.received_at).max();
    let mut answers: Vec<Accepted> = Vec::with_capacity(events.len());
    for (new, decision) in events.iter().zip(decisions) {
        let answer = match decision {
            Decision::Store(deliveries) => store(&mut group.tables, new, &deliveries)?,
            Decision::Repeat(first) => first,
            Decision::RepeatOf(index) => Accepted { repeat: Repeat::Known, ..answers[index].clone() },
        };
        answers.push(answer);
    }
    if let Some(now) = now {
        forget_expired(&mut group.tables, now, FORGOTTEN_PER_EVENT * answers.len())?;
    }
    Ok(answers)
}

/// Checks every event before anything is written.
fn decide<'e>(group: &Group<'_, '_>, events: &'e [NewEvent]) -> Result<Vec<Decision<'e>>, Failure> {
    let mut of_this_call: HashMap<(ProjectId, &IdempotencyKey), usize> = HashMap::new();
    let mut decisions = Vec::with_capacity(events.len());
    for (index, new) in events.iter().enumerate() {
        if !group.catalog.has_project(new.event.project) {
            return Err(StoreError::NotFound(Noun::Project).into());
        }
        let repeated = match &new.idempotency {
            Some(key) => {
                let earlier = of_this_call.get(&(new.event.project, key));
                let repeated = match earlier {
                    Some(earlier) => {
                        repeat(&events[*earlier].event, &new.event)?.then_some(Decision::RepeatOf(*earlier))
                    }
                    None => repeat_of_stored(&group.tables, key, &new.event)?,
                };
                if repeated.is_none() {
                    of_this_call.insert((new.event.project, key), index);
                }
                repeated
            }
            None => None,
        };
        decisions.push(repeated.unwrap_or_else(|| Decision::Store(wanted(group, &new.deliveries))));
    }
    Ok(decisions)
}

/// The deliveries whose webhook is there.
pub(crate) fn wanted<'e>(group: &Group<'_, '_>, deliveries: &'e [Delivery]) -> Vec<&'e Delivery> {
    deliveries.iter().filter(|delivery| group.catalog.webhook(delivery.webhook).is_some()).collect()
}

fn expiry(first: &Event) -> Timestamp {
    first.received_at.after(IdempotencyKey::KEPT_FOR)
}

/// Whether the event repeats the first one with the same key, which it does not once the key has expired.
fn repeat(first: &Event, event: &Event) -> Result<bool, StoreError> {
    if event.received_at >= expiry(first) {
        Ok(false)
    } else if event.says_the_same_as(first) {
        Ok(true)
    } else {
        Err(StoreError::IdempotencyMismatch)
    }
}

fn repeat_of_stored(
    tables: &Tables<'_>,
    key: &IdempotencyKey,
    event: &Event,
) -> Result<Option<Decision<'static>>, Failure> {
    let Some(row) = tables.known_keys.get((&event.project.to_bytes(), key.as_str()))? else {
        return Ok(None);
    };
    // A damaged record stands for nothing: the event is accepted as a new one.
    let Ok(known) = codec::known_key(event.project, key.as_str(), row.value()) else { return Ok(None) };
    let Some(row) = tables.events.get(&known.event.to_bytes())? else { return Ok(None) };
    let Ok(StoredEvent { event: first, deliveries }) = codec::event(known.event, row.value()) else {
        return Ok(None);
    };
    if repeat(&first, event)? {
        let fan_out = tables.fan_out(first.id)?;
        Ok(Some(Decision::Repeat(Accepted { event: first.id, deliveries, fan_out, repeat: Repeat::Known })))
    } else {
        Ok(None)
    }
}

fn store(tables: &mut Tables<'_>, new: &NewEvent, deliveries: &[&Delivery]) -> Result<Accepted, Failure> {
    insert_event(tables, &new.event, deliveries)?;
    tables.event_log.insert(&schema::event_key(new.event.project, new.event.id), ())?;
    tables.note_fan_out(&new.event, new.fan_out, !deliveries.is_empty())?;
    if let Some(key) = &new.idempotency {
        remember(tables, key, &new.event)?;
    }
    Ok(Accepted {
        event: new.event.id,
        deliveries: deliveries.iter().map(|delivery| (delivery.id, delivery.webhook)).collect(),
        fan_out: new.fan_out,
        repeat: Repeat::First,
    })
}

fn insert_event(tables: &mut Tables<'_>, event: &Event, deliveries: &[&Delivery]) -> Result<(), Failure> {
    tables.events.insert(&event.id.to_bytes(), &*codec::event_row(event, deliveries)?)?;
    for delivery in deliveries {
        tables.insert_delivery(delivery)?;
    }
    Ok(())
}

fn remember(tables: &mut Tables<'_>, key: &IdempotencyKey, event: &Event) -> Result<(), Failure> {
    let known = KnownKey { event: event.id, expires_at: expiry(event) };
    let project = event.project.to_bytes();
    let row = codec::known_key_row(event.project, key.as_str(), known)?;
    let replaced = tables.known_keys.insert((&project, key.as_str()), &*row)?;
    if let Some(replaced) = replaced {
        // The entry of a damaged record expires by itself.
        if let Ok(replaced) = codec::known_key(event.project, key.as_str(), replaced.value()) {
            let expired_at = replaced.expires_at.as_millis();
            tables.expiries.remove((expired_at, &project, key.as_str()))?;
        }
    }
    tables.expiries.insert((known.expires_at.as_millis(), &project, key.as_str()), ())?;
    Ok(())
}

fn forget_expired(tables: &mut Tables<'_>, now: Timestamp, most: usize) -> Result<(), Failure> {
    for _ in 0..most {
        let Some((expiry, ())) = tables.expiries.first()?.map(|(key, value)| (key, value.value())) else {
            break;
        };
        let (expires_at, project, key) = expiry.value();
        if expires_at > now.as_millis() {
            break;
        }
        tables.known_keys.remove((project, key))?;
        drop(expiry);
        tables.expiries.pop_first()?;
    }
    Ok(())
}

pub(crate) fn start_test(
    group: &mut Group<'_, '_>,
    event: &Event,
    delivery: &Delivery,
) -> Result<(Claim, FreshClaim), Failure> {
    if group.catalog.webhook(delivery.webhook).is_none() {
        return Err(StoreError::NotFound(Noun::Webhook).into());
    }
    insert_event(&mut group.tables, event, &[delivery])?;
    let claim = group.claims.claim(delivery.id);
    let delivery = Delivery { state: DeliveryState::Delivering, ..delivery.clone() };
    Ok((Claim { delivery, event: event.clone(), replies: Vec::new() }, claim))
}

/// The event with this id, and the deliveries that it was accepted with.
pub(crate) fn find(table: &impl ReadableTable<IdKey, Row>, id: EventId) -> Result<StoredEvent, Failure> {
    let row = table.get(&id.to_bytes())?.ok_or(StoreError::NotFound(Noun::Event))?;
    Ok(codec::event(id, row.value())?)
}

/// The event with this id.
pub(crate) fn event(txn: &ReadTransaction, id: EventId) -> Result<Event, Failure> {
    Ok(find(&txn.open_table(schema::EVENTS)?, id)?.event)
}
