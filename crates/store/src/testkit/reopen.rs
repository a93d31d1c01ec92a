//! What is still there after a store has been closed and opened again.
#![expect(missing_docs, reason = "the name of a test says what it shows")]

use hookwright_model::{
    Delivery, DeliveryState, DisableReason, Pin, PluginOwner, VersionPin, Webhook, WebhookState,
};

use super::Backend;
use super::conformance::fan_out::{events_of, open_fan_outs};
use super::conformance::webhooks::webhooks_of;
use super::conformance::{assert_refused, claimed, deliveries};
use super::fixtures::{self, answered, at, finished, keyed, new_event};
use crate::{EventFilter, FanOut, NewEvent, Noun, Repeat, StoreError};

pub async fn keeps_everything(backend: &dyn Backend) {
    let store = backend.open();
    let (webhook, claim) = claimed(&store).await;
    let id = claim.delivery.id;
    let call = answered(&claim.delivery);
    store.finish_attempt(call.clone()).await.unwrap();
    let mut failed = finished(&call.delivery, DeliveryState::Held);
    failed.disable_webhook = Some(DisableReason::Gone);
    store.finish_attempt(failed.clone()).await.unwrap();
    store.resend(id, at(700)).await.unwrap();
    let (version, _) =
        store.add_plugin_version(fixtures::plugin(PluginOwner::Bundled, "crm", b"code")).await.unwrap();
    let before = store.webhook(webhook.id).await.unwrap();
    let delivery = store.delivery(id).await.unwrap();
    store.close().await;

    let store = backend.open();
    assert_eq!(store.project(webhook.project).await.unwrap(), fixtures::project(1));
    assert_eq!(*store.webhook(webhook.id).await.unwrap(), *before);
    assert_eq!(before.state, WebhookState::Disabled(DisableReason::Gone));
    assert_eq!(webhooks_of(&store, webhook.project, 9).await, [Webhook::clone(&before)]);
    assert_eq!(store.mapping_at(webhook.id, 1).await.unwrap(), fixtures::mapping("hubspot"));
    assert_eq!(store.event(claim.event.id).await.unwrap(), claim.event);
    assert_eq!(store.delivery(id).await.unwrap(), delivery);
    assert_eq!(store.attempts(id).await.unwrap(), [fixtures::attempt(id, 1), fixtures::attempt(id, 2)]);
    assert_eq!(store.due_webhooks().await.unwrap(), [(webhook.id, at(700))]);
    let again = store.claim_due(webhook.id, at(700), 1).await.unwrap().claims.remove(0);
    assert_eq!(again.replies, [fixtures::reply("step-1")]);
    assert_eq!(store.plugin(webhook.project, &version.name, VersionPin::Latest).await.unwrap(), version);
    assert_eq!(&store.component(version.digest).await.unwrap()[..], b"code");
    let (next, _) =
        store.add_plugin_version(fixtures::plugin(PluginOwner::Bundled, "crm", b"more")).await.unwrap();
    assert_eq!(next.version, 2);
    store.close().await;
}

pub async fn frees_claims(backend: &dyn Backend) {
    let store = backend.open();
    let (webhook, claim) = claimed(&store).await;
    store.close().await;

    let store = backend.open();
    let pending = Delivery { state: DeliveryState::Pending, ..claim.delivery.clone() };
    assert_eq!(store.delivery(pending.id).await.unwrap(), pending);
    let late = store.finish_attempt(finished(&pending, DeliveryState::Delivered)).await;
    assert_refused!(late, StoreError::NotFound(Noun::Delivery));
    assert_eq!(store.claim_due(webhook.id, at(0), 1).await.unwrap().claims[0].delivery, claim.delivery);
    store.close().await;
}

pub async fn keeps_deleted_webhooks_deleted(backend: &dyn Backend) {
    let store = backend.open();
    let (webhook, claim) = claimed(&store).await;
    let pending = deliveries(&store, &webhook, &[1]).await.remove(0);
    store.delete_webhook(webhook.id, None, "deleted").await.unwrap();
    store.close().await;

    let store = backend.open();
    assert_refused!(store.webhook(webhook.id).await, StoreError::NotFound(Noun::Webhook));
    assert_refused!(store.mapping_at(webhook.id, 1).await, StoreError::NotFound(Noun::Mapping));
    for id in [claim.delivery.id, pending.id] {
        assert_eq!(store.delivery(id).await.unwrap().state, DeliveryState::Cancelled);
    }
    assert_eq!(store.due_webhooks().await.unwrap(), []);
    store.close().await;
}

pub async fn keeps_idempotency_keys(backend: &dyn Backend) {
    let store = backend.open();
    let (webhook, _) = claimed(&store).await;
    let new = keyed(new_event(fixtures::event(webhook.project, 1), &[&webhook]), "key");
    let first = store.accept_events(vec![new.clone()]).await.unwrap().remove(0);
    store.close().await;

    let store = backend.open();
    let known = store.accept_events(vec![new]).await.unwrap().remove(0);
    assert_eq!((known.event, known.deliveries, known.repeat), (first.event, first.deliveries, Repeat::Known));
    store.close().await;
}

pub async fn keeps_fan_outs_and_undelivered_events(backend: &dyn Backend) {
    let store = backend.open();
    let (webhook, _) = claimed(&store).await;
    let open = new_event(fixtures::event(webhook.project, 1), &[]);
    let open = NewEvent { fan_out: FanOut::start(), ..open };
    let unwanted = new_event(fixtures::event(webhook.project, 2), &[]);
    store.accept_events(vec![open.clone(), unwanted]).await.unwrap();
    let events = events_of(&store, webhook.project, EventFilter::All, 9).await;
    let undelivered = events_of(&store, webhook.project, EventFilter::Undelivered, 9).await;
    assert_eq!((events.len(), undelivered.len()), (3, 1));
    store.close().await;

    let store = backend.open();
    assert_eq!(open_fan_outs(&store, 9).await[0].event, open.event.id);
    assert_eq!(events_of(&store, webhook.project, EventFilter::All, 9).await, events);
    assert_eq!(events_of(&store, webhook.project, EventFilter::Undelivered, 9).await, undelivered);
    let added = fixtures::delivery(&open.event, &webhook);
    let FanOut::After(start) = open.fan_out else { panic!("it goes on") };
    store.fan_out(open.event.id, start, vec![added.clone()], FanOut::Complete).await.unwrap();
    store.close().await;

    let store = backend.open();
    assert_eq!(open_fan_outs(&store, 9).await, []);
    assert_eq!(store.delivery(added.id).await.unwrap(), added);
    store.close().await;
}

pub async fn forgets_components_that_nothing_needs(backend: &dyn Backend) {
    let store = backend.open();
    let (webhook, claim) = claimed(&store).await;
    let (name, owner) = ("own".parse().unwrap(), PluginOwner::Project(webhook.project));
    let upload = async |component| {
        store.add_plugin_version(fixtures::plugin(owner, "own", component)).await.unwrap().0.digest
    };
    let digests = [upload(b"pinned").await, upload(b"not pinned").await, upload(b"bundled too").await];
    let bundled = fixtures::plugin(PluginOwner::Bundled, "other", b"bundled too");
    store.add_plugin_version(bundled).await.unwrap();
    let mut held = finished(&claim.delivery, DeliveryState::Held);
    held.delivery.pin = Some(Pin { digest: digests[0], mapping_revision: 1 });
    store.finish_attempt(held.clone()).await.unwrap();
    store.delete_plugin(webhook.project, &name).await.unwrap();
    for digest in digests {
        store.component(digest).await.unwrap();
    }
    store.close().await;

    let store = backend.open();
    store.component(digests[0]).await.unwrap();
    assert_refused!(store.component(digests[1]).await, StoreError::NotFound(Noun::Component));
    store.component(digests[2]).await.unwrap();
    store.cancel(held.delivery.id, "not wanted").await.unwrap();
    store.close().await;

    let store = backend.open();
    assert_refused!(store.component(digests[0]).await, StoreError::NotFound(Noun::Component));
    assert_eq!(store.plugins(webhook.project).await.unwrap().len(), 1);
    store.close().await;
}
