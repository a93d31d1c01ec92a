//! The log of deliveries, and what people do with it.

use std::sync::Arc;

use hookwright_model::{
    Delivery, DeliveryId, DeliveryState, Digest, PageRequest, Pin, ProjectId, Receipt, UnderWay, Webhook,
};

use super::{assert_refused, claimed, deliveries, webhook};
use crate::testkit::fixtures::{self, answered, at, finished};
use crate::{DeliveryFilter, Noun, Store, StoreError};

/// All pages of a listing, each of at most `limit` deliveries.
pub(in crate::testkit) async fn listed(
    store: &Arc<dyn Store>,
    project: ProjectId,
    filter: DeliveryFilter,
    limit: usize,
) -> Vec<Delivery> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = store.deliveries(project, filter, PageRequest { after, limit }).await.unwrap();
        assert!(page.items.len() <= limit, "{} deliveries on a page of {limit}", page.items.len());
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

pub async fn shows_claimed_deliveries_as_delivering(store: &Arc<dyn Store>) {
    let (webhook, claim) = claimed(store).await;
    assert_eq!(store.delivery(claim.delivery.id).await.unwrap(), claim.delivery);
    let delivering = DeliveryFilter { state: Some(DeliveryState::Delivering), ..DeliveryFilter::default() };
    assert_eq!(listed(store, webhook.project, delivering, 9).await, [claim.delivery]);
    let pending = DeliveryFilter { state: Some(DeliveryState::Pending), ..DeliveryFilter::default() };
    assert_eq!(listed(store, webhook.project, pending, 9).await, []);
}

pub async fn lists_the_newest_first_in_pages(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    let elsewhere = fixtures::webhook(fixtures::project(2).id, 2);
    store.create_project(fixtures::project(2)).await.unwrap();
    store.create_webhook(elsewhere.clone()).await.unwrap();
    let mut given = deliveries(store, &webhook, &[1, 2, 3, 4, 5]).await;
    deliveries(store, &elsewhere, &[6]).await;
    given.reverse();
    for limit in [1, 2, 4, 5, 9] {
        assert_eq!(listed(store, webhook.project, DeliveryFilter::default(), limit).await, given);
    }
    let page = PageRequest { after: Some(given[1].id), limit: 2 };
    let page = store.deliveries(webhook.project, DeliveryFilter::default(), page).await.unwrap();
    assert_eq!((&page.items[..], page.next), (&given[2..4], Some(given[3].id)));
    assert_eq!(listed(store, fixtures::project(9).id, DeliveryFilter::default(), 9).await, []);
}

pub async fn filters_deliveries(store: &Arc<dyn Store>) {
    let first = webhook(store).await;
    let second = fixtures::webhook(first.project, 2);
    store.create_webhook(second.clone()).await.unwrap();
    let fanned = fixtures::new_event(fixtures::event(first.project, 9), &[&first, &second]);
    let [of_first, of_second] = [&fanned.deliveries[0], &fanned.deliveries[1]].map(Delivery::clone);
    store.accept_events(vec![fanned.clone()]).await.unwrap();
    let other = deliveries(store, &first, &[3]).await.remove(0);
    store.cancel(other.id, "not wanted").await.unwrap();

    let any = DeliveryFilter::default();
    let of_webhook = DeliveryFilter { webhook: Some(second.id), ..any };
    assert_eq!(listed(store, first.project, of_webhook, 1).await, std::slice::from_ref(&of_second));
    let of_event = DeliveryFilter { event: Some(fanned.event.id), ..any };
    assert_eq!(listed(store, first.project, of_event, 1).await, [of_second, of_first.clone()]);
    let cancelled = DeliveryFilter { state: Some(DeliveryState::Cancelled), ..any };
    assert_eq!(listed(store, first.project, cancelled, 1).await, [store.delivery(other.id).await.unwrap()]);
    let all = DeliveryFilter {
        webhook: Some(first.id),
        event: Some(fanned.event.id),
        state: Some(DeliveryState::Pending),
    };
    assert_eq!(listed(store, first.project, all, 1).await, [of_first]);
    assert_eq!(listed(store, fixtures::project(9).id, of_event, 9).await, []);
    let unknown = fixtures::event(first.project, 77).id;
    assert_eq!(listed(store, first.project, DeliveryFilter { event: Some(unknown), ..any }, 9).await, []);
}

/// A delivery that ended in this state after two answered calls.
async fn ended(store: &Arc<dyn Store>, state: DeliveryState) -> (Webhook, Delivery) {
    let (webhook, claim) = claimed(store).await;
    let first = answered(&claim.delivery);
    let second = answered(&first.delivery);
    for call in [first, second.clone()] {
        store.finish_attempt(call).await.unwrap();
    }
    let mut end = finished(&second.delivery, state);
    end.delivery.pin = Some(Pin { digest: Digest::of(b"component"), mapping_revision: 1 });
    end.delivery.receipt = Some(Receipt { reference: Some("contact/151".to_owned()), url: None });
    end.delivery.reason = Some("because".to_owned());
    end.delivery.failures = 1;
    store.finish_attempt(end.clone()).await.unwrap();
    (webhook, end.delivery)
}

async fn claim_again(store: &Arc<dyn Store>, webhook: &Webhook) -> crate::Claim {
    store.claim_due(webhook.id, at(500), 1).await.unwrap().claims.remove(0)
}

pub async fn resends_what_ended(store: &Arc<dyn Store>) {
    let (webhook, delivery) = ended(store, DeliveryState::Delivered).await;
    let mut expected = delivery.clone();
    expected.resend(at(500)).unwrap();
    assert_eq!(store.resend(delivery.id, at(500)).await.unwrap(), expected);
    assert_eq!(store.delivery(delivery.id).await.unwrap(), expected);
    let claim = claim_again(store, &webhook).await;
    assert_eq!((claim.delivery.replies, claim.replies.len()), (0, 0));

    // The replies of the new run are not mixed with those of the run before.
    store.finish_attempt(answered(&claim.delivery)).await.unwrap();
    store.release(&[delivery.id]).await;
    assert_eq!(claim_again(store, &webhook).await.replies, [fixtures::reply("step-1")]);
}

pub async fn resends_what_failed_with_its_replies(store: &Arc<dyn Store>) {
    let (webhook, delivery) = ended(store, DeliveryState::Held).await;
    let resent = store.resend(delivery.id, at(500)).await.unwrap();
    assert_eq!((resent.state, resent.due_at, resent.pin), (DeliveryState::Pending, at(500), None));
    assert_eq!(store.due_webhooks().await.unwrap(), [(webhook.id, at(500))]);
    let kept = claim_again(store, &webhook).await.replies;
    assert_eq!(kept, [fixtures::reply("step-1"), fixtures::reply("step-2")]);
}

pub async fn hastens_pending_deliveries(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    let given = deliveries(store, &webhook, &[400, 100]).await;
    let resent = store.resend(given[0].id, at(50)).await.unwrap();
    assert_eq!(resent, Delivery { due_at: at(50), ..given[0].clone() });
    let due = store.claim_due(webhook.id, at(50), 9).await.unwrap();
    assert_eq!(due.claims.iter().map(|claim| claim.delivery.id).collect::<Vec<_>>(), [given[0].id]);
    assert_eq!(due.next, Some(at(100)));
}

pub async fn resends_nothing_without_webhook(store: &Arc<dyn Store>) {
    let (webhook, delivery) = ended(store, DeliveryState::Failed).await;
    store.delete_webhook(webhook.id, None, "deleted").await.unwrap();
    assert_refused!(store.resend(delivery.id, at(500)).await, StoreError::NotFound(Noun::Webhook));
    assert_eq!(store.delivery(delivery.id).await.unwrap(), delivery);
}

pub async fn cancels_deliveries(store: &Arc<dyn Store>) {
    let (webhook, held) = ended(store, DeliveryState::Held).await;
    let pending = deliveries(store, &webhook, &[1]).await.remove(0);
    for id in [held.id, pending.id] {
        let cancelled = store.cancel(id, "not wanted").await.unwrap();
        assert_eq!(cancelled.state, DeliveryState::Cancelled);
        assert_eq!(cancelled.reason.as_deref(), Some("not wanted"));
        assert_eq!(store.delivery(id).await.unwrap(), cancelled);
    }
    assert_eq!(store.due_webhooks().await.unwrap(), []);
    // What has been cancelled already is left as it is, also when its webhook goes.
    store.delete_webhook(webhook.id, None, "deleted").await.unwrap();
    for id in [held.id, pending.id] {
        assert_eq!(store.cancel(id, "again").await.unwrap().reason.as_deref(), Some("not wanted"));
    }
}

pub async fn leaves_deliveries_under_way_alone(store: &Arc<dyn Store>) {
    let (_, claim) = claimed(store).await;
    let id = claim.delivery.id;
    assert_refused!(store.resend(id, at(5)).await, StoreError::UnderWay(UnderWay));
    assert_refused!(store.cancel(id, "no").await, StoreError::UnderWay(UnderWay));
    store.release(&[id]).await;
    assert_eq!(store.cancel(id, "yes").await.unwrap().state, DeliveryState::Cancelled);
}

pub async fn does_not_find_unknown_deliveries(store: &Arc<dyn Store>) {
    let unknown = DeliveryId::new(at(0), [9; 10]);
    assert_refused!(store.delivery(unknown).await, StoreError::NotFound(Noun::Delivery));
    assert_refused!(store.resend(unknown, at(0)).await, StoreError::NotFound(Noun::Delivery));
    assert_refused!(store.cancel(unknown, "x").await, StoreError::NotFound(Noun::Delivery));
    assert_eq!(store.attempts(unknown).await.unwrap(), []);
}

pub async fn closes(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    store.close().await;
    assert_refused!(store.project(webhook.project).await, StoreError::Closed);
    assert_refused!(store.webhook(webhook.id).await, StoreError::Closed);
    assert_refused!(store.claim_due(webhook.id, at(0), 1).await, StoreError::Closed);
    assert_refused!(store.create_project(fixtures::project(2)).await, StoreError::Closed);
    let new = fixtures::new_event(fixtures::event(webhook.project, 1), &[&webhook]);
    assert_refused!(store.accept_events(vec![new]).await, StoreError::Closed);
}
