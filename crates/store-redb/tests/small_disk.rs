//! A file system that is really full, and then has room again.
//!
//! The test runs itself a second time in a mount namespace of its own, on a small tmpfs. That takes root.
#![expect(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookwright_model::{Delivery, DeliveryState, Webhook};
use hookwright_store::testkit::fixtures::{self, at};
use hookwright_store::{AttemptRecord, Store, StoreError};
use hookwright_store_redb::{MasterKey, OpenOptions, RedbStore};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

/// Says to the second run where the small file system is.
const FOLDER: &str = "HOOKWRIGHT_TEST_SMALL_DISK";
/// Deliveries under way while the disk is full.
const UNDER_WAY: u32 = 32;
/// Long enough for everything to be recorded once there is room.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_on_a_full_disk_is_recorded_as_soon_as_there_is_room() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return run_on_a_small_disk("what_ends_on_a_full_disk_is_recorded_as_soon_as_there_is_room");
    };
    let folder = PathBuf::from(folder);
    let log = Log::start();
    let store = open(&folder);
    let webhook = webhook(&store).await;
    for round in 0..3 {
        for number in 0..UNDER_WAY {
            accept(&store, &webhook, round * 1_000 + number).await.unwrap();
        }
        let due = store.claim_due(webhook.id, at(1_000_000), UNDER_WAY as usize).await.unwrap();
        assert_eq!(due.claims.len(), UNDER_WAY as usize);
        let filler = fill(&folder);

        let mut recording = tokio::task::JoinSet::new();
        for claim in due.claims {
            recording.spawn(record(Arc::clone(&store), large_record(&claim.delivery)));
        }
        let refused = loop {
            match store.create_project(fixtures::project(9_000 + round)).await {
                Err(error) => break error,
                Ok(()) => sleep(Duration::from_millis(10)).await,
            }
        };
        assert!(matches!(refused, StoreError::Full), "{refused}");
        assert!(store.health().disk.unwrap().contains("full"));
        // The intake asks on and on, as producers do.
        for number in 0..20 {
            assert!(accept(&store, &webhook, 500_000 + number).await.is_err());
            sleep(Duration::from_millis(20)).await;
        }

        fs::remove_file(&filler).unwrap();
        let room_at = Instant::now();
        while let Some(recorded) = tokio::time::timeout(SOON, recording.join_next()).await.unwrap() {
            assert_eq!(recorded.unwrap(), DeliveryState::Delivered);
        }
        assert!(room_at.elapsed() < SOON);
        accept(&store, &webhook, 700_000 + round).await.unwrap();
        let claim = store.claim_due(webhook.id, at(1_000_000), 1).await.unwrap().claims.remove(0);
        record(Arc::clone(&store), large_record(&claim.delivery)).await;
        assert_eq!(store.health().problems().next(), None);
        assert_eq!(log.count("the disk of the data folder is full: "), round as usize + 1, "{}", log.text());
        assert_eq!(log.count("has room again"), round as usize + 1, "{}", log.text());
        assert_eq!(log.text().lines().count(), 2 * (round as usize + 1), "{}", log.text());
    }
}

/// What was logged, by every thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
        log
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock()).into_owned()
    }

    fn count(&self, words: &str) -> usize {
        self.text().matches(words).count()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Records as the engine does: again and again while there is no room.
async fn record(store: Arc<RedbStore>, record: AttemptRecord) -> DeliveryState {
    loop {
        match store.finish_attempt(record.clone()).await {
            Err(StoreError::Full) => sleep(Duration::from_millis(100)).await,
            result => return result.unwrap(),
        }
    }
}

/// A result that needs new room: a request and a reply of the largest sizes that are kept.
fn large_record(delivery: &Delivery) -> AttemptRecord {
    let mut record = fixtures::finished(delivery, DeliveryState::Delivered);
    let attempt = record.attempt.as_mut().unwrap();
    attempt.reply.as_mut().unwrap().body = Bytes::from(vec![b'r'; 64 * 1024]);
    attempt.request.as_mut().unwrap().body = Bytes::from(vec![b'q'; 256 * 1024]);
    record
}

fn open(folder: &Path) -> Arc<RedbStore> {
    let options = OpenOptions {
        path: folder.join("store.redb"),
        key: MasterKey::from_bytes([7; 32]),
        entropy: Arc::new(|bytes: &mut [u8]| bytes.fill(4)),
    };
    Arc::new(RedbStore::open(options).unwrap())
}

async fn webhook(store: &Arc<RedbStore>) -> Webhook {
    let project = fixtures::project(1);
    let webhook = fixtures::webhook(project.id, 1);
    store.create_project(project).await.unwrap();
    store.create_webhook(webhook.clone()).await.unwrap();
    webhook
}

async fn accept(store: &Arc<RedbStore>, webhook: &Webhook, number: u32) -> Result<(), StoreError> {
    let new = fixtures::new_event(fixtures::event(webhook.project, number), &[webhook]);
    store.accept_events(vec![new]).await.map(drop)
}

/// Takes every byte that is left.
fn fill(folder: &Path) -> PathBuf {
    let path = folder.join("filler");
    let mut filler = fs::File::create(&path).unwrap();
    for size in [1 << 20, 4_096] {
        while filler.write_all(&vec![0; size]).is_ok() {}
    }
    path
}

/// Runs a test of this program again, where `FOLDER` is on a file system of 160 MiB.
fn run_on_a_small_disk(test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=160m tmpfs "$1" || exit 77; exec "$2" --exact "$3" --nocapture"#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]);
    command.arg(folder.path()).arg(std::env::current_exe().unwrap()).arg(test).env(FOLDER, folder.path());
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output)
            if output.status.code() == Some(77)
                || String::from_utf8_lossy(&output.stderr).contains("unshare") =>
        {
            println!("skipped: a small file system cannot be mounted here (it takes root)");
        }
        Ok(output) => {
            panic!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        }
        Err(error) => println!("skipped: `unshare` cannot be run: {error}"),
    }
}
