//! What an operator meets: the folder and its rights, lost stores, weak keys, settings with mistakes, ports, signals.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use hookwright_standin::{Fault, Receiver, Standin, When};
use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::time::{Instant, timeout};

use crate::harness::{DEADLINE, Home, Server, command, lead, run, until};

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Starts a server that is expected to refuse; what it says.
async fn refusal(args: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(&[&["serve", "--listen", "127.0.0.1:0"], args].concat(), environment).await;
    assert!(!output.status.success(), "{args:?}: {}", stderr(&output));
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
    stderr(&output)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn what_the_folder_has_is_for_its_owner_only() {
    let home = Home::new();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let server = home.start().await;
    let project = server.api.project().await;
    server.api.event(&project, &lead::sample()).await;
    assert_eq!(mode(home.path()), 0o700);
    for entry in fs::read_dir(home.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}

#[tokio::test]
async fn a_lost_store_is_not_replaced_by_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let store = folder.path().join("hookwright.redb");
    let master_key = folder.path().join("master.key");
    fs::write(&master_key, "aG9va3dyaWdodCBhbmQgaXRzIHRlc3RzLCAzMiBieXQ=\n").unwrap();
    let missing = refusal(&["--data", data], &[]).await;
    assert!(missing.contains("hookwright.redb is missing") && missing.contains("--new"), "{missing}");
    assert!(!store.exists());
    fs::write(&store, "").unwrap();
    let empty = refusal(&["--data", data], &[]).await;
    assert!(empty.contains("hookwright.redb is empty") && empty.contains("--new"), "{empty}");

    // With --new it begins anew, once.
    let home = Home::new();
    fs::write(home.path().join("hookwright.redb"), "").unwrap();
    let server = home.start_with(&["--new"]).await;
    server.api.project().await;
    server.stop().await;
    let again = refusal(&["--data", home.path().to_str().unwrap(), "--new"], &[]).await;
    assert!(again.contains("Start without --new"), "{again}");
}

/// Waits until readiness says what it should.
async fn ready(server: &Server, status: u16) -> String {
    until("the change to be noticed", async || {
        let answer = server.api.get("/readyz").await;
        (answer.status == status).then(|| String::from_utf8_lossy(&answer.body).into_owned())
    })
    .await
}

#[tokio::test]
async fn a_store_that_vanishes_under_the_server_stops_the_intake_until_it_is_back() {
    let home = Home::new();
    let server = home.start().await;
    let project = server.api.project().await;
    let event = || lead::event(&project, &lead::sample()).to_string();
    server.api.send("POST", "/v1/events", &[], event()).await.json(202);
    let [store, aside, copy] = ["hookwright.redb", "aside", "copy"].map(|name| home.path().join(name));

    for (lost, words) in [("removed", "was removed"), ("replaced", "was replaced")] {
        fs::rename(&store, &aside).unwrap();
        if lost == "replaced" {
            fs::copy(&aside, &store).unwrap();
        }
        let since = Instant::now();
        let reason = ready(&server, 503).await;
        assert!(since.elapsed() < Duration::from_secs(2), "noticed after {:?}", since.elapsed());
        assert!(reason.contains(words), "{reason}");
        let refused = server.api.send("POST", "/v1/events", &[], event()).await.problem(503, "unavailable");
        assert!(refused["detail"].as_str().unwrap().contains(words), "{refused}");
        server.api.get(&format!("/v1/projects/{project}/webhooks")).await.json(200);
        if lost == "replaced" {
            fs::rename(&store, &copy).unwrap();
        }
        fs::rename(&aside, &store).unwrap();
        ready(&server, 200).await;
        server.api.send("POST", "/v1/events", &[], event()).await.json(202);
    }
    let printed = server.stop().await;
    assert_eq!(printed.matches("until it is back").count(), 2, "{printed}");
    assert_eq!(printed.matches("the store's file is back").count(), 2, "{printed}");
}

#[tokio::test]
async fn a_key_that_can_be_guessed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    for key in ["a", "password123", "hwk_0123456789", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let said = refusal(&["--data", data], &[("HOOKWRIGHT_ADMIN_KEY", key)]).await;
        assert!(said.contains("128 random bits") && said.contains("openssl rand -hex 32"), "{said}");
    }
    assert!(!folder.path().join("hookwright.redb").exists(), "it is refused before anything is made");
}

#[tokio::test]
async fn settings_with_mistakes_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    for (args, words) in [
        (["--log", "inof"], &["inof", "error, warn, info, debug, trace, off"][..]),
        (["--log", "info,hookwrigth_engine=debug"], &["hookwrigth_engine", "hookwright_engine"]),
        (["--log-format", "jsn"], &["text", "json"]),
        (["--drain-secs", "soon"], &["whole number of seconds"]),
        (["--max-in-flight", "0"], &["at least 1"]),
        (["--listen", "localhost"], &["is not a port", "localhost:8080"]),
        (["--plugin-limit", "fule=1"], &["fule", "fuel"]),
    ] {
        let args = [&["--data", data], &args[..]].concat();
        let output = run(&[&["serve"], &args[..]].concat(), &[]).await;
        let said = stderr(&output);
        assert!(!output.status.success() && words.iter().all(|word| said.contains(word)), "{args:?}: {said}");
    }
    let file = folder.path().join("hookwright.toml");
    fs::write(&file, "# the server\n\nlog_format = \"jsn\"\n").unwrap();
    let said = refusal(&["--data", data, "--config", file.to_str().unwrap()], &[]).await;
    for words in ["hookwright.toml, line 3", "`log_format`", "text, json"] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!Path::new(data).exists(), "it is refused before anything is made");
}

#[tokio::test]
async fn the_printed_file_is_a_configuration() {
    let printed = run(&["config"], &[]).await;
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hookwright.toml");
    let text =
        String::from_utf8(printed.stdout).unwrap().replace("#log_format = \"text\"", "log_format = \"json\"");
    fs::write(&file, text).unwrap();
    let server = home.start_with(&["--config", file.to_str().unwrap()]).await;
    until("a line of JSON", async || {
        let printed = server.printed();
        printed.lines().any(|line| line.starts_with('{') && line.contains("started")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_name_can_be_listened_on() {
    let home = Home::with_args(&["--allow-target", "127.0.0.0/8", "--listen", "localhost:0"]);
    let server = home.start().await;
    assert_eq!(server.api.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_port_that_is_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let args = ["serve", "--data", folder.path().to_str().unwrap(), "--listen", &address];
    let said = stderr(&run(&args, &[]).await);
    assert!(said.contains(&format!("Cannot listen on {address}: the address is in use")), "{said}");
    assert!(said.contains("--listen"), "{said}");
}

#[tokio::test]
async fn a_second_signal_ends_the_server_at_once() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    target.script(When::next(1), Fault::Hang);
    let home = Home::with_args(&["--allow-target", "127.0.0.0/8", "--drain-secs", "600"]);
    let server = home.start().await;
    let project = server.api.project().await;
    let limits = json!({ "timeout_secs": 60 });
    server.api.webhook(&project, &json!({ "url": target.url(), "limits": limits })).await;
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    target.wait_for(1).await;
    server.signal(Signal::TERM);
    let deadline = until("the deadline to be shown", async || {
        let printed = server.printed();
        printed.lines().find(|line| line.contains("600 s")).map(str::to_owned)
    })
    .await;
    assert!(deadline.contains("at once"), "{deadline}");
    let since = Instant::now();
    server.signal(Signal::INT);
    let (status, printed) = server.end().await;
    assert!(since.elapsed() < Duration::from_secs(10), "it took {:?}", since.elapsed());
    assert!(!status.success() && printed.contains("second signal"), "{status}: {printed}");

    let server = home.start().await;
    assert_eq!(server.api.settled(&id).await["state"], "delivered");
}

#[tokio::test]
async fn a_new_key_that_cannot_be_shown_is_not_kept() {
    let home = Home::new();
    let mut server = home.command();
    server.env_remove("HOOKWRIGHT_ADMIN_KEY");
    let mut process = server.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(process.stdout.take());
    let ended = timeout(DEADLINE, process.wait_with_output()).await.expect("it goes on").unwrap();
    assert!(!ended.status.success());
    assert!(stderr(&ended).contains("The admin key was made but cannot be shown"), "{}", stderr(&ended));
    assert!(!home.path().join("admin.key.sha256").exists());
}

#[tokio::test]
async fn the_demo_ends_quietly_with_its_reader() {
    let mut demo = command(&["demo", "--target", "make", "--exit"]);
    let mut process = demo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(lines.next_line().await.unwrap().unwrap().contains("demo"));
    drop(lines);
    let ended =
        timeout(crate::harness::FIRST_START, process.wait_with_output()).await.expect("it goes on").unwrap();
    assert!(ended.status.success(), "{}", stderr(&ended));
    assert_eq!(stderr(&ended), "");
}
