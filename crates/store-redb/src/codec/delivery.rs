//! Deliveries.

use hookwright_model::{
    Delivery, DeliveryId, DeliveryState, Digest, EventId, Origin, Pin, ProjectId, Receipt, WebhookId,
};
use hookwright_store::StoreError;
use serde::{Deserialize, Serialize};

use super::{Home, Kind, decode, encode, mirror, time};

#[derive(Serialize, Deserialize)]
struct DeliveryRow<'a> {
    event: [u8; 16],
    webhook: [u8; 16],
    project: [u8; 16],
    origin: OriginRow,
    state: StateRow,
    created_at: u64,
    run_started_at: u64,
    due_at: u64,
    attempts: u32,
    failures: u32,
    pin: Option<PinRow>,
    replies: u32,
    uncertain: Option<&'a str>,
    #[serde(borrow)]
    receipt: Option<ReceiptRow<'a>>,
    reason: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct PinRow {
    digest: [u8; 32],
    mapping_revision: u64,
}

#[derive(Serialize, Deserialize)]
struct ReceiptRow<'a> {
    reference: Option<&'a str>,
    url: Option<&'a str>,
}

mirror!(OriginRow = Origin { Event, Test });

#[derive(Serialize, Deserialize, Clone, Copy)]
enum StateRow {
    Pending,
    Delivered,
    Skipped,
    Held,
    Failed,
    Cancelled,
}

impl From<DeliveryState> for StateRow {
    fn from(state: DeliveryState) -> Self {
        match state {
            // A claim is never stored: after a crash the delivery is pending again.
            DeliveryState::Pending | DeliveryState::Delivering => Self::Pending,
            DeliveryState::Delivered => Self::Delivered,
            DeliveryState::Skipped => Self::Skipped,
            DeliveryState::Held => Self::Held,
            DeliveryState::Failed => Self::Failed,
            DeliveryState::Cancelled => Self::Cancelled,
        }
    }
}

impl From<StateRow> for DeliveryState {
    fn from(state: StateRow) -> Self {
        match state {
            StateRow::Pending => Self::Pending,
            StateRow::Delivered => Self::Delivered,
            StateRow::Skipped => Self::Skipped,
            StateRow::Held => Self::Held,
            StateRow::Failed => Self::Failed,
            StateRow::Cancelled => Self::Cancelled,
        }
    }
}

pub(crate) fn delivery_row(delivery: &Delivery) -> Result<Vec<u8>, StoreError> {
    let row = DeliveryRow {
        event: delivery.event.to_bytes(),
        webhook: delivery.webhook.to_bytes(),
        project: delivery.project.to_bytes(),
        origin: delivery.origin.into(),
        state: delivery.state.into(),
        created_at: delivery.created_at.as_millis(),
        run_started_at: delivery.run_started_at.as_millis(),
        due_at: delivery.due_at.as_millis(),
        attempts: delivery.attempts,
        failures: delivery.failures,
        pin: delivery
            .pin
            .map(|pin| PinRow { digest: pin.digest.to_bytes(), mapping_revision: pin.mapping_revision }),
        replies: delivery.replies,
        uncertain: delivery.uncertain.as_deref(),
        receipt: delivery.receipt.as_ref().map(|receipt| ReceiptRow {
            reference: receipt.reference.as_deref(),
            url: receipt.url.as_deref(),
        }),
        reason: delivery.reason.as_deref(),
    };
    encode(Home::new(Kind::Delivery, &delivery.id.to_bytes()), &row)
}

pub(crate) fn delivery(id: DeliveryId, bytes: &[u8]) -> Result<Delivery, StoreError> {
    let row: DeliveryRow<'_> = decode(Home::new(Kind::Delivery, &id.to_bytes()), bytes)?;
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Ok(Delivery {
        id,
        event: EventId::from_bytes(row.event),
        webhook: WebhookId::from_bytes(row.webhook),
        project: ProjectId::from_bytes(row.project),
        origin: row.origin.into(),
        state: row.state.into(),
        created_at: time(row.created_at),
        run_started_at: time(row.run_started_at),
        due_at: time(row.due_at),
        attempts: row.attempts,
        failures: row.failures,
        pin: row.pin.map(|pin| Pin {
            digest: Digest::from_bytes(pin.digest),
            mapping_revision: pin.mapping_revision,
        }),
        replies: row.replies,
        uncertain: owned(row.uncertain),
        receipt: row
            .receipt
            .map(|receipt| Receipt { reference: owned(receipt.reference), url: owned(receipt.url) }),
        reason: owned(row.reason),
    })
}
