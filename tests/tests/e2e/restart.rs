//! Stopping and starting: deliveries under way end, what waits goes on, nothing is compiled again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hookwright_hostile::Guest;
use hookwright_model::Timestamp;
use hookwright_standin::{Answer, Fault, Gate, HubSpot, Receiver, Running, Standin, When};
use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Home, lead, until};

async fn receiver() -> Running<Receiver> {
    Standin::start(Receiver::default()).await.unwrap()
}

#[tokio::test]
async fn a_delivery_under_way_ends_before_the_server_does() {
    let target = receiver().await;
    let gate = Gate::default();
    target.script(When::next(1), Fault::Hold(gate.clone()));
    let home = Home::new();
    let server = home.start().await;
    let project = server.api.project().await;
    server.api.webhook(&project, &json!({ "url": target.url() })).await;
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    target.wait_for(1).await;
    server.signal(Signal::TERM);
    until("the server to stop", async || server.printed().contains("stopping").then_some(())).await;
    gate.open();
    let (status, printed) = server.end().await;
    assert!(status.success(), "{status}: {printed}");
    assert!(printed.contains("every delivery under way has ended"), "{printed}");

    let server = home.start().await;
    let delivery = server.api.delivery(&id).await;
    assert_eq!((&delivery["state"], &delivery["attempt_count"]), (&json!("delivered"), &json!(1)));
    assert_eq!(target.count(), 1);
}

#[tokio::test]
async fn a_delivery_that_outlasts_the_drain_is_sent_again_after_the_restart() {
    let target = receiver().await;
    target.script(When::next(1), Fault::Hang);
    let home = Home::with_args(&["--allow-target", "127.0.0.0/8", "--drain-secs", "1"]);
    let server = home.start().await;
    let project = server.api.project().await;
    let limits = json!({ "timeout_secs": 60 });
    server.api.webhook(&project, &json!({ "url": target.url(), "limits": limits })).await;
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    target.wait_for(1).await;
    let printed = server.stop().await;
    assert!(printed.contains("deliveries were cut off"), "{printed}");

    let server = home.start().await;
    assert_eq!(server.api.settled(&id).await["state"], "delivered");
    let received = target.received();
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|received| received.request.header("webhook-id") == Some(&id)));
}

#[tokio::test]
async fn retries_survive_a_restart() {
    let target = receiver().await;
    target.script(When::next(2), Fault::Answer(Answer::status(503)));
    let home = Home::new();
    let server = home.start().await;
    let project = server.api.project().await;
    server.api.webhook(&project, &json!({ "url": target.url() })).await;
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    server.api.delivery_when(&id, |delivery| delivery["attempt_count"] != 0).await;
    server.stop().await;

    let server = home.start().await;
    let delivered = server.api.settled(&id).await;
    assert_eq!((&delivered["state"], &delivered["attempt_count"]), (&json!("delivered"), &json!(3)));
    let started = |index: usize| {
        delivered["attempts"][index]["started_at"].as_str().unwrap().parse::<Timestamp>().unwrap()
    };
    for index in [1, 2] {
        let pause = started(index).since(started(index - 1));
        assert!(pause >= Duration::from_secs(1), "attempt {index} began {pause:?} after the one before it");
    }
}

#[tokio::test]
async fn events_are_accepted_until_the_end_and_delivered_after_the_restart() {
    let target = receiver().await;
    let gate = Gate::default();
    target.script(When::next(1), Fault::Hold(gate.clone()));
    let home = Home::new();
    let server = home.start().await;
    let project = server.api.project().await;
    server.api.webhook(&project, &json!({ "url": target.url() })).await;
    server.api.event(&project, &lead::saying("slow")).await;
    target.wait_for(1).await;
    server.signal(Signal::TERM);
    // A producer sends on until the connection ends; what gets a 202 by then must not be lost.
    let mut late = Vec::new();
    while let Some(accepted) =
        server.api.try_accept(lead::event(&project, &lead::saying("late")).to_string()).await
    {
        late.extend(accepted);
        if late.len() == 100 {
            break;
        }
    }
    gate.open();
    let (status, printed) = server.end().await;
    assert!(status.success(), "{status}: {printed}");

    let server = home.start().await;
    for id in &late {
        assert_eq!(server.api.settled(id).await["state"], "delivered");
    }
    assert_eq!(target.count(), 1 + late.len() as u64);
}

/// Each file below a folder, by what changes when it is written anew.
fn files(folder: &Path) -> BTreeMap<PathBuf, (u64, i64, i64)> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::metadata(&path).unwrap();
        if metadata.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.insert(path, (metadata.ino(), metadata.mtime(), metadata.mtime_nsec()));
        }
    }
    files
}

#[tokio::test]
async fn a_first_start_compiles_nothing_and_a_restart_compiles_nothing_again() {
    let target = Standin::start(HubSpot::new("t")).await.unwrap();
    let home = Home::new().self_contained();
    let server = home.start().await;
    let project = server.api.project().await;
    let headers = json!({ "authorization": "Bearer t" });
    let members = json!({ "url": target.url(), "headers": headers, "mapping": { "plugin": "hubspot" } });
    server.api.webhook(&project, &members).await;
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    assert_eq!(server.api.settled(&id).await["state"], "delivered");
    assert_eq!(files(&home.path().join("plugins")), BTreeMap::new(), "bundled plugins are compiled already");

    server.api.upload(&project, "mine", Guest::default().build()).await.json(201);
    let compiled = files(&home.path().join("plugins"));
    assert_eq!(compiled.len(), 1, "{compiled:?}");
    server.stop().await;
    let server = home.start().await;
    let members = json!({ "url": target.url(), "mapping": { "plugin": "mine" } });
    server.api.webhook(&project, &members).await;
    for id in server.api.event(&project, &lead::sample()).await {
        server.api.settled(&id).await;
    }
    assert_eq!(files(&home.path().join("plugins")), compiled);
}

#[tokio::test]
async fn two_servers_never_share_a_folder() {
    let home = Home::new().self_contained();
    let server = home.start().await;
    let data = home.path().to_str().unwrap();
    let second = crate::harness::run(&["serve", "--data", data, "--listen", "127.0.0.1:0"], &[]).await;
    assert!(!second.status.success());
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("store cannot be opened"), "{said}");
    assert_eq!(server.api.get("/readyz").await.json(200), json!({ "status": "ready" }));
}
