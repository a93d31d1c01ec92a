//! Failing disks: what is refused, what goes on, and how the store recovers.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hookwright_model::{Delivery, DeliveryState, PluginOwner, Project, Webhook};
use hookwright_store::testkit::fixtures::{self, at};
use hookwright_store::{Store, StoreError};

use super::faulty_disk::{FaultyDisk, Health};
use super::open;
use crate::disk::{LAST_RESERVED_BYTES, RESERVED_BYTES};
use crate::error::Failure;
use crate::store::RedbStore;

async fn webhook(store: &Arc<RedbStore>) -> Webhook {
    let project = fixtures::project(1);
    let webhook = fixtures::webhook(project.id, 1);
    store.create_project(project).await.unwrap();
    store.create_webhook(webhook.clone()).await.unwrap();
    webhook
}

async fn accept(store: &Arc<RedbStore>, webhook: &Webhook, number: u32) -> Result<Delivery, StoreError> {
    let new = fixtures::new_event(fixtures::event(webhook.project, number), &[webhook]);
    let delivery = new.deliveries[0].clone();
    store.accept_events(vec![new]).await.map(|_| delivery)
}

async fn claim(store: &Arc<RedbStore>, webhook: &Webhook) -> Delivery {
    store.claim_due(webhook.id, at(1_000_000), 1).await.unwrap().claims.remove(0).delivery
}

/// Accepts events until the disk is full. Says which were accepted.
async fn fill(store: &Arc<RedbStore>, webhook: &Webhook) -> Vec<Delivery> {
    let mut accepted = Vec::new();
    for number in 1.. {
        match accept(store, webhook, number).await {
            Ok(delivery) => accepted.push(delivery),
            Err(StoreError::Full) => break,
            Err(error) => panic!("{error}"),
        }
    }
    accepted
}

/// Creates projects until one is refused: that one, and why.
async fn create_projects(store: &Arc<RedbStore>) -> (Project, StoreError) {
    for number in 2.. {
        let project = fixtures::project(number);
        if let Err(error) = store.create_project(project.clone()).await {
            return (project, error);
        }
    }
    unreachable!("some project is refused");
}

#[tokio::test]
async fn a_full_disk_refuses_changes_and_answers_reads() {
    let disk = FaultyDisk::default();
    let store = open(&disk).unwrap();
    let webhook = webhook(&store).await;
    accept(&store, &webhook, 0).await.unwrap();
    let claimed = claim(&store, &webhook).await;
    disk.set_health(Health::NoRoomToGrow);

    let accepted = fill(&store, &webhook).await;

    assert!(!accepted.is_empty());
    let (refused, error) = create_projects(&store).await;
    assert!(matches!(error, StoreError::Full), "{error}");
    assert!(matches!(store.project(refused.id).await, Err(StoreError::NotFound(_))));
    assert!(store.health().disk.unwrap().contains("full"));
    for delivery in &accepted {
        assert_eq!(store.delivery(delivery.id).await.unwrap(), *delivery);
    }
    let record = fixtures::finished(&claimed, DeliveryState::Delivered);
    assert!(matches!(store.finish_attempt(record.clone()).await, Err(StoreError::Full)));
    assert_eq!(store.delivery(claimed.id).await.unwrap().state, DeliveryState::Delivering);

    disk.set_health(Health::Good);

    assert_eq!(store.finish_attempt(record.clone()).await.unwrap(), DeliveryState::Delivered);
    assert_eq!(store.delivery(claimed.id).await.unwrap(), record.delivery);
    assert_eq!(store.health().problems().next(), None);
    let late = accept(&store, &webhook, 1_000_000).await.unwrap();
    drop(store);
    let store = open(&disk).unwrap();
    for delivery in accepted.iter().chain([&late]) {
        assert_eq!(store.delivery(delivery.id).await.unwrap(), *delivery);
    }
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_takes_what_happens_to_what_was_accepted() {
    let disk = FaultyDisk::default();
    let store = open(&disk).unwrap();
    let webhook = webhook(&store).await;
    accept(&store, &webhook, 1).await.unwrap();
    let claimed = claim(&store, &webhook).await;
    disk.set_free_bytes(RESERVED_BYTES - 1);

    let record = fixtures::finished(&claimed, DeliveryState::Delivered);
    assert_eq!(store.finish_attempt(record).await.unwrap(), DeliveryState::Delivered);
    assert!(matches!(accept(&store, &webhook, 2).await, Err(StoreError::Full)));
    let plugin = fixtures::plugin(PluginOwner::Bundled, "crm", b"code");
    assert!(matches!(store.add_plugin_version(plugin.clone()).await, Err(StoreError::Full)));
    let event = fixtures::event(webhook.project, 3);
    let test = fixtures::delivery(&event, &webhook);
    assert!(matches!(store.start_test(event.clone(), test.clone()).await, Err(StoreError::Full)));
    assert!(matches!(store.create_project(fixtures::project(2)).await, Err(StoreError::Full)));
    let words = store.health().disk.unwrap();
    assert!(words.contains("31 MiB are free") && words.contains("32 MiB are kept"), "{words}");

    disk.set_free_bytes(RESERVED_BYTES);
    accept(&store, &webhook, 2).await.unwrap();
    store.add_plugin_version(plugin).await.unwrap();
    store.start_test(event, test).await.unwrap();
    assert_eq!(store.health().disk, None);
}

#[tokio::test]
async fn the_last_of_the_reserve_is_for_what_is_under_way() {
    let disk = FaultyDisk::default();
    let store = open(&disk).unwrap();
    let webhook = webhook(&store).await;
    accept(&store, &webhook, 1).await.unwrap();
    accept(&store, &webhook, 2).await.unwrap();
    let under_way = claim(&store, &webhook).await;
    disk.set_free_bytes(LAST_RESERVED_BYTES - 1);
    let words = store.health().disk.unwrap();
    assert!(words.contains("7 MiB are free"), "{words}");

    let due = store.claim_due(webhook.id, at(9), 9).await.unwrap();
    assert_eq!((due.claims.len(), due.next > Some(at(9))), (0, true));
    store.finish_attempt(fixtures::finished(&under_way, DeliveryState::Delivered)).await.unwrap();

    disk.set_free_bytes(LAST_RESERVED_BYTES);
    assert_eq!(store.claim_due(webhook.id, at(9), 9).await.unwrap().claims.len(), 1);
}

#[tokio::test]
async fn a_disk_that_takes_nothing_stops_the_store_until_it_works_again() {
    for health in [Health::NoRoomAtAll, Health::Dead] {
        let disk = FaultyDisk::default();
        let store = open(&disk).unwrap();
        let webhook = webhook(&store).await;
        let delivery = accept(&store, &webhook, 1).await.unwrap();
        disk.set_health(health);

        let expected = if health == Health::Dead { "the store failed" } else { "is full" };
        for error in [
            accept(&store, &webhook, 2).await.unwrap_err(),
            store.delivery(delivery.id).await.unwrap_err(),
            store.claim_due(webhook.id, at(9), 1).await.unwrap_err(),
        ] {
            assert!(error.to_string().contains(expected), "{health:?}: {error}");
        }
        // What is in memory is answered all the same.
        assert_eq!(*store.webhook(webhook.id).await.unwrap(), webhook);

        disk.set_health(Health::Good);

        // A read repairs it as well as a change.
        assert_eq!(store.delivery(delivery.id).await.unwrap(), delivery);
        assert_eq!(claim(&store, &webhook).await.id, delivery.id);
        accept(&store, &webhook, 3).await.unwrap();
    }
}

#[tokio::test]
async fn a_failure_is_reported_until_the_disk_works_again_though_nobody_asks() {
    let disk = FaultyDisk::default();
    let store = open(&disk).unwrap();
    let webhook = webhook(&store).await;
    assert_eq!(store.health().problems().next(), None);
    disk.set_health(Health::Dead);
    accept(&store, &webhook, 1).await.unwrap_err();
    let words = store.health().disk.unwrap();
    assert!(words.contains("cannot write"), "{words}");

    disk.set_health(Health::Good);
    let healthy = async {
        while store.health().problems().next().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), healthy).await.unwrap();
    store.close().await;
    assert!(store.health().writer.unwrap().contains("closed"));
}

#[tokio::test]
async fn a_panic_ends_the_operation_that_met_it_and_no_other() {
    let disk = FaultyDisk::default();
    let store = open(&disk).unwrap();
    let webhook = webhook(&store).await;
    let panics = store.writer.submit(|_| -> Result<(), Failure> { panic!("page 7 makes no sense") });
    let (panicked, accepted) = tokio::join!(biased; panics, accept(&store, &webhook, 1));
    let words = panicked.unwrap_err().to_string();
    assert!(words.contains("page 7 makes no sense"), "{words}");
    let delivery = accepted.unwrap();
    assert_eq!(claim(&store, &webhook).await.id, delivery.id);
    assert_eq!(store.health().problems().next(), None);
}

#[tokio::test]
async fn a_failed_group_leaves_no_claim_and_no_reservation() {
    let disk = FaultyDisk::default();
    let store = open(&disk).unwrap();
    let webhook = webhook(&store).await;
    let delivery = accept(&store, &webhook, 1).await.unwrap();
    let event = fixtures::event(webhook.project, 2);
    let test = fixtures::delivery(&event, &webhook);
    for attempt in 0..3 {
        disk.set_health(Health::NoRoomAtAll);
        let refused = match attempt {
            0 => store.start_test(event.clone(), test.clone()).await.map(drop),
            1 => store.cancel(delivery.id, "x").await.map(drop),
            _ => store.delete_webhook(webhook.id, None, "x").await,
        };
        assert!(matches!(refused, Err(StoreError::Full)));
        disk.set_health(Health::Good);
        assert_eq!(claim(&store, &webhook).await.id, delivery.id);
        store.release(&[delivery.id]).await;
    }
    store.start_test(event, test).await.unwrap();
}

#[tokio::test]
async fn a_commit_that_failed_too_late_is_found_again() {
    let disk = FaultyDisk::default();
    let store = open(&disk).unwrap();
    let webhook = webhook(&store).await;
    disk.set_health(Health::CannotSync);
    let project = fixtures::project(2);
    assert!(matches!(store.create_project(project.clone()).await, Err(StoreError::Backend(_))));
    disk.set_health(Health::Good);
    accept(&store, &webhook, 1).await.unwrap();
    assert_eq!(store.project(project.id).await.unwrap(), project);
}

#[tokio::test]
async fn a_test_that_nobody_waits_for_is_not_claimed() {
    let disk = FaultyDisk::default();
    let store = open(&disk).unwrap();
    let webhook = webhook(&store).await;
    for number in 1.. {
        let event = fixtures::event(webhook.project, number);
        let delivery = fixtures::delivery(&event, &webhook);
        let mut waiting = Box::pin(store.start_test(event, delivery.clone()));
        let polled = std::future::poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context))).await;
        drop(waiting);
        if polled.is_ready() {
            // The writer was faster than one poll.
            continue;
        }
        // Comes after it in the queue.
        store.create_project(fixtures::project(2)).await.unwrap();
        assert_eq!(store.delivery(delivery.id).await.unwrap().state, DeliveryState::Pending);
        break;
    }
}
