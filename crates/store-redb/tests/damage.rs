//! Files that were damaged after a clean stop: no altered record is served, no panic gets out, and the rest goes on.
#![expect(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hookwright_model::{Attempt, Delivery, DeliveryState, Event, PluginOwner, Project, Webhook};
use hookwright_store::testkit::fixtures::{self, at};
use hookwright_store::{DeliveryFilter, Store, StoreError};
use hookwright_store_redb::{MasterKey, OpenErrorKind, OpenOptions, RedbStore, verify};

const PAGE_BYTES: usize = 4_096;
const DAMAGED_PAGES: usize = 100;
const EVENTS: u32 = 160;
/// How many of the claimed deliveries are finished on each damaged file.
const FINISHED: usize = 6;

fn open(path: &Path) -> Result<RedbStore, hookwright_store_redb::OpenError> {
    let entropy = Arc::new(|bytes: &mut [u8]| bytes.fill(4));
    RedbStore::open(OpenOptions { path: path.to_owned(), key: MasterKey::from_bytes([7; 32]), entropy })
}

/// What was stored.
struct Written {
    project: Project,
    webhook: Webhook,
    deliveries: Vec<Delivery>,
    events: Vec<Event>,
    attempts: Vec<Vec<Attempt>>,
}

/// Deliveries of every kind: delivered, held, failed, half-way with replies, and pending ones.
async fn write(path: &Path) -> Written {
    let store = open(path).unwrap();
    let project = fixtures::project(1);
    let webhook = fixtures::webhook(project.id, 1);
    store.create_project(project.clone()).await.unwrap();
    store.create_webhook(webhook.clone()).await.unwrap();
    store.add_plugin_version(fixtures::plugin(PluginOwner::Bundled, "crm", b"the component")).await.unwrap();
    let mut written =
        Written { project, webhook, deliveries: Vec::new(), events: Vec::new(), attempts: Vec::new() };
    for number in 0..EVENTS {
        let event = fixtures::event(written.webhook.project, number);
        let new =
            fixtures::keyed(fixtures::new_event(event.clone(), &[&written.webhook]), &number.to_string());
        store.accept_events(vec![new]).await.unwrap();
        written.events.push(event);
    }
    let due = store.claim_due(written.webhook.id, at(u64::from(EVENTS) / 2), 1_000).await.unwrap();
    for (index, claim) in due.claims.iter().enumerate() {
        let states =
            [DeliveryState::Delivered, DeliveryState::Held, DeliveryState::Failed, DeliveryState::Pending];
        if index % 5 == 4 {
            store.finish_attempt(fixtures::answered(&claim.delivery)).await.unwrap();
        } else {
            store.finish_attempt(fixtures::finished(&claim.delivery, states[index % 4])).await.unwrap();
        }
    }
    store.release(&due.claims.iter().map(|claim| claim.delivery.id).collect::<Vec<_>>()).await;
    for event in &written.events {
        let id = fixtures::delivery(event, &written.webhook).id;
        written.deliveries.push(store.delivery(id).await.unwrap());
        written.attempts.push(store.attempts(id).await.unwrap());
    }
    store.close().await;
    written
}

/// Whether the delivery is the one that was stored, or says itself that it is damaged.
fn is_honest(found: &Delivery, stored: &Delivery) -> bool {
    found == stored || is_held_for_damage(found)
}

fn is_held_for_damage(delivery: &Delivery) -> bool {
    delivery.state == DeliveryState::Held
        && delivery.reason.as_ref().is_some_and(|reason| reason.contains("damaged"))
}

fn is_damage(error: &StoreError) -> bool {
    matches!(error, StoreError::Corrupt(_) | StoreError::NotFound(_))
}

/// Reads everything and works on. Says whether anything was missing.
async fn use_it(store: &RedbStore, written: &Written, page: usize) -> bool {
    let mut missing = false;
    let mut note = |what: &str, error: &StoreError| {
        assert!(is_damage(error), "page {page}, {what}: {error}");
        missing = true;
    };
    assert_eq!(store.project(written.project.id).await.unwrap(), written.project, "page {page}");
    assert_eq!(*store.webhook(written.webhook.id).await.unwrap(), written.webhook, "page {page}");
    for (index, stored) in written.deliveries.iter().enumerate() {
        match store.delivery(stored.id).await {
            Ok(found) => assert!(is_honest(&found, stored), "page {page}: {found:?} instead of {stored:?}"),
            Err(error) => note("delivery", &error),
        }
        match store.event(stored.event).await {
            Ok(found) => assert_eq!(found, written.events[index], "page {page}"),
            Err(error) => note("event", &error),
        }
        match store.attempts(stored.id).await {
            Ok(found) => {
                assert!(found.iter().all(|attempt| written.attempts[index].contains(attempt)), "page {page}");
            }
            Err(error) => note("attempts", &error),
        }
    }
    let page_of = hookwright_model::PageRequest { after: None, limit: 1_000 };
    match store.deliveries(written.project.id, DeliveryFilter::default(), page_of).await {
        Ok(listed) => {
            for found in listed.items {
                let stored = written.deliveries.iter().find(|stored| stored.id == found.id);
                assert!(stored.is_some_and(|stored| is_honest(&found, stored)), "page {page}: {found:?}");
            }
        }
        Err(error) => note("list", &error),
    }
    match store.claim_due(written.webhook.id, at(1_000_000), 1_000).await {
        Ok(due) => {
            for (count, claim) in due.claims.into_iter().enumerate() {
                let index =
                    written.deliveries.iter().position(|stored| stored.id == claim.delivery.id).unwrap();
                let stored =
                    Delivery { state: DeliveryState::Delivering, ..written.deliveries[index].clone() };
                assert_eq!((&claim.delivery, &claim.event), (&stored, &written.events[index]), "page {page}");
                if count >= FINISHED {
                    continue;
                }
                let record = fixtures::finished(&claim.delivery, DeliveryState::Delivered);
                if let Err(error) = store.finish_attempt(record).await {
                    note("finish", &error);
                }
            }
        }
        Err(error) => note("claim", &error),
    }
    let late = fixtures::new_event(fixtures::event(written.project.id, 900_000), &[&written.webhook]);
    if let Err(error) = store.accept_events(vec![late]).await {
        note("accept", &error);
    }
    missing
}

/// Inverts some bytes of a page: one, a few, or a whole stretch.
fn damage(bytes: &mut [u8], page: usize, round: usize) {
    let length = [1, 4, 64][round % 3];
    let offset = (page * 977 + round * 131) % (PAGE_BYTES - length);
    for byte in &mut bytes[page * PAGE_BYTES + offset..][..length] {
        *byte ^= 0xff;
    }
}

#[test]
fn no_damaged_page_alters_a_record_or_stops_the_rest() {
    let printed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&printed);
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        counter.fetch_add(1, Ordering::Relaxed);
        print(info);
    }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let written = runtime.block_on(write(&path));
    let intact = fs::read(&path).unwrap();
    let used: Vec<usize> = intact
        .chunks_exact(PAGE_BYTES)
        .enumerate()
        .filter(|(page, bytes)| *page > 0 && bytes.iter().any(|byte| *byte != 0))
        .map(|(page, _)| page)
        .collect();
    assert!(used.len() >= 30, "{} pages are too few to tell", used.len());

    let (mut refused, mut felt) = (0, 0);
    for round in 0..DAMAGED_PAGES {
        let page = used[round % used.len()];
        let mut bytes = intact.clone();
        damage(&mut bytes, page, round + round / used.len());
        fs::write(&path, &bytes).unwrap();
        let found = panic::catch_unwind(AssertUnwindSafe(|| verify(&path, &MasterKey::from_bytes([7; 32]))));
        let found = found.unwrap_or_else(|_| panic!("page {page}: a panic got out of verify"));
        fs::write(&path, &bytes).unwrap();
        match open(&path) {
            Err(error) => {
                let words = error.to_string();
                assert!(matches!(error.kind(), OpenErrorKind::Damaged(_)), "page {page}: {words}");
                assert!(words.contains("hookwright verify"), "page {page}: {words}");
                refused += 1;
            }
            Ok(store) => {
                let missing = runtime.block_on(use_it(&store, &written, page));
                runtime.block_on(store.close());
                let listed = found.as_ref().map_or(1, |verified| verified.damage.len());
                assert!(!missing || listed > 0, "page {page}: verify found nothing");
                felt += usize::from(missing);
            }
        }
    }
    assert_eq!(printed.load(Ordering::Relaxed), 0, "a panic was printed");
    assert!(refused + felt > 0, "no page mattered");
    println!("{} pages; {refused} refused at the start, {felt} with records missing", used.len());
}

#[tokio::test]
async fn an_intact_store_is_found_intact() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    write(&path).await;
    let verified = verify(&path, &MasterKey::from_bytes([7; 32])).unwrap();
    assert_eq!(verified.damage, []);
    assert!(verified.records > u64::from(EVENTS) * 4, "{} records", verified.records);
    let other_key = verify(&path, &MasterKey::from_bytes([8; 32])).unwrap_err();
    assert!(matches!(other_key.kind(), OpenErrorKind::WrongKey), "{other_key}");
    assert!(verify(&folder.path().join("missing"), &MasterKey::from_bytes([7; 32])).is_err());
}

#[tokio::test]
async fn a_delivery_whose_event_is_damaged_is_held_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let written = write(&path).await;
    let mut bytes = fs::read(&path).unwrap();
    // The payload of the last event, wherever it stands in the file.
    let payload = written.events.last().unwrap().payload.clone();
    let mut places = 0;
    for at in 0..bytes.len() - payload.len() {
        if bytes[at..].starts_with(&payload) {
            bytes[at + 3] ^= 1;
            places += 1;
        }
    }
    assert!(places > 0, "the payload is not in the file");
    fs::write(&path, &bytes).unwrap();

    let store = open(&path).unwrap();
    let damaged = written.deliveries.last().unwrap();
    let due = store.claim_due(written.webhook.id, at(1_000_000), 1_000).await.unwrap();
    assert!(due.claims.len() > 50, "{} claims", due.claims.len());
    assert!(due.claims.iter().all(|claim| claim.delivery.id != damaged.id));
    let held = store.delivery(damaged.id).await.unwrap();
    assert!(is_held_for_damage(&held), "{held:?}");
    assert!(matches!(store.event(damaged.event).await, Err(StoreError::Corrupt(_))));
    assert_eq!(store.cancel(damaged.id, "gone").await.unwrap().state, DeliveryState::Cancelled);
    store.close().await;
    let verified = verify(&path, &MasterKey::from_bytes([7; 32])).unwrap();
    assert!(verified.damage.iter().any(|damage| damage.record == damaged.event.to_string()), "{verified:?}");
}
