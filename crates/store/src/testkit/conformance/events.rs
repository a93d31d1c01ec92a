//! Events: accepting them, recognising repeats, and test sends.

use std::sync::Arc;
use std::time::Duration;

use hookwright_model::{Delivery, DeliveryState, DisableReason, Event, Origin, WebhookState};

use super::{assert_refused, project, webhook};
use crate::testkit::fixtures::{self, at, changed, event, keyed, new_event};
use crate::{IdempotencyKey, NewEvent, Noun, Repeat, Store, StoreError};

async fn accept(store: &Arc<dyn Store>, new: NewEvent) -> Result<crate::Accepted, StoreError> {
    store.accept_events(vec![new]).await.map(|mut accepted| accepted.remove(0))
}

pub async fn accepts_events_with_deliveries(store: &Arc<dyn Store>) {
    let first = webhook(store).await;
    let second = fixtures::webhook(first.project, 2);
    store.create_webhook(second.clone()).await.unwrap();
    let fanned = new_event(event(first.project, 1), &[&second, &first]);
    let unwanted = new_event(event(first.project, 2), &[]);

    let accepted = store.accept_events(vec![fanned.clone(), unwanted.clone()]).await.unwrap();

    assert_eq!(accepted.len(), 2);
    assert_eq!((accepted[0].event, accepted[0].repeat), (fanned.event.id, Repeat::First));
    let given: Vec<_> = fanned.deliveries.iter().map(|delivery| (delivery.id, delivery.webhook)).collect();
    assert_eq!(accepted[0].deliveries, given);
    assert_eq!((accepted[1].event, accepted[1].deliveries.len()), (unwanted.event.id, 0));
    assert_eq!(store.event(fanned.event.id).await.unwrap(), fanned.event);
    assert_eq!(store.event(unwanted.event.id).await.unwrap(), unwanted.event);
    for delivery in &fanned.deliveries {
        assert_eq!(store.delivery(delivery.id).await.unwrap(), *delivery);
    }
    assert_eq!(store.accept_events(Vec::new()).await.unwrap(), []);
}

pub async fn accepts_all_or_none(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    let good = keyed(new_event(event(webhook.project, 1), &[&webhook]), "key");
    let bad = new_event(event(fixtures::project(9).id, 2), &[]);
    let refused = store.accept_events(vec![good.clone(), bad]).await;
    assert_refused!(refused, StoreError::NotFound(Noun::Project));
    assert_refused!(store.event(good.event.id).await, StoreError::NotFound(Noun::Event));
    assert_refused!(store.delivery(good.deliveries[0].id).await, StoreError::NotFound(Noun::Delivery));
    assert_eq!(store.due_webhooks().await.unwrap(), []);
    assert_eq!(accept(store, good).await.unwrap().repeat, Repeat::First);
}

pub async fn leaves_out_deleted_webhooks_only(store: &Arc<dyn Store>) {
    let active = webhook(store).await;
    let [paused, disabled, gone] = [2, 3, 4].map(|number| fixtures::webhook(active.project, number));
    for webhook in [&paused, &disabled, &gone] {
        store.create_webhook(webhook.clone()).await.unwrap();
    }
    let off = WebhookState::Disabled(DisableReason::Gone);
    store.update_webhook(changed(&paused, |webhook| webhook.state = WebhookState::Paused)).await.unwrap();
    store.update_webhook(changed(&disabled, |webhook| webhook.state = off)).await.unwrap();
    store.delete_webhook(gone.id, None, "deleted").await.unwrap();

    let new = new_event(event(active.project, 1), &[&paused, &gone, &active, &disabled]);
    let accepted = accept(store, new.clone()).await.unwrap();

    let kept = [&new.deliveries[0], &new.deliveries[2], &new.deliveries[3]];
    assert_eq!(accepted.deliveries, kept.map(|delivery| (delivery.id, delivery.webhook)));
    assert_refused!(store.delivery(new.deliveries[1].id).await, StoreError::NotFound(Noun::Delivery));
    for delivery in kept {
        assert_eq!(store.delivery(delivery.id).await.unwrap().state, DeliveryState::Pending);
    }
    assert_eq!(store.due_webhooks().await.unwrap().len(), 3);
}

/// A later event with the body of `first`, as a producer that repeats its request makes it.
fn repeat(first: &NewEvent, number: u32, webhook: &hookwright_model::Webhook) -> NewEvent {
    let event = Event { payload: first.event.payload.clone(), ..event(first.event.project, number) };
    NewEvent { idempotency: first.idempotency.clone(), ..new_event(event, &[webhook]) }
}

pub async fn answers_a_repeat_with_the_first_result(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    let new = keyed(new_event(event(webhook.project, 1), &[&webhook]), "key");
    let first = accept(store, new.clone()).await.unwrap();
    let again = repeat(&new, 2, &webhook);
    let known = accept(store, again.clone()).await.unwrap();
    assert_eq!(
        (known.event, &known.deliveries, known.repeat),
        (first.event, &first.deliveries, Repeat::Known)
    );
    assert_refused!(store.event(again.event.id).await, StoreError::NotFound(Noun::Event));
    assert_refused!(store.delivery(again.deliveries[0].id).await, StoreError::NotFound(Noun::Delivery));
}

pub async fn refuses_a_key_with_another_body(store: &Arc<dyn Store>) {
    let project = project(store).await.id;
    accept(store, keyed(new_event(event(project, 1), &[]), "key")).await.unwrap();
    let before = new_event(event(project, 2), &[]);
    let other = keyed(new_event(event(project, 3), &[]), "key");
    let refused = store.accept_events(vec![before.clone(), other]).await;
    assert_refused!(refused, StoreError::IdempotencyMismatch);
    assert_refused!(store.event(before.event.id).await, StoreError::NotFound(Noun::Event));
}

pub async fn recognises_repeats_within_one_call(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    let new = keyed(new_event(event(webhook.project, 1), &[&webhook]), "key");
    let accepted = store.accept_events(vec![new.clone(), repeat(&new, 2, &webhook)]).await.unwrap();
    assert_eq!(accepted[1].event, new.event.id);
    assert_eq!(accepted[1].deliveries, accepted[0].deliveries);
    assert_eq!((accepted[0].repeat, accepted[1].repeat), (Repeat::First, Repeat::Known));

    let [one, two] = [3, 4].map(|number| keyed(new_event(event(webhook.project, number), &[]), "other"));
    assert_refused!(store.accept_events(vec![one.clone(), two]).await, StoreError::IdempotencyMismatch);
    assert_refused!(store.event(one.event.id).await, StoreError::NotFound(Noun::Event));
}

pub async fn separates_keys_of_projects(store: &Arc<dyn Store>) {
    let first = project(store).await.id;
    let second = fixtures::project(2).id;
    store.create_project(fixtures::project(2)).await.unwrap();
    accept(store, keyed(new_event(event(first, 1), &[]), "key")).await.unwrap();
    let accepted = accept(store, keyed(new_event(event(second, 2), &[]), "key")).await.unwrap();
    assert_eq!(accepted.repeat, Repeat::First);
}

pub async fn forgets_keys_after_a_day(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    let new = keyed(new_event(event(webhook.project, 1), &[&webhook]), "key");
    accept(store, new.clone()).await.unwrap();
    let expiry = new.event.received_at.after(IdempotencyKey::KEPT_FOR);

    let mut late = repeat(&new, 2, &webhook);
    late.event.received_at = at(0).after(IdempotencyKey::KEPT_FOR);
    assert_eq!(accept(store, late).await.unwrap().repeat, Repeat::Known);

    let mut new_body = keyed(new_event(event(webhook.project, 3), &[&webhook]), "key");
    new_body.event.received_at = expiry;
    let accepted = accept(store, new_body.clone()).await.unwrap();
    assert_eq!((accepted.event, accepted.repeat), (new_body.event.id, Repeat::First));

    // From here on the key stands for the new event, for a day of its own.
    let mut again = repeat(&new_body, 4, &webhook);
    again.event.received_at = expiry.after(IdempotencyKey::KEPT_FOR - Duration::from_millis(1));
    assert_eq!(accept(store, again).await.unwrap().event, new_body.event.id);
}

pub async fn starts_tests_of_paused_webhooks(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    store.update_webhook(changed(&webhook, |webhook| webhook.state = WebhookState::Paused)).await.unwrap();
    let event = event(webhook.project, 1);
    let delivery = Delivery { origin: Origin::Test, ..fixtures::delivery(&event, &webhook) };

    let claim = store.start_test(event.clone(), delivery.clone()).await.unwrap();

    assert_eq!(claim.delivery, Delivery { state: DeliveryState::Delivering, ..delivery.clone() });
    assert_eq!((claim.event, claim.replies.len()), (event.clone(), 0));
    assert_eq!(store.event(event.id).await.unwrap(), event);
    let due = store.claim_due(webhook.id, at(9), 9).await.unwrap();
    assert!(due.claims.is_empty() && due.next.is_none());
    store.finish_attempt(fixtures::finished(&delivery, DeliveryState::Delivered)).await.unwrap();
    assert_eq!(store.delivery(delivery.id).await.unwrap().state, DeliveryState::Delivered);
}

pub async fn starts_no_test_without_webhook(store: &Arc<dyn Store>) {
    let webhook = fixtures::webhook(project(store).await.id, 1);
    let event = event(webhook.project, 1);
    let delivery = fixtures::delivery(&event, &webhook);
    let refused = store.start_test(event.clone(), delivery.clone()).await;
    assert_refused!(refused, StoreError::NotFound(Noun::Webhook));
    assert_refused!(store.event(event.id).await, StoreError::NotFound(Noun::Event));
    assert_refused!(store.delivery(delivery.id).await, StoreError::NotFound(Noun::Delivery));
}

pub async fn does_not_find_unknown_events(store: &Arc<dyn Store>) {
    let unknown = event(fixtures::project(1).id, 1).id;
    assert_refused!(store.event(unknown).await, StoreError::NotFound(Noun::Event));
}
