//! Losing power at any moment: what was acknowledged is there afterwards, and nothing is there by halves.

use std::sync::Arc;

use hookwright_model::{Delivery, DeliveryState};
use hookwright_store::Store;
use hookwright_store::testkit::fixtures::{self, at};
use proptest::prelude::*;

use super::faulty_disk::FaultyDisk;
use super::open;
use crate::store::RedbStore;

/// What was acknowledged before the power went.
#[derive(Default)]
struct Acknowledged {
    accepted: Vec<Delivery>,
    delivered: usize,
}

/// Accepts events and delivers them, one after the other, until the power goes.
async fn work(store: &Arc<RedbStore>) -> Acknowledged {
    let mut acknowledged = Acknowledged::default();
    let project = fixtures::project(1);
    let webhook = fixtures::webhook(project.id, 1);
    if store.create_project(project).await.is_err() || store.create_webhook(webhook.clone()).await.is_err() {
        return acknowledged;
    }
    for number in 0.. {
        let new = fixtures::new_event(fixtures::event(webhook.project, number), &[&webhook]);
        let delivery = new.deliveries[0].clone();
        if store.accept_events(vec![new]).await.is_err() {
            break;
        }
        acknowledged.accepted.push(delivery);
        let Ok(due) = store.claim_due(webhook.id, at(number.into()), 1).await else { break };
        let record = fixtures::finished(&due.claims[0].delivery, DeliveryState::Delivered);
        if store.finish_attempt(record).await.is_err() {
            break;
        }
        acknowledged.delivered += 1;
    }
    acknowledged
}

async fn check(store: &Arc<RedbStore>, acknowledged: &Acknowledged) {
    let mut pending = Vec::new();
    for (index, accepted) in acknowledged.accepted.iter().enumerate() {
        let stored = store.delivery(accepted.id).await.unwrap();
        let attempts = store.attempts(accepted.id).await.unwrap().len();
        assert!(store.event(accepted.event).await.is_ok());
        match stored.state {
            DeliveryState::Delivered => assert_eq!(attempts, 1),
            DeliveryState::Pending => {
                assert!(index >= acknowledged.delivered, "a delivery was acknowledged and forgotten");
                assert_eq!(attempts, 0);
                pending.push(accepted.id);
            }
            other => panic!("{other:?}"),
        }
    }
    let Some(first) = acknowledged.accepted.first() else { return };
    let due = store.claim_due(first.webhook, at(1_000_000), 9).await.unwrap();
    let due: Vec<_> = due.claims.iter().map(|claim| claim.delivery.id).collect();
    // One more may have been accepted without anybody being told.
    assert!(due.starts_with(&pending) && due.len() <= pending.len() + 1, "{due:?} are due, not {pending:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_survives_a_loss_of_power(
        changes in 0..400_usize,
        survives in prop::collection::vec(any::<bool>(), 1..16),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let disk = FaultyDisk::default();
        let store = open(&disk).unwrap();
        disk.lose_power_after(changes);
        let acknowledged = runtime.block_on(work(&store));
        drop(store);

        let disk = disk.with_power_again(|index| survives[index % survives.len()]);
        let store = open(&disk).unwrap();
        runtime.block_on(check(&store, &acknowledged));
    }
}
