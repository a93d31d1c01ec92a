//! The kit for authors of plugins: check, test and push, as they use it.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use hookwright_hostile::Guest;
use hookwright_standin::{Receiver, Standin};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{ADMIN_KEY, Home, Server, lead, run, run_in};

/// A folder with the files of an author.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// A plugin that delivers the word `text`.
fn texting() -> Bytes {
    Guest::answering(&hookwright_hostile::Answer::request())
}

/// Runs a command to its end: whether it succeeded, what it printed, what it complained of.
async fn hookwright(args: &[&str], environment: &[(&str, &str)]) -> (bool, String, String) {
    let output = run(args, environment).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

async fn succeeds(args: &[&str]) -> String {
    let (success, printed, complaints) = hookwright(args, &[]).await;
    assert!(success, "{args:?}: {complaints}");
    printed
}

async fn fails(args: &[&str]) -> String {
    let (success, printed, complaints) = hookwright(args, &[]).await;
    assert!(!success, "{args:?}: {printed}");
    complaints
}

fn has_all(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is missing: {text}");
    }
}

#[tokio::test]
async fn a_component_is_told_what_it_is_and_what_it_uses() {
    let desk = Desk::new();
    let file = desk.file("mine.wasm", texting());
    let report = succeeds(&["plugin", "check", &file]).await;
    has_all(
        &report,
        &["can be uploaded", "1.0.0", "Imports", "sha256:", "Deliver text", "200 000 000", "64 MiB"],
    );
    has_all(&report, &["POST https://guest.example"]);

    let report: Value = serde_json::from_str(&succeeds(&["plugin", "check", &file, "--json"]).await).unwrap();
    assert_eq!(
        (&report["contract"], &report["trial"]["next"]["action"]),
        (&json!("1.0.0"), &json!("deliver"))
    );

    let limits = desk.file("hookwright.toml", "[plugin_limits]\nfuel = 1000\n");
    let report = succeeds(&["plugin", "check", &file, "--config", &limits]).await;
    has_all(&report, &["1 000\n"]);
}

#[tokio::test]
async fn what_cannot_be_uploaded_is_explained() {
    let desk = Desk::new();
    let future =
        Guest { wit: Guest::default().wit.replace("mapping@1.0.0", "mapping@9.0.0"), ..Guest::default() };
    for (component, words) in [
        (Bytes::new(), "not WebAssembly"),
        (Bytes::from_static(b"lead => request"), "not WebAssembly"),
        (Guest::default().module().into(), "core WebAssembly module"),
        (Guest { describe: "unreachable".into(), ..Guest::default() }.build(), "describe"),
        (future.build(), "9.0.0"),
    ] {
        let file = desk.file("mine.wasm", &component);
        has_all(&fails(&["plugin", "check", &file]).await, &["mine.wasm cannot be used", words]);
    }
    let missing = desk.0.path().join("no.wasm");
    has_all(&fails(&["plugin", "check", missing.to_str().unwrap()]).await, &["no.wasm cannot be read"]);
}

#[tokio::test]
async fn what_a_component_answers_is_compared_with_what_its_author_expects() {
    let desk = Desk::new();
    let file = desk.file("mine.wasm", texting());
    let test = ["plugin", "test", &file];
    has_all(
        &succeeds(&test).await,
        &["Deliver text", "POST https://guest.example", "text\n", "instructions"],
    );
    let shown: Value = serde_json::from_str(&succeeds(&[&test[..], &["--json"]].concat()).await).unwrap();
    assert_eq!(shown["next"]["body"], "text");

    let right = json!({"deliver": {"step": "text", "method": "POST", "body": "text"}}).to_string();
    let wrong = json!({"deliver": {"step": "text", "method": "PUT", "body": {"a": 1}}}).to_string();
    let expect = |content: &str| desk.file("expect.json", content);
    has_all(&succeeds(&[&test[..], &["--expect", &expect(&right)]].concat()).await, &["As ", "expect.json"]);
    let difference = fails(&[&test[..], &["--expect", &expect(&wrong)]].concat()).await;
    has_all(
        &difference,
        &["/deliver/method\n  - \"PUT\"\n  + \"POST\"", "/deliver/body\n  - {\"a\":1}\n  + \"text\""],
    );
    has_all(
        &fails(&[&test[..], &["--expect", &expect("{}")]].concat()).await,
        &["expect.json", "one member"],
    );

    let trap = desk.file("trap.wasm", Guest::transforming("unreachable"));
    has_all(&fails(&["plugin", "test", &trap]).await, &["held"]);
    let held = expect(r#"{"hold": {}}"#);
    succeeds(&["plugin", "test", &trap, "--expect", &held]).await;
}

#[tokio::test]
async fn wrong_files_of_a_test_are_told_by_name_and_place() {
    let desk = Desk::new();
    let file = desk.file("mine.wasm", texting());
    for (flag, content, words) in [
        ("--event", r#"{"event": "lead.created"}"#, "/project_id"),
        ("--event", "lead", "is not an event"),
        ("--settings", "[]", "must be a JSON object"),
        ("--settings", "{", "line 1"),
        ("--history", r#"{"replys": []}"#, "replys"),
    ] {
        let given = desk.file("given.json", content);
        has_all(&fails(&["plugin", "test", &file, flag, &given]).await, &["given.json", words]);
    }
    has_all(&fails(&["plugin", "test", &file, "--build", "true"]).await, &["--watch"]);
}

#[tokio::test]
async fn the_samples_of_the_examples_can_be_read() {
    let desk = Desk::new();
    let file = desk.file("mine.wasm", texting());
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/examples/samples");
    let sample = |name: &str| samples.join(name).to_str().unwrap().to_owned();
    let (event, settings) = (sample("event.json"), sample("settings.json"));
    let (history, expect) = (sample("created.json"), sample("expect.json"));
    let test = ["plugin", "test", &file, "--event", &event, "--settings", &settings];
    succeeds(&[&test[..], &["--history", &history]].concat()).await;
    has_all(
        &fails(&[&test[..], &["--expect", &expect]].concat()).await,
        &["/action\n  - \"call\"\n  + \"deliver\""],
    );
}

/// Runs `plugin push` against a server.
async fn push(server: &Server, args: &[&str]) -> (bool, String, String) {
    let environment = [("HOOKWRIGHT_SERVER", server.api.url()), ("HOOKWRIGHT_ADMIN_KEY", ADMIN_KEY)];
    hookwright(&[&["plugin", "push"], args].concat(), &environment).await
}

#[tokio::test]
async fn a_pushed_plugin_is_attached_and_delivers() {
    let desk = Desk::new();
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::new().start().await;
    let api = &server.api;
    let project = api.project().await;
    let webhook = api.webhook(&project, &json!({ "url": target.url() })).await;
    let id = webhook["id"].as_str().unwrap();

    let file = desk.file("My_CRM.wasm", Guest::transforming("unreachable"));
    let args = [&file, "--project", &project, "--attach", id];
    let (success, printed, complaints) = push(&server, &args).await;
    assert!(success, "{complaints}");
    has_all(&printed, &["Uploaded my-crm version 1", &format!("Attached to {id}")]);

    let pinned = json!({ "mapping": { "plugin": "my-crm", "version": 1, "settings": { "kept": true } } });
    api.patch(&format!("/v1/webhooks/{id}"), &pinned).await.json(200);
    desk.file("My_CRM.wasm", texting());
    let (success, printed, complaints) = push(&server, &args).await;
    assert!(success && printed.contains("my-crm version 2"), "{printed}{complaints}");
    let mapping = &api.get(&format!("/v1/webhooks/{id}")).await.json(200)["mapping"];
    assert_eq!(mapping, &json!({ "plugin": "my-crm", "version": null, "settings": { "kept": true } }));

    let delivery = api.one_delivery(&project, &lead::sample()).await;
    assert_eq!(api.settled(&delivery).await["state"], "delivered");
    assert_eq!(target.received()[0].request.body, "text");

    let core = desk.file("core.wasm", Guest::default().module());
    let (success, _, complaints) = push(&server, &[&core, "--project", &project]).await;
    assert!(!success && complaints.contains("core WebAssembly module"), "{complaints}");
    let (success, _, complaints) = push(&server, &[&core, "--project", &project, "--name", "My_CRM"]).await;
    assert!(!success && complaints.contains("--name"), "{complaints}");
}

#[tokio::test]
async fn a_new_project_builds_at_once_and_does_what_its_samples_say() {
    let desk = Desk::new();
    for args in [&["plugin", "new", "my-crm"][..], &["plugin", "new", "my-crm-js", "--lang", "js"]] {
        let made = run_in(desk.0.path(), args, &[]).await;
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    let again = run_in(desk.0.path(), &["plugin", "new", "my-crm"], &[]).await;
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("exists already"));

    let project = desk.0.path().join("my-crm");
    let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/new-project");
    let mut cargo = tokio::process::Command::new(env!("CARGO"));
    cargo.current_dir(&project).args([
        "build",
        "--release",
        "--target",
        "wasm32-wasip2",
        "--target-dir",
        target,
    ]);
    let built = cargo.output().await.unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    let component = format!("{target}/wasm32-wasip2/release/my_crm.wasm");
    let sample = |name: &str| project.join("samples").join(name).to_str().unwrap().to_owned();
    let (event, settings, expected) = (sample("event.json"), sample("settings.json"), sample("expect.json"));
    let printed = succeeds(&[
        "plugin",
        "test",
        &component,
        "--event",
        &event,
        "--settings",
        &settings,
        "--expect",
        &expected,
    ])
    .await;
    has_all(&printed, &["POST https://tickets.example.com/api/tickets", "expects"]);
}
