//! The kit for authors of plugins: check, test and push, as they use it.

mod languages;
mod watch;

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
async fn a_component_is_compiled_once_for_many_runs_and_again_when_its_code_was_changed() {
    let desk = Desk::new();
    let file = desk.file("mine.wasm", texting());
    let caches = desk.0.path().join("caches");
    let environment = [("XDG_CACHE_HOME", caches.to_str().unwrap())];
    let compiles = async || {
        let (success, printed, complaints) =
            hookwright(&["plugin", "check", &file, "--json"], &environment).await;
        assert!(success, "{complaints}");
        let report: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(report["trial"]["next"]["action"], "deliver");
        report["compile_ms"].is_u64()
    };
    assert!(compiles().await);
    assert!(!compiles().await);

    let plugins = caches.join("hookwright/plugins");
    let folders = std::fs::read_dir(&plugins).unwrap().map(|entry| entry.unwrap().path());
    let folder = folders.into_iter().find(|path| path.is_dir()).unwrap();
    let code = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&code).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&code, bytes).unwrap();
    assert!(compiles().await, "code that somebody changed is not run");
    assert!(!compiles().await);

    // No folder for caches is no reason to fail.
    std::fs::remove_dir_all(&caches).unwrap();
    std::fs::write(&caches, "").unwrap();
    assert!(compiles().await && compiles().await);
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

/// Runs `plugin` with these arguments against a server.
async fn plugin(server: &Server, args: &[&str]) -> (bool, String, String) {
    let environment = [("HOOKWRIGHT_SERVER", server.api.url()), ("HOOKWRIGHT_ADMIN_KEY", ADMIN_KEY)];
    hookwright(&[&["plugin"], args].concat(), &environment).await
}

/// Runs `plugin push` against a server.
async fn push(server: &Server, args: &[&str]) -> (bool, String, String) {
    plugin(server, &[&["push"], args].concat()).await
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
async fn versions_are_listed_downloaded_and_deleted() {
    let desk = Desk::new();
    let server = Home::new().start().await;
    let api = &server.api;
    let project = api.project().await;
    let skipping = Guest::answering(&hookwright_hostile::Answer::Skip("never".into()));
    for component in [texting(), skipping.clone()] {
        api.upload(&project, "mine", component).await.json(201);
    }
    let ask = async |args: &[&str]| plugin(&server, &[args, &["--project", &project]].concat()).await;

    let (success, printed, complaints) = ask(&["versions", "mine"]).await;
    assert!(success, "{complaints}");
    let numbers = printed.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1));
    assert_eq!(numbers.collect::<Vec<_>>(), ["2", "1"], "{printed}");

    let out = desk.file("mine.wasm", "an older file");
    for (version, component) in [(&[][..], skipping), (&["--version", "1"][..], texting())] {
        let (success, printed, complaints) =
            ask(&[&["download", "mine", "--out", &out], version].concat()).await;
        assert!(success && printed.contains("mine.wasm"), "{printed}{complaints}");
        assert_eq!(std::fs::read(&out).unwrap(), component);
    }
    let nowhere = desk.0.path().join("no/mine.wasm");
    let (_, _, complaints) = ask(&["download", "mine", "--out", nowhere.to_str().unwrap()]).await;
    assert!(complaints.contains("no/mine.wasm cannot be written"), "{complaints}");

    let members = json!({ "url": "https://93.184.215.14/", "mapping": { "plugin": "mine", "version": 1 } });
    let webhook = api.webhook(&project, &members).await;
    let id = webhook["id"].as_str().unwrap();
    for version in [&[][..], &["--version", "1"]] {
        let (success, _, complaints) = ask(&[&["delete", "mine"], version].concat()).await;
        assert!(!success && complaints.contains(id), "{complaints}");
    }
    api.patch(&format!("/v1/webhooks/{id}"), &json!({ "mapping": null })).await.json(200);
    let (success, printed, complaints) = ask(&["delete", "mine", "--version", "1"]).await;
    assert!(success && printed == "Deleted mine version 1\n", "{printed}{complaints}");
    let (_, _, complaints) = ask(&["delete", "mine", "--version", "2"]).await;
    assert!(complaints.contains("newest version"), "{complaints}");
    let (success, printed, _) = ask(&["delete", "mine"]).await;
    assert!(success && printed == "Deleted mine\n", "{printed}");
    let (_, _, complaints) = ask(&["versions", "mine"]).await;
    assert!(complaints.contains("no such plugin"), "{complaints}");
}

#[tokio::test]
async fn a_new_project_says_what_has_to_be_installed() {
    let desk = Desk::new();
    let bin = desk.0.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for (name, lang, words) in [
        ("a", "rust", "rustup.rs"),
        ("b", "js", "nodejs.org"),
        ("c", "python", "python.org"),
        // A Cargo without the libraries of the target.
        ("d", "rust", "rustup target add wasm32-wasip2"),
    ] {
        if name == "d" {
            std::fs::write(bin.join("cargo"), "").unwrap();
        }
        let args = ["plugin", "new", name, "--lang", lang];
        let made = run_in(desk.0.path(), &args, &[("PATH", bin.to_str().unwrap())]).await;
        let printed = String::from_utf8(made.stdout).unwrap();
        assert!(made.status.success() && printed.contains(words), "{printed}");
    }
}
