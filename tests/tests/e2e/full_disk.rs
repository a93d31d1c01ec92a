//! A disk that is full while deliveries are under way, and then has room again.
//!
//! The test runs itself a second time in a mount namespace of its own, with its temporary folder on a small tmpfs. That
//! takes root.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use hookwright_standin::{Fault, Gate, Receiver, Standin, When};
use serde_json::json;

use crate::harness::{Home, lead, skipped, until};

/// Says to the second run that it is one.
const SECOND_RUN: &str = "HOOKWRIGHT_TEST_SMALL_DISK";
const NAME: &str = "full_disk::deliveries_under_way_are_recorded_once_there_is_room_and_made_once";
const UNDER_WAY: u64 = 32;

#[tokio::test]
async fn deliveries_under_way_are_recorded_once_there_is_room_and_made_once() {
    if std::env::var_os(SECOND_RUN).is_none() {
        return run_on_a_small_disk();
    }
    let gate = Gate::default();
    let target = Standin::start(Receiver::default()).await.unwrap();
    target.script(When::next(UNDER_WAY), Fault::Hold(gate.clone()));
    let home = Home::new();
    let server = home.start().await;
    let project = server.api.project().await;
    let limits = json!({ "concurrency": UNDER_WAY });
    server.api.webhook(&project, &json!({ "url": target.url(), "limits": limits })).await;
    let mut deliveries = Vec::new();
    for _ in 0..UNDER_WAY {
        deliveries.push(server.api.one_delivery(&project, &lead::sample()).await);
    }
    target.wait_for(UNDER_WAY).await;
    let filler = fill(&home);

    // During the fault: said once, and events are refused.
    let not_ready = until("the full disk to be noticed", async || {
        let answer = server.api.get("/readyz").await;
        (answer.status == 503).then(|| String::from_utf8_lossy(&answer.body).into_owned())
    })
    .await;
    assert!(not_ready.contains("full"), "{not_ready}");
    gate.open();
    let event = lead::event(&project, &lead::sample());
    assert_eq!(server.api.post("/v1/events", &event).await.status, 503);

    fs::remove_file(filler).unwrap();
    for delivery in &deliveries {
        server.api.delivery_in(delivery, "delivered").await;
    }
    assert_eq!(target.count(), UNDER_WAY, "a delivery was made twice");
    until("the server to be ready again", async || {
        (server.api.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    let late = server.api.one_delivery(&project, &lead::sample()).await;
    server.api.delivery_in(&late, "delivered").await;
    let printed = server.stop().await;
    assert_eq!(printed.matches("is full: new events are refused").count(), 1, "{printed}");
    assert_eq!(printed.matches("has room again").count(), 1, "{printed}");
}

/// Takes every byte that is left.
fn fill(home: &Home) -> PathBuf {
    let path = home.path().join("filler");
    let mut filler = File::create(&path).unwrap();
    for size in [1 << 20, 4_096] {
        while filler.write_all(&vec![0; size]).is_ok() {}
    }
    path
}

fn run_on_a_small_disk() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=256m tmpfs "$1" || exit 77; exec "$2" --exact "$3" --nocapture"#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]);
    command.arg(folder.path()).arg(std::env::current_exe().unwrap()).arg(NAME);
    let output = command.env(SECOND_RUN, "1").env("TMPDIR", folder.path()).output();
    let Ok(output) = output else { return skipped(NAME, "`unshare` cannot be run") };
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.code() == Some(77) || printed.contains("unshare failed") {
        skipped(NAME, "a small file system cannot be mounted, which takes root");
    } else {
        assert!(output.status.success(), "{printed}");
    }
}
