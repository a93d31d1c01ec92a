//! Deliveries whose records are damaged: what is left of them, and how they are set aside so that the others go on.

use hookwright_model::{Delivery, DeliveryId, DeliveryState, EventId, Origin};
use hookwright_store::{Noun, StoreError};
use redb::ReadableTable;
use tracing::error;

use crate::error::{Failure, Fault};
use crate::group::{Group, index_of};
use crate::schema::{IdKey, Row};
use crate::{codec, schema};

/// How far apart an event and its deliveries are made, at most.
const APART_MS: u64 = 1_000;

/// A due delivery that cannot be attempted as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// Its key in [`schema::DUE`].
    pub(crate) key: [u8; 40],
    /// What is wrong with it.
    pub(crate) problem: String,
}

/// Whether the failure says that something stored is damaged; then what.
pub(crate) fn problem_of(failure: &Failure) -> Option<&str> {
    match failure {
        Failure::Refused(StoreError::Corrupt(problem)) | Failure::Broken(Fault::Damaged(problem)) => {
            Some(problem)
        }
        _ => None,
    }
}

/// The delivery as it is stored. If its record is damaged, what its event knows of it, held.
///
/// # Errors
/// [`StoreError::NotFound`], and [`StoreError::Corrupt`] if its event is not to be found either.
pub(crate) fn find(
    deliveries: &impl ReadableTable<IdKey, Row>,
    events: &impl ReadableTable<IdKey, Row>,
    id: DeliveryId,
) -> Result<Delivery, Failure> {
    let row = deliveries.get(&id.to_bytes())?.ok_or(StoreError::NotFound(Noun::Delivery))?;
    match codec::delivery(id, row.value()) {
        Err(StoreError::Corrupt(problem)) => rebuild(events, id, &problem),
        other => Ok(other?),
    }
}

/// A delivery made anew from its event. An event and its deliveries have ids of nearly the same time, so that few events
/// have to be read.
fn rebuild(
    events: &impl ReadableTable<IdKey, Row>,
    id: DeliveryId,
    problem: &str,
) -> Result<Delivery, Failure> {
    let at = millis_of(&id.to_bytes());
    let (first, last) = (first_id(at.saturating_sub(APART_MS)), first_id(at + APART_MS + 1));
    for entry in events.range::<&[u8; 16]>(&first..&last)? {
        let (key, row) = entry?;
        // Another damaged record among them is not this one's concern.
        let Ok(stored) = codec::event(EventId::from_bytes(*key.value()), row.value()) else { continue };
        let Some((_, webhook)) = stored.deliveries.iter().find(|(delivery, _)| *delivery == id) else {
            continue;
        };
        let event = stored.event;
        let delivery = Delivery::new(id, event.id, *webhook, event.project, Origin::Event, event.received_at);
        return Ok(Delivery { state: DeliveryState::Held, reason: Some(rebuilt(problem)), ..delivery });
    }
    Err(StoreError::Corrupt(problem.to_owned()).into())
}

fn rebuilt(problem: &str) -> String {
    format!(
        "The stored delivery is damaged: {problem}. It was rebuilt from its event, without what has happened so far. \
         Look for the lead in the target, then resend or cancel."
    )
}

fn millis_of(id: &[u8; 16]) -> u64 {
    id[..6].iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte))
}

fn first_id(millis: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    id
}

/// Takes a delivery out of the queue: it is held, with what is wrong. One whose place in the queue was wrong gets its
/// right place instead, and one that does not exist leaves the queue.
pub(crate) fn set_aside(group: &mut Group<'_, '_>, unusable: &Unusable) -> Result<(), Failure> {
    let (_, _, id) = schema::split_due_key(&unusable.key);
    let stored = match group.tables.delivery(id) {
        Ok(stored) => stored,
        Err(failure) if is_gone(&failure) => {
            group.tables.due.remove(&unusable.key)?;
            error!(delivery.id = %id, problem = unusable.problem, "a damaged entry of the queue was removed");
            return Ok(());
        }
        Err(failure) => return Err(failure),
    };
    group.tables.due.remove(&unusable.key)?;
    if stored.state == DeliveryState::Pending && !is_at(&stored, &unusable.key) {
        return group.tables.link(&index_of(&stored));
    }
    if matches!(stored.state, DeliveryState::Pending | DeliveryState::Held) {
        let reason = stored.reason.clone().unwrap_or_else(|| {
            format!("What this delivery needs is damaged: {}. Restore a backup, or cancel.", unusable.problem)
        });
        let held = Delivery { state: DeliveryState::Held, reason: Some(reason), ..stored.clone() };
        group.tables.replace_delivery(&stored, &held)?;
        group.tables.link(&index_of(&held))?;
        error!(delivery.id = %id, problem = unusable.problem, "a delivery is held: its record is damaged");
    }
    Ok(())
}

fn is_gone(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(StoreError::NotFound(_) | StoreError::Corrupt(_)))
}

/// Whether this is the delivery's key in [`schema::DUE`].
pub(crate) fn is_at(delivery: &Delivery, key: &[u8; 40]) -> bool {
    schema::due_key(delivery.webhook, delivery.due_at, delivery.id) == *key
}
