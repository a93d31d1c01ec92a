//! One group of operations: the tables of its transaction, and the effects that follow its commit.

use std::sync::Arc;

use hookwright_model::{Delivery, DeliveryId, DeliveryState};
use redb::{Table, WriteTransaction};

use crate::catalog::Staged;
use crate::claims::GroupClaims;
use crate::error::{Failure, Fault};
use crate::schema::{self, DueKey, ExpiryKey, IdKey, KnownKeyKey, NumberedKey, PairKey, Row};
use crate::seal::Sealer;
use crate::store::Shared;
use crate::{codec, damage};

/// An operation sees the changes of those before it in the group. It checks first and writes afterwards: a refused
/// operation leaves nothing behind, and the group goes on without it.
pub(crate) struct Group<'t, 's> {
    /// For the tables that are used seldom; the others are open already.
    pub(crate) txn: &'t WriteTransaction,
    pub(crate) tables: Tables<'t>,
    pub(crate) catalog: Staged<'s>,
    pub(crate) claims: GroupClaims,
    pub(crate) sealer: &'s Sealer,
}

/// The tables that every event passes through.
pub(crate) struct Tables<'t> {
    pub(crate) events: Table<'t, IdKey, Row>,
    pub(crate) event_log: Table<'t, PairKey, ()>,
    pub(crate) undelivered: Table<'t, PairKey, ()>,
    pub(crate) fan_outs: Table<'t, IdKey, IdKey>,
    pub(crate) added: Table<'t, PairKey, ()>,
    pub(crate) deliveries: Table<'t, IdKey, Row>,
    pub(crate) due: Table<'t, DueKey, ()>,
    pub(crate) held: Table<'t, PairKey, ()>,
    pub(crate) log: Table<'t, PairKey, ()>,
    pub(crate) attempts: Table<'t, NumberedKey, Row>,
    pub(crate) replies: Table<'t, NumberedKey, Row>,
    pub(crate) known_keys: Table<'t, KnownKeyKey, Row>,
    pub(crate) expiries: Table<'t, ExpiryKey, ()>,
}

/// What becomes visible with the commit.
pub(crate) struct Effects<'s> {
    catalog: Staged<'s>,
    claims: GroupClaims,
}

impl<'t, 's> Group<'t, 's> {
    pub(crate) fn open(shared: &'s Shared, txn: &'t WriteTransaction) -> Result<Self, Fault> {
        let tables = Tables {
            events: txn.open_table(schema::EVENTS)?,
            event_log: txn.open_table(schema::EVENT_LOG)?,
            undelivered: txn.open_table(schema::UNDELIVERED)?,
            fan_outs: txn.open_table(schema::FAN_OUTS)?,
            added: txn.open_table(schema::ADDED)?,
            deliveries: txn.open_table(schema::DELIVERIES)?,
            due: txn.open_table(schema::DUE)?,
            held: txn.open_table(schema::HELD)?,
            log: txn.open_table(schema::LOG)?,
            attempts: txn.open_table(schema::ATTEMPTS)?,
            replies: txn.open_table(schema::REPLIES)?,
            known_keys: txn.open_table(schema::KNOWN_KEYS)?,
            expiries: txn.open_table(schema::EXPIRIES)?,
        };
        Ok(Self {
            txn,
            tables,
            catalog: Staged::new(&shared.catalog),
            claims: GroupClaims::new(Arc::clone(&shared.claims)),
            sealer: &shared.sealer,
        })
    }

    /// Ends the work, so that the transaction can be committed.
    pub(crate) fn close(self) -> Effects<'s> {
        Effects { catalog: self.catalog, claims: self.claims }
    }
}

impl Effects<'_> {
    /// Shows the effects after the commit: first the new content, then the freed claims.
    pub(crate) fn publish(self) {
        self.catalog.publish();
        self.claims.commit();
    }
}

/// The index that leads to a delivery in its state.
#[derive(PartialEq, Eq)]
pub(crate) enum Index {
    Due([u8; 40]),
    Held([u8; 32]),
    None,
}

pub(crate) fn index_of(delivery: &Delivery) -> Index {
    match delivery.state {
        DeliveryState::Pending | DeliveryState::Delivering => {
            Index::Due(schema::due_key(delivery.webhook, delivery.due_at, delivery.id))
        }
        DeliveryState::Held => Index::Held(schema::held_key(delivery.webhook, delivery.id)),
        DeliveryState::Delivered
        | DeliveryState::Skipped
        | DeliveryState::Failed
        | DeliveryState::Cancelled => Index::None,
    }
}

impl Tables<'_> {
    /// The delivery as it is stored, or what is left of it: see [`damage::find`].
    pub(crate) fn delivery(&self, id: DeliveryId) -> Result<Delivery, Failure> {
        damage::find(&self.deliveries, &self.events, id)
    }

    /// Stores a delivery that is not stored yet.
    pub(crate) fn insert_delivery(&mut self, delivery: &Delivery) -> Result<(), Failure> {
        self.deliveries.insert(&delivery.id.to_bytes(), &*codec::delivery_row(delivery)?)?;
        self.log.insert(&schema::log_key(delivery.project, delivery.id), ())?;
        self.link(&index_of(delivery))
    }

    /// Replaces a stored delivery.
    pub(crate) fn replace_delivery(&mut self, old: &Delivery, new: &Delivery) -> Result<(), Failure> {
        self.deliveries.insert(&new.id.to_bytes(), &*codec::delivery_row(new)?)?;
        let (old, new) = (index_of(old), index_of(new));
        if old == new {
            return Ok(());
        }
        match old {
            Index::Due(key) => drop(self.due.remove(&key)?),
            Index::Held(key) => drop(self.held.remove(&key)?),
            Index::None => {}
        }
        self.link(&new)
    }

    /// Puts a delivery where its state belongs.
    pub(crate) fn link(&mut self, index: &Index) -> Result<(), Failure> {
        match index {
            Index::Due(key) => drop(self.due.insert(key, ())?),
            Index::Held(key) => drop(self.held.insert(key, ())?),
            Index::None => {}
        }
        Ok(())
    }
}
