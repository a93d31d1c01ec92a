//! Files that cannot be opened, and what is in those that can.

use std::path::Path;
use std::sync::Arc;

use hookwright_model::{Delivery, Origin, PageRequest, PluginOwner};
use hookwright_store::testkit::fixtures;
use hookwright_store::{EventFilter, Store, StoreError};
use redb::Database;

use super::{entropy, key};
use crate::error::{OpenError, OpenErrorKind};
use crate::schema;
use crate::seal::MasterKey;
use crate::store::{OpenOptions, RedbStore};

fn open(path: &Path, key: MasterKey) -> Result<RedbStore, OpenError> {
    RedbStore::open(OpenOptions { path: path.to_owned(), key, entropy: entropy() })
}

fn refused(path: &Path, key: MasterKey) -> OpenError {
    match open(path, key) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

#[test]
fn a_wrong_master_key_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    drop(open(&path, key(1)).unwrap());
    let error = refused(&path, key(2));
    assert!(matches!(error.kind(), OpenErrorKind::WrongKey), "{error}");
    assert!(error.to_string().contains("store.redb"), "{error}");
    assert!(open(&path, key(1)).is_ok());
}

#[test]
fn a_newer_format_is_refused_with_both_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    drop(open(&path, key(1)).unwrap());
    let database = Database::create(&path).unwrap();
    let txn = database.begin_write().unwrap();
    schema::set_format(&txn, schema::FORMAT + 6);
    txn.commit().unwrap();
    drop(database);

    let error = refused(&path, key(1));
    let OpenErrorKind::NewerFormat { found, supported } = *error.kind() else { panic!("{error}") };
    assert_eq!((found, supported), (schema::FORMAT + 6, schema::FORMAT));
    let words = format!("has format {}", schema::FORMAT + 6);
    assert!(error.to_string().contains(&words), "{error}");
}

#[tokio::test]
async fn a_store_of_the_first_format_is_brought_to_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let store = open(&path, key(1)).unwrap();
    let project = fixtures::project(1);
    store.create_project(project.clone()).await.unwrap();
    let new = fixtures::plugin(PluginOwner::Project(project.id), "crm", b"code");
    let (version, _) = store.add_plugin_version(new).await.unwrap();
    let webhook = fixtures::webhook(project.id, 1);
    store.create_webhook(webhook.clone()).await.unwrap();
    let wanted = fixtures::new_event(fixtures::event(project.id, 1), &[&webhook]);
    let unwanted = fixtures::new_event(fixtures::event(project.id, 2), &[]);
    store.accept_events(vec![wanted, unwanted]).await.unwrap();
    let sample = fixtures::event(project.id, 3);
    let test = Delivery { origin: Origin::Test, ..fixtures::delivery(&sample, &webhook) };
    store.start_test(sample, test).await.unwrap();
    let page = PageRequest { after: None, limit: 9 };
    let events = store.events(project.id, EventFilter::All, page).await.unwrap();
    assert_eq!(events.items.iter().map(|entry| entry.undelivered).collect::<Vec<_>>(), [true, false]);
    store.close().await;
    drop(store);
    let database = Database::create(&path).unwrap();
    let txn = database.begin_write().unwrap();
    schema::back_to_format_1(&txn);
    txn.commit().unwrap();
    drop(database);

    let store = open(&path, key(1)).unwrap();
    assert_eq!(store.plugins(project.id).await.unwrap(), [Arc::clone(&version)]);
    assert_eq!(store.events(project.id, EventFilter::All, page).await.unwrap(), events);
    let undelivered = store.events(project.id, EventFilter::Undelivered, page).await.unwrap();
    assert_eq!(undelivered.items, events.items[..1]);
    store.delete_plugin(project.id, &version.name).await.unwrap();
    store.close().await;
}

#[test]
fn a_store_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let store = open(&path, key(1)).unwrap();
    let error = refused(&path, key(1));
    assert!(matches!(error.kind(), OpenErrorKind::Locked), "{error}");
    drop(store);
    assert!(open(&path, key(1)).is_ok());
}

#[test]
fn other_files_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database ".repeat(1_000)).unwrap();
    let foreign = folder.path().join("foreign.redb");
    let database = Database::create(&foreign).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(redb::TableDefinition::<u64, u64>::new("theirs")).unwrap();
    txn.commit().unwrap();
    drop(database);

    for path in [&text, &foreign] {
        let error = refused(path, key(1));
        assert!(matches!(error.kind(), OpenErrorKind::NotAStore), "{error}");
    }
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("not a database"));
    let missing = refused(&folder.path().join("missing/store.redb"), key(1));
    assert!(matches!(missing.kind(), OpenErrorKind::Io(_)), "{missing}");
}

#[tokio::test]
async fn secrets_are_not_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let store = open(&path, key(1)).unwrap();
    let project = fixtures::project(1);
    let webhook = fixtures::webhook(project.id, 1);
    store.create_project(project.clone()).await.unwrap();
    store.create_webhook(webhook.clone()).await.unwrap();
    store.add_plugin_version(fixtures::plugin(PluginOwner::Bundled, "crm", b"the component")).await.unwrap();
    store.close().await;
    assert!(matches!(store.webhook(webhook.id).await, Err(StoreError::Closed)));

    let file = std::fs::read(&path).unwrap();
    let holds = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    assert!(holds(project.name.as_bytes()) && holds(b"the component"), "the search finds nothing at all");
    assert!(!holds(b"s3cret"), "a header value, the URL or a setting is in the file");
    assert!(!holds(webhook.secrets.current.key()), "the signing secret is in the file");
}
