//! Operations of one group see what those before them have done, although nothing of it is committed yet.

use std::future::Future;
use std::sync::Arc;

use hookwright_model::{DeliveryState, PluginOwner, Webhook};
use hookwright_store::testkit::fixtures::{self, at, event, finished, new_event};
use hookwright_store::{Claim, NewEvent, Noun, Store, StoreError};

use super::faulty_disk::FaultyDisk;
use super::open;
use crate::store::RedbStore;

/// Has two operations carried out in one group, in this order.
async fn together<A, B>(
    store: &RedbStore,
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> (A, B) {
    let (open_gate, gate) = std::sync::mpsc::channel();
    // The writer waits here until both are in its queue.
    let gate = store.writer.submit(move |_| Ok(gate.recv().is_ok()));
    let (passed, first, second, ()) =
        tokio::join!(biased; gate, first, second, async { open_gate.send(()).unwrap() });
    assert!(passed.unwrap());
    (first, second)
}

async fn webhook(store: &Arc<RedbStore>) -> Webhook {
    let project = fixtures::project(1);
    let webhook = fixtures::webhook(project.id, 1);
    store.create_project(project).await.unwrap();
    store.create_webhook(webhook.clone()).await.unwrap();
    webhook
}

async fn claimed(store: &Arc<RedbStore>) -> (Webhook, Claim) {
    let webhook = webhook(store).await;
    store.accept_events(vec![new(&webhook, 1)]).await.unwrap();
    let claim = store.claim_due(webhook.id, at(1), 1).await.unwrap().claims.remove(0);
    (webhook, claim)
}

fn new(webhook: &Webhook, number: u32) -> NewEvent {
    new_event(event(webhook.project, number), &[webhook])
}

fn store() -> Arc<RedbStore> {
    open(&FaultyDisk::default()).unwrap()
}

#[tokio::test]
async fn an_attempt_is_finished_once() {
    let store = store();
    let (_, claim) = claimed(&store).await;
    let first = store.finish_attempt(finished(&claim.delivery, DeliveryState::Delivered));
    let again = store.finish_attempt(finished(&claim.delivery, DeliveryState::Failed));
    let (first, again) = together(&store, first, again).await;
    assert_eq!(first.unwrap(), DeliveryState::Delivered);
    assert!(matches!(again, Err(StoreError::NotFound(Noun::Delivery))));
    assert_eq!(store.delivery(claim.delivery.id).await.unwrap().state, DeliveryState::Delivered);
}

#[tokio::test]
async fn what_has_just_ended_can_be_resent() {
    let store = store();
    let (webhook, claim) = claimed(&store).await;
    let end = store.finish_attempt(finished(&claim.delivery, DeliveryState::Failed));
    let (end, resent) = together(&store, end, store.resend(claim.delivery.id, at(2))).await;
    end.unwrap();
    assert_eq!(resent.unwrap().state, DeliveryState::Pending);
    assert_eq!(store.claim_due(webhook.id, at(2), 1).await.unwrap().claims.len(), 1);
}

#[tokio::test]
async fn what_has_just_been_deleted_gets_nothing_more() {
    let store = store();
    let webhook = webhook(&store).await;
    let delete = store.delete_webhook(webhook.id, None, "deleted");
    let (deleted, accepted) = together(&store, delete, store.accept_events(vec![new(&webhook, 1)])).await;
    deleted.unwrap();
    assert_eq!(accepted.unwrap()[0].deliveries, []);
    store.create_webhook(webhook.clone()).await.unwrap();
    let delete = store.delete_webhook(webhook.id, Some(1), "deleted");
    let (deleted, again) = together(&store, delete, store.delete_webhook(webhook.id, None, "again")).await;
    deleted.unwrap();
    assert!(matches!(again, Err(StoreError::NotFound(Noun::Webhook))));
}

#[tokio::test]
async fn what_has_just_been_created_is_there() {
    let store = store();
    let project = fixtures::project(1);
    let webhook = fixtures::webhook(project.id, 1);
    let create = store.create_project(project.clone());
    let (project, created) = together(&store, create, store.create_webhook(webhook.clone())).await;
    project.unwrap();
    created.unwrap();
    let plugin =
        |component| store.add_plugin_version(fixtures::plugin(PluginOwner::Bundled, "crm", component));
    let (first, second) = together(&store, plugin(b"1"), plugin(b"2")).await;
    assert_eq!((first.unwrap().0.version, second.unwrap().0.version), (1, 2));
}

#[tokio::test]
async fn a_refused_operation_does_not_stop_the_others() {
    let store = store();
    let webhook = webhook(&store).await;
    let unknown = new_event(event(fixtures::project(9).id, 1), &[]);
    let bad = store.accept_events(vec![new(&webhook, 2), unknown]);
    let (bad, good) = together(&store, bad, store.accept_events(vec![new(&webhook, 3)])).await;
    assert!(matches!(bad, Err(StoreError::NotFound(Noun::Project))));
    let accepted = good.unwrap().remove(0);
    let due = store.claim_due(webhook.id, at(9), 9).await.unwrap();
    assert_eq!(due.claims.iter().map(|claim| claim.event.id).collect::<Vec<_>>(), [accepted.event]);
}

#[tokio::test]
async fn what_is_being_changed_cannot_be_claimed() {
    let store = store();
    let webhook = webhook(&store).await;
    store.accept_events(vec![new(&webhook, 1)]).await.unwrap();
    let id = new(&webhook, 1).deliveries[0].id;
    // The cancellation is queued behind a job that looks at what can be claimed between the two, before any commit.
    let looking = Arc::clone(&store);
    let look = store.writer.submit(move |_| {
        let claims = &looking.shared.claims;
        Ok(crate::due::claim(&looking.shared.disk, claims, webhook.id, at(1), 1)
            .map(|(due, _)| (due.claims.len(), due.next)))
    });
    let (cancelled, seen) = together(&store, store.cancel(id, "not wanted"), look).await;
    assert_eq!(cancelled.unwrap().state, DeliveryState::Cancelled);
    assert_eq!(seen.unwrap().unwrap(), (0, Some(at(1))));
}
