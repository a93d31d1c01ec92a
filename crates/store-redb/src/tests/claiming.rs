//! Claiming beside the writer.

use std::thread;

use hookwright_store::Store;
use hookwright_store::testkit::fixtures::{self, at, event, new_event};

use super::faulty_disk::FaultyDisk;
use super::open;
use crate::{due, schema};

#[tokio::test]
async fn a_claim_looks_at_what_is_there_once_it_may_claim() {
    let store = open(&FaultyDisk::default()).unwrap();
    let project = fixtures::project(1);
    let webhook = fixtures::webhook(project.id, 1);
    store.create_project(project).await.unwrap();
    store.create_webhook(webhook.clone()).await.unwrap();
    let new = new_event(event(webhook.project, 1), &[&webhook]);
    let key = schema::due_key(webhook.id, at(1), new.deliveries[0].id);
    store.accept_events(vec![new]).await.unwrap();

    let shared = &store.shared;
    let claimed = thread::scope(|scope| {
        let held = shared.claims.lock();
        let claim = scope.spawn(|| due::claim(&shared.disk, &shared.claims, webhook.id, at(1), 1).unwrap());
        // Gives the other thread the time to run up to the lock.
        (0..1_000).for_each(|_| thread::yield_now());
        // As the writer does when the attempt of somebody else has ended: first the commit, then the claim is freed.
        let txn = shared.disk.write().unwrap();
        txn.open_table(schema::DUE).unwrap().remove(&key).unwrap();
        txn.commit().unwrap();
        drop(held);
        claim.join().unwrap()
    });
    assert!(claimed.0.claims.is_empty(), "a delivery that has ended was claimed again");
}
