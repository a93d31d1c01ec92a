//! Writing down what happened to a claimed delivery.

use std::sync::Arc;

use hookwright_model::{Delivery, DeliveryState, Digest, DisableReason, Pin, Receipt, Webhook, WebhookState};

use super::{assert_refused, claimed, deliveries};
use crate::testkit::fixtures::{self, answered, at, attempt, finished, reply};
use crate::{AttemptRecord, ClaimAfter, Noun, Store, StoreError};

pub async fn ends_deliveries(store: &Arc<dyn Store>) {
    let (webhook, _) = claimed(store).await;
    let ends = [
        DeliveryState::Delivered,
        DeliveryState::Skipped,
        DeliveryState::Held,
        DeliveryState::Failed,
        DeliveryState::Cancelled,
    ];
    let given = deliveries(store, &webhook, &[1, 2, 3, 4, 5]).await;
    store.claim_due(webhook.id, at(5), 9).await.unwrap();
    for (delivery, state) in given.iter().zip(ends) {
        let mut record = finished(delivery, state);
        record.delivery.receipt = Some(Receipt {
            reference: Some("contact/151".to_owned()),
            url: Some("https://crm.example/151".to_owned()),
        });
        record.delivery.pin = Some(Pin { digest: Digest::of(b"component"), mapping_revision: 1 });
        record.delivery.uncertain = Some("step".to_owned());
        record.delivery.reason = Some("because".to_owned());
        assert_eq!(store.finish_attempt(record.clone()).await.unwrap(), state);
        assert_eq!(store.delivery(delivery.id).await.unwrap(), record.delivery);
        assert_eq!(store.attempts(delivery.id).await.unwrap(), [attempt(delivery.id, 1)]);
    }
    let due = store.claim_due(webhook.id, at(99), 9).await.unwrap();
    assert!(due.claims.is_empty() && due.next.is_none());
}

pub async fn schedules_the_next_attempt(store: &Arc<dyn Store>) {
    let (webhook, claim) = claimed(store).await;
    let mut record = finished(&claim.delivery, DeliveryState::Pending);
    record.delivery.due_at = at(50);
    record.delivery.failures = 1;
    assert_eq!(store.finish_attempt(record.clone()).await.unwrap(), DeliveryState::Pending);
    assert_eq!(store.delivery(claim.delivery.id).await.unwrap(), record.delivery);
    let early = store.claim_due(webhook.id, at(49), 9).await.unwrap();
    assert!(early.claims.is_empty());
    assert_eq!(early.next, Some(at(50)));
    let again = store.claim_due(webhook.id, at(50), 9).await.unwrap();
    assert_eq!(again.claims[0].delivery, Delivery { state: DeliveryState::Delivering, ..record.delivery });
}

pub async fn goes_on_with_a_kept_claim(store: &Arc<dyn Store>) {
    let (_, claim) = claimed(store).await;
    let first = answered(&claim.delivery);
    assert_eq!(store.finish_attempt(first.clone()).await.unwrap(), DeliveryState::Pending);
    let shown = store.delivery(claim.delivery.id).await.unwrap();
    assert_eq!(shown, Delivery { state: DeliveryState::Delivering, ..first.delivery.clone() });
    let last = finished(&first.delivery, DeliveryState::Delivered);
    assert_eq!(store.finish_attempt(last).await.unwrap(), DeliveryState::Delivered);
    assert_eq!(store.attempts(claim.delivery.id).await.unwrap().len(), 2);
}

pub async fn keeps_replies_in_order(store: &Arc<dyn Store>) {
    let (webhook, claim) = claimed(store).await;
    let first = answered(&claim.delivery);
    let second = answered(&first.delivery);
    for record in [first, second.clone()] {
        store.finish_attempt(record).await.unwrap();
    }
    store.release(&[claim.delivery.id]).await;
    let again = store.claim_due(webhook.id, at(9), 1).await.unwrap().claims.remove(0);
    assert_eq!(again.replies, [reply("step-1"), reply("step-2")]);
    assert_eq!(again.delivery.replies, 2);
}

pub async fn writes_rows_without_attempts(store: &Arc<dyn Store>) {
    let (_, claim) = claimed(store).await;
    let mut record = AttemptRecord { attempt: None, ..finished(&claim.delivery, DeliveryState::Pending) };
    record.delivery.uncertain = Some("create-person".to_owned());
    store.finish_attempt(record.clone()).await.unwrap();
    assert_eq!(store.delivery(claim.delivery.id).await.unwrap(), record.delivery);
    assert_eq!(store.attempts(claim.delivery.id).await.unwrap(), []);
}

pub async fn keeps_attempts(store: &Arc<dyn Store>) {
    let (webhook, claim) = claimed(store).await;
    let other = deliveries(store, &webhook, &[1]).await.remove(0);
    let mut delivery = claim.delivery;
    for _ in 0..12 {
        let record = answered(&delivery);
        delivery = record.delivery.clone();
        store.finish_attempt(record).await.unwrap();
    }
    let kept: Vec<_> = (1..=12).map(|number| attempt(delivery.id, number)).collect();
    assert_eq!(store.attempts(delivery.id).await.unwrap(), kept);
    assert_eq!(store.attempts(other.id).await.unwrap(), []);
}

pub async fn disables_active_webhooks_once(store: &Arc<dyn Store>) {
    let (webhook, first) = claimed(store).await;
    let second = deliveries(store, &webhook, &[1]).await.remove(0);
    store.claim_due(webhook.id, at(1), 1).await.unwrap();
    for delivery in [&first.delivery, &second] {
        let mut record = finished(delivery, DeliveryState::Failed);
        record.disable_webhook = Some(DisableReason::Gone);
        store.finish_attempt(record).await.unwrap();
    }
    let disabled = store.webhook(webhook.id).await.unwrap();
    let ended_at = attempt(first.delivery.id, 1);
    let ended_at = ended_at.started_at.after(ended_at.duration);
    let expected = Webhook {
        revision: 2,
        state: WebhookState::Disabled(DisableReason::Gone),
        state_since: ended_at,
        updated_at: ended_at,
        ..webhook
    };
    assert_eq!(*disabled, expected);
}

pub async fn cancels_what_goes_on_without_webhook(store: &Arc<dyn Store>) {
    for (number, (state, claim)) in [
        (DeliveryState::Pending, ClaimAfter::Keep),
        (DeliveryState::Pending, ClaimAfter::Release),
        (DeliveryState::Held, ClaimAfter::Release),
    ]
    .into_iter()
    .enumerate()
    {
        let project = fixtures::project(u32::try_from(number).unwrap());
        let webhook = fixtures::webhook(project.id, u32::try_from(number).unwrap());
        store.create_project(project).await.unwrap();
        store.create_webhook(webhook.clone()).await.unwrap();
        let delivery = deliveries(store, &webhook, &[1]).await.remove(0);
        store.claim_due(webhook.id, at(1), 1).await.unwrap();
        store.delete_webhook(webhook.id, None, "deleted").await.unwrap();
        assert_eq!(store.delivery(delivery.id).await.unwrap().state, DeliveryState::Delivering);

        let record = AttemptRecord { claim, ..finished(&delivery, state) };
        assert_eq!(store.finish_attempt(record.clone()).await.unwrap(), DeliveryState::Cancelled);

        let shown = store.delivery(delivery.id).await.unwrap();
        let reason = Some("deleted".to_owned());
        assert_eq!(shown, Delivery { state: DeliveryState::Cancelled, reason, ..record.delivery.clone() });
        assert_eq!(store.attempts(delivery.id).await.unwrap().len(), 1);
        assert_refused!(store.finish_attempt(record).await, StoreError::NotFound(Noun::Delivery));
    }
    assert_eq!(store.due_webhooks().await.unwrap(), []);
}

pub async fn ends_what_ends_without_webhook(store: &Arc<dyn Store>) {
    let (webhook, claim) = claimed(store).await;
    let given_back = deliveries(store, &webhook, &[1]).await.remove(0);
    store.claim_due(webhook.id, at(1), 1).await.unwrap();
    store.delete_webhook(webhook.id, None, "deleted").await.unwrap();

    let record = finished(&claim.delivery, DeliveryState::Delivered);
    assert_eq!(store.finish_attempt(record.clone()).await.unwrap(), DeliveryState::Delivered);
    assert_eq!(store.delivery(claim.delivery.id).await.unwrap(), record.delivery);
    store.release(&[given_back.id]).await;
    assert_eq!(store.delivery(given_back.id).await.unwrap().state, DeliveryState::Cancelled);
}

pub async fn refuses_what_is_not_claimed(store: &Arc<dyn Store>) {
    let (webhook, claim) = claimed(store).await;
    let record = finished(&claim.delivery, DeliveryState::Delivered);
    store.finish_attempt(record.clone()).await.unwrap();
    let late = finished(&record.delivery, DeliveryState::Failed);
    assert_refused!(store.finish_attempt(late).await, StoreError::NotFound(Noun::Delivery));
    assert_eq!(store.delivery(claim.delivery.id).await.unwrap(), record.delivery);
    assert_eq!(store.attempts(claim.delivery.id).await.unwrap().len(), 1);

    let pending = deliveries(store, &webhook, &[1]).await.remove(0);
    let unclaimed = store.finish_attempt(finished(&pending, DeliveryState::Delivered)).await;
    assert_refused!(unclaimed, StoreError::NotFound(Noun::Delivery));
    assert_eq!(store.delivery(pending.id).await.unwrap(), pending);
}
