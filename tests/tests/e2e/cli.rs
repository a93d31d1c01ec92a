//! The command line: help with examples, errors that say what to do, and the whole way of a lead by commands alone.

use std::process::Output;

use hookwright_standin::{HubSpot, Standin};
use serde_json::{Value, json};

use crate::harness::{ADMIN_KEY, Home, Server, run};

const COMMANDS: [&[&str]; 16] = [
    &["serve"],
    &["demo"],
    &["config"],
    &["project", "create"],
    &["webhook", "add"],
    &["plugin", "list"],
    &["plugin", "new"],
    &["plugin", "check"],
    &["plugin", "test"],
    &["plugin", "push"],
    &["plugin", "versions"],
    &["plugin", "download"],
    &["plugin", "delete"],
    &["event", "send"],
    &["log"],
    &["delivery", "resend"],
];

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs a command against a server; what it printed.
async fn ask(server: &Server, args: &[&str]) -> String {
    let environment = [("HOOKWRIGHT_SERVER", server.api.url()), ("HOOKWRIGHT_ADMIN_KEY", ADMIN_KEY)];
    let output = run(args, &environment).await;
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    stdout(&output)
}

async fn ask_json(server: &Server, args: &[&str]) -> Value {
    let printed = ask(server, &[args, &["--json"]].concat()).await;
    serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{args:?}: not JSON: {printed}"))
}

#[tokio::test]
async fn every_command_has_help_with_an_example() {
    for command in COMMANDS {
        let help = run(&[command, &["--help"]].concat(), &[]).await;
        assert!(help.status.success() && stdout(&help).contains("Example"), "{command:?}: {}", stdout(&help));
    }
    let version = run(&["--version"], &[]).await;
    assert!(stdout(&version).starts_with("hookwright "));
}

#[tokio::test]
async fn mistakes_are_explained() {
    for (args, words) in [
        (&["serve"][..], "--data DIR"),
        (&["serv"], "serve"),
        (&["serve", "--data", "/tmp", "--listen", "808o"], "--listen"),
        (&["serve", "--data", "/tmp", "--allow-target", "10.0.0.0/99"], "--allow-target"),
        (&["serve", "--data", "/proc/nowhere"], "/proc/nowhere"),
        (&["serve", "--config", "/nowhere.toml"], "/nowhere.toml"),
        (&["project", "list", "--server", "http://127.0.0.1:1"], "hookwright serve"),
    ] {
        let failed = run(args, &[]).await;
        assert!(!failed.status.success(), "{args:?}");
        assert!(stderr(&failed).contains(words), "{args:?}: {}", stderr(&failed));
    }
}

#[tokio::test]
async fn wrong_keys_and_wrong_members_are_told() {
    let server = Home::new().start().await;
    let environment = [("HOOKWRIGHT_SERVER", server.api.url()), ("HOOKWRIGHT_ADMIN_KEY", "wrong")];
    let failed = run(&["project", "list"], &environment).await;
    assert!(stderr(&failed).contains("HOOKWRIGHT_ADMIN_KEY"), "{}", stderr(&failed));
    assert!(!stderr(&failed).contains("wrong"), "a key is never printed");

    let project = server.api.project().await;
    let environment = [("HOOKWRIGHT_SERVER", server.api.url()), ("HOOKWRIGHT_ADMIN_KEY", ADMIN_KEY)];
    let args = ["webhook", "add", "--project", &project, "--url", "http://10.0.0.1/", "--plugin", "hubspto"];
    let failed = run(&args, &environment).await;
    for words in ["/url", "10.0.0.1", "/mapping/plugin", "hubspot, ", "pipedrive"] {
        assert!(stderr(&failed).contains(words), "{}", stderr(&failed));
    }
}

#[tokio::test]
async fn a_lead_goes_its_way_by_commands_alone() {
    let crm = Standin::start(HubSpot::new("t")).await.unwrap();
    let server = Home::new().start().await;
    let project = ask_json(&server, &["project", "create", "Acme"]).await["id"].as_str().unwrap().to_owned();
    assert!(ask(&server, &["project", "list"]).await.contains("Acme"));
    let plugins = ask(&server, &["plugin", "list", "--project", &project]).await;
    assert!(plugins.contains("hubspot") && plugins.contains("pipedrive"), "{plugins}");

    let url = crm.url();
    let added = [
        "webhook",
        "add",
        "--project",
        &project,
        "--url",
        &url,
        "--header",
        "authorization: Bearer t",
        "--plugin",
        "hubspot",
        "--settings",
        r#"{"note": false}"#,
    ];
    let added = ask_json(&server, &added).await;
    let webhook = added["id"].as_str().unwrap();
    assert!(added["signing_secret"].as_str().unwrap().starts_with("whsec_"));
    let tested = ask(&server, &["webhook", "test", webhook]).await;
    assert!(tested.contains("delivered") && tested.contains("upsert-contact"), "{tested}");

    let sent = ["event", "send", "--project", &project, "--name", "Jane Roe", "--email", "jane@example.com"];
    let sent = ask_json(&server, &sent).await;
    let delivery = sent["deliveries"][0].as_str().unwrap();
    server.api.delivery_in(delivery, "delivered").await;
    let log = ask(&server, &["log", "--project", &project]).await;
    assert!(log.contains(delivery) && log.contains("contact/152"), "{log}");
    let shown = ask(&server, &["delivery", "show", delivery]).await;
    for words in ["jane@example.com", "upsert-contact", "200", "contact/152"] {
        assert!(shown.contains(words), "`{words}` is missing: {shown}");
    }
    let resent = ask_json(&server, &["delivery", "resend", delivery]).await;
    assert_eq!(resent["id"], json!(delivery));
    server.api.delivery_when(delivery, |delivery| delivery["attempt_count"] == 2).await;
    assert_eq!(crm.target().contacts().len(), 2, "the same person is the same contact");
}

#[tokio::test]
async fn the_first_start_shows_the_admin_key_once() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || {
        let home = folder.path().join("data");
        crate::harness::first_line(&["serve", "--data", home.to_str().unwrap(), "--listen", "127.0.0.1:0"])
            .await
    };
    let first = start().await;
    let key = first.strip_prefix("The admin key, shown this once: ").unwrap();
    assert!(key.starts_with("hwk_") && key.len() > 40, "256 bits");
    assert!(start().await.starts_with("Hookwright listens on "));
}

#[tokio::test]
async fn the_printed_configuration_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hookwright.toml");
    let printed = stdout(&run(&["config"], &[]).await);
    let data = folder.path().join("data");
    let settings = printed
        .replace("#data = \"/var/lib/hookwright\"", &format!("data = \"{}\"", data.display()))
        .replace("#listen = \"127.0.0.1:8080\"", "listen = \"127.0.0.1:0\"");
    std::fs::write(&file, settings).unwrap();
    let said = crate::harness::first_line(&["serve", "--config", file.to_str().unwrap()]).await;
    assert!(said.starts_with("The admin key"), "{said}");
    assert!(data.join("hookwright.redb").exists());
}
