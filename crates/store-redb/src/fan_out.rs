//! Deliveries that an event gets after it was accepted, and events that got none.

use hookwright_model::{Delivery, DeliveryId, Event, EventId, Page, PageRequest, ProjectId, WebhookId};
use hookwright_store::{EventEntry, EventFilter, FanOut, Noun, OpenFanOut, StoreError};
use redb::{ReadTransaction, ReadableTable};

use crate::codec::StoredEvent;
use crate::damage;
use crate::error::Failure;
use crate::events::{self, wanted};
use crate::group::{Group, Tables};
use crate::schema;

/// A page of events ends when its payloads have this many bytes.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

type Stored = Vec<(DeliveryId, WebhookId)>;

/// Goes on with an open fan-out.
pub(crate) fn go_on(
    group: &mut Group<'_, '_>,
    event: EventId,
    after: WebhookId,
    deliveries: &[Delivery],
    then: FanOut,
) -> Result<Stored, Failure> {
    if group.tables.fan_out(event)? != FanOut::After(after) {
        return Err(StoreError::NotFound(Noun::Event).into());
    }
    let stored = events::find(&group.tables.events, event)?;
    add(group, &stored, deliveries, then)
}

/// Gives an undelivered event its first deliveries.
pub(crate) fn deliver(
    group: &mut Group<'_, '_>,
    event: EventId,
    deliveries: &[Delivery],
    then: FanOut,
) -> Result<Stored, Failure> {
    let stored = events::find(&group.tables.events, event)?;
    let key = schema::event_key(stored.event.project, event);
    if group.tables.undelivered.remove(&key)?.is_none() {
        return Err(StoreError::HasDeliveries.into());
    }
    add(group, &stored, deliveries, then)
}

fn add(
    group: &mut Group<'_, '_>,
    stored: &StoredEvent,
    deliveries: &[Delivery],
    then: FanOut,
) -> Result<Stored, Failure> {
    let event = &stored.event;
    let wanted = wanted(group, deliveries);
    for delivery in &wanted {
        group.tables.insert_delivery(delivery)?;
        group.tables.added.insert(&schema::added_key(event.id, delivery.id), ())?;
    }
    let has_deliveries = !stored.deliveries.is_empty() || group.tables.has_added(event.id)?;
    group.tables.note_fan_out(event, then, has_deliveries)?;
    Ok(wanted.iter().map(|delivery| (delivery.id, delivery.webhook)).collect())
}

impl Tables<'_> {
    /// Writes down where the fan-out of an event stands, and that nobody wanted the event if that is so.
    pub(crate) fn note_fan_out(
        &mut self,
        event: &Event,
        fan_out: FanOut,
        has_deliveries: bool,
    ) -> Result<(), Failure> {
        match fan_out {
            FanOut::After(webhook) => {
                self.fan_outs.insert(&event.id.to_bytes(), &webhook.to_bytes())?;
            }
            FanOut::Complete => {
                self.fan_outs.remove(&event.id.to_bytes())?;
                if !has_deliveries {
                    self.undelivered.insert(&schema::event_key(event.project, event.id), ())?;
                }
            }
        }
        Ok(())
    }

    /// Where the fan-out of an event stands.
    pub(crate) fn fan_out(&self, event: EventId) -> Result<FanOut, Failure> {
        let after = self.fan_outs.get(&event.to_bytes())?;
        Ok(after.map_or(FanOut::Complete, |after| FanOut::After(WebhookId::from_bytes(*after.value()))))
    }

    fn has_added(&self, event: EventId) -> Result<bool, Failure> {
        let (first, last) = schema::added_keys(event);
        Ok(self.added.range::<&[u8; 32]>(&first..=&last)?.next().transpose()?.is_some())
    }
}

/// What a list shows of an event: nothing when its record is damaged, so that the others are there.
fn undamaged(found: Result<StoredEvent, Failure>) -> Result<Option<StoredEvent>, Failure> {
    match found {
        Ok(stored) => Ok(Some(stored)),
        Err(failure) if damage::problem_of(&failure).is_some() => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// One page of the fan-outs that are not complete.
pub(crate) fn open(
    txn: &ReadTransaction,
    page: PageRequest<EventId>,
) -> Result<Page<OpenFanOut, EventId>, Failure> {
    use std::ops::Bound::{Excluded, Unbounded};
    let (fan_outs, events) = (txn.open_table(schema::FAN_OUTS)?, txn.open_table(schema::EVENTS)?);
    let after = page.after.map(EventId::to_bytes);
    let from = after.as_ref().map_or(Unbounded, Excluded);
    let mut items = Vec::new();
    for entry in fan_outs.range::<&[u8; 16]>((from, Unbounded))? {
        if items.len() >= page.limit {
            let next = items.last().map(|open: &OpenFanOut| open.event);
            return Ok(Page { items, next });
        }
        let (key, after) = entry?;
        let event = EventId::from_bytes(*key.value());
        let Some(stored) = undamaged(events::find(&events, event))? else { continue };
        let project = stored.event.project;
        items.push(OpenFanOut { event, project, after: WebhookId::from_bytes(*after.value()) });
    }
    Ok(Page { items, next: None })
}

/// One page of the events of a project, the newest first.
pub(crate) fn list(
    txn: &ReadTransaction,
    project: ProjectId,
    filter: EventFilter,
    page: PageRequest<EventId>,
) -> Result<Page<EventEntry, EventId>, Failure> {
    let (events, undelivered) = (txn.open_table(schema::EVENTS)?, txn.open_table(schema::UNDELIVERED)?);
    let index = match filter {
        EventFilter::All => txn.open_table(schema::EVENT_LOG)?,
        EventFilter::Undelivered => txn.open_table(schema::UNDELIVERED)?,
    };
    let first = schema::event_key(project, EventId::from_bytes([0; 16]));
    let last = schema::event_key(project, page.after.unwrap_or(EventId::from_bytes([u8::MAX; 16])));
    let mut items: Vec<EventEntry> = Vec::new();
    let mut bytes = 0;
    for entry in index.range::<&[u8; 32]>(&first..=&last)?.rev() {
        let key = *entry?.0.value();
        let id = schema::event_of(&key);
        if page.after == Some(id) {
            continue;
        }
        if items.len() >= page.limit || bytes >= PAGE_BYTES {
            let next = items.last().map(|entry| entry.event.id);
            return Ok(Page { items, next });
        }
        let Some(StoredEvent { event, .. }) = undamaged(events::find(&events, id))? else { continue };
        bytes += event.payload.len();
        items.push(EventEntry { event, undelivered: undelivered.get(&key)?.is_some() });
    }
    Ok(Page { items, next: None })
}
