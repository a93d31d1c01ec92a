//! Events and idempotency keys.

use bytes::Bytes;
use hookwright_model::{Delivery, DeliveryId, Event, EventId, EventKind, ProjectId, Timestamp, WebhookId};
use hookwright_store::StoreError;
use serde::{Deserialize, Serialize};

use super::{Home, Kind, Raw, decode, encode, mirror, time};

#[derive(Serialize, Deserialize)]
struct EventRow<'a> {
    project: [u8; 16],
    kind: KindRow,
    received_at: u64,
    /// Each with its webhook.
    deliveries: Vec<([u8; 16], [u8; 16])>,
    #[serde(borrow)]
    payload: Raw<'a>,
}

mirror!(KindRow = EventKind { LeadCreated });

/// An event with the deliveries that it was accepted with.
pub(crate) struct StoredEvent {
    pub(crate) event: Event,
    pub(crate) deliveries: Vec<(DeliveryId, WebhookId)>,
}

pub(crate) fn event_row(event: &Event, deliveries: &[&Delivery]) -> Result<Vec<u8>, StoreError> {
    let row = EventRow {
        project: event.project.to_bytes(),
        kind: event.kind.into(),
        received_at: event.received_at.as_millis(),
        deliveries: deliveries
            .iter()
            .map(|delivery| (delivery.id.to_bytes(), delivery.webhook.to_bytes()))
            .collect(),
        payload: Raw(&event.payload),
    };
    encode(Home::new(Kind::Event, &event.id.to_bytes()), &row)
}

pub(crate) fn event(id: EventId, bytes: &[u8]) -> Result<StoredEvent, StoreError> {
    let row: EventRow<'_> = decode(Home::new(Kind::Event, &id.to_bytes()), bytes)?;
    let event = Event {
        id,
        project: ProjectId::from_bytes(row.project),
        kind: row.kind.into(),
        received_at: time(row.received_at),
        payload: Bytes::copy_from_slice(row.payload.0),
    };
    let ids = |(delivery, webhook)| (DeliveryId::from_bytes(delivery), WebhookId::from_bytes(webhook));
    Ok(StoredEvent { event, deliveries: row.deliveries.into_iter().map(ids).collect() })
}

/// What an idempotency key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownKey {
    pub(crate) event: EventId,
    pub(crate) expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct KnownKeyRow {
    event: [u8; 16],
    expires_at: u64,
}

/// The record that the key of the project has.
pub(crate) fn known_key_row(project: ProjectId, key: &str, known: KnownKey) -> Result<Vec<u8>, StoreError> {
    let row = KnownKeyRow { event: known.event.to_bytes(), expires_at: known.expires_at.as_millis() };
    encode(Home::new(Kind::KnownKey, &place_of_key(project, key)), &row)
}

pub(crate) fn known_key(project: ProjectId, key: &str, bytes: &[u8]) -> Result<KnownKey, StoreError> {
    let row: KnownKeyRow = decode(Home::new(Kind::KnownKey, &place_of_key(project, key)), bytes)?;
    Ok(KnownKey { event: EventId::from_bytes(row.event), expires_at: time(row.expires_at) })
}

fn place_of_key(project: ProjectId, key: &str) -> Vec<u8> {
    [&project.to_bytes(), key.as_bytes()].concat()
}
