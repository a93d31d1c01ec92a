//! What is due, and who has it.

use std::collections::BTreeSet;
use std::sync::Arc;

use hookwright_model::{Delivery, DeliveryId, DeliveryState, Webhook};

use super::{claimed, deliveries, webhook};
use crate::testkit::fixtures::{self, at};
use crate::{Due, Store};

fn ids(due: &Due) -> Vec<DeliveryId> {
    due.claims.iter().map(|claim| claim.delivery.id).collect()
}

async fn claim(store: &Arc<dyn Store>, webhook: &Webhook, seconds: u64, limit: usize) -> Due {
    store.claim_due(webhook.id, at(seconds), limit).await.unwrap()
}

pub async fn claims_the_longest_due_first(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    let given = deliveries(store, &webhook, &[7, 300, 5]).await;
    let due = claim(store, &webhook, 300, 9).await;
    assert_eq!(ids(&due), [given[2].id, given[0].id, given[1].id]);
    assert_eq!(due.next, None);
    let first = &due.claims[0];
    assert_eq!(first.delivery, Delivery { state: DeliveryState::Delivering, ..given[2].clone() });
    assert_eq!((&first.event, first.replies.len()), (&fixtures::event(webhook.project, 5), 0));
}

pub async fn claims_only_what_is_due(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    let other = fixtures::webhook(webhook.project, 2);
    store.create_webhook(other.clone()).await.unwrap();
    let given = deliveries(store, &webhook, &[1, 2, 3]).await;
    deliveries(store, &other, &[0]).await;
    let nothing = claim(store, &webhook, 0, 9).await;
    assert_eq!((ids(&nothing), nothing.next), (vec![], Some(at(1))));
    let due = claim(store, &webhook, 2, 9).await;
    assert_eq!((ids(&due), due.next), (vec![given[0].id, given[1].id], Some(at(3))));
    let unknown = claim(store, &fixtures::webhook(webhook.project, 9), 9, 9).await;
    assert_eq!((ids(&unknown), unknown.next), (vec![], None));
}

pub async fn claims_at_most_the_limit(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    let given = deliveries(store, &webhook, &[1, 2, 3]).await;
    let due = claim(store, &webhook, 9, 2).await;
    assert_eq!((ids(&due), due.next), (vec![given[0].id, given[1].id], Some(at(3))));
    let none = claim(store, &webhook, 9, 0).await;
    assert_eq!((ids(&none), none.next), (vec![], Some(at(3))));
}

pub async fn claims_nothing_twice(store: &Arc<dyn Store>) {
    let (webhook, first) = claimed(store).await;
    let again = claim(store, &webhook, 9, 9).await;
    assert_eq!((ids(&again), again.next), (vec![], None));
    store.finish_attempt(fixtures::answered(&first.delivery)).await.unwrap();
    let kept = claim(store, &webhook, 9, 9).await;
    assert_eq!((ids(&kept), kept.next), (vec![], None));
}

pub async fn releases_claims(store: &Arc<dyn Store>) {
    let (webhook, first) = claimed(store).await;
    let unknown = fixtures::delivery(&fixtures::event(webhook.project, 9), &webhook).id;
    store.release(&[unknown, first.delivery.id]).await;
    let shown = store.delivery(first.delivery.id).await.unwrap();
    assert_eq!(shown, Delivery { state: DeliveryState::Pending, ..first.delivery.clone() });
    assert_eq!(ids(&claim(store, &webhook, 9, 9).await), [first.delivery.id]);
}

pub async fn concurrent_claims_do_not_overlap(store: &Arc<dyn Store>) {
    const DELIVERIES: u32 = 60;
    let webhook = webhook(store).await;
    let numbers: Vec<u32> = (0..DELIVERIES).collect();
    let given: BTreeSet<DeliveryId> =
        deliveries(store, &webhook, &numbers).await.iter().map(|delivery| delivery.id).collect();
    let worker = |store: Arc<dyn Store>, webhook: Webhook| async move {
        let mut mine = Vec::new();
        loop {
            let due = claim(&store, &webhook, DELIVERIES.into(), 3).await;
            if due.claims.is_empty() {
                return mine;
            }
            for claim in due.claims {
                mine.push(claim.delivery.id);
                store
                    .finish_attempt(fixtures::finished(&claim.delivery, DeliveryState::Delivered))
                    .await
                    .unwrap();
            }
        }
    };
    let workers: Vec<_> = (0..4).map(|_| tokio::spawn(worker(Arc::clone(store), webhook.clone()))).collect();
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker.await.unwrap());
    }
    assert_eq!(done.len(), given.len(), "some delivery was claimed twice, or never");
    assert_eq!(done.into_iter().collect::<BTreeSet<_>>(), given);
}

pub async fn lists_webhooks_with_pending_deliveries(store: &Arc<dyn Store>) {
    let first = webhook(store).await;
    let [second, idle] = [2, 3].map(|number| fixtures::webhook(first.project, number));
    for webhook in [&second, &idle] {
        store.create_webhook(webhook.clone()).await.unwrap();
    }
    assert_eq!(store.due_webhooks().await.unwrap(), []);
    deliveries(store, &first, &[8, 4]).await;
    deliveries(store, &second, &[6]).await;
    assert_eq!(store.due_webhooks().await.unwrap(), [(first.id, at(4)), (second.id, at(6))]);
    claim(store, &first, 4, 9).await;
    claim(store, &second, 6, 9).await;
    assert_eq!(store.due_webhooks().await.unwrap(), [(first.id, at(8))]);
}
