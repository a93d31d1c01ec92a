//! What people try in their first hours with the command line.

use std::process::{Output, Stdio};

use hookwright_standin::{Answer, Fault, HubSpot, Receiver, Standin, When};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use crate::harness::{ADMIN_KEY, Home, Server, command, run};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs a command against a server, with these variables besides.
async fn try_ask(server: &Server, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let all = [("HOOKWRIGHT_SERVER", server.api.url()), ("HOOKWRIGHT_ADMIN_KEY", ADMIN_KEY)];
    run(args, &[&all, variables].concat()).await
}

async fn ask(server: &Server, args: &[&str]) -> String {
    let output = try_ask(server, args, &[]).await;
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

async fn ask_json(server: &Server, args: &[&str]) -> Value {
    serde_json::from_str(&ask(server, &[args, &["--json"]].concat()).await).unwrap()
}

#[tokio::test]
async fn the_settings_of_the_help_are_accepted_by_their_plugin() {
    let crm = Standin::start(HubSpot::new("t")).await.unwrap();
    let server = Home::new().start().await;
    server.api.project().await;
    let help = text(&run(&["webhook", "add", "--help"], &[]).await.stdout);
    let examples: Vec<&str> =
        help.split("--settings '").skip(1).filter_map(|rest| rest.split('\'').next()).collect();
    assert!(!examples.is_empty(), "{help}");
    for settings in examples {
        let url = crm.url();
        ask(&server, &["webhook", "add", "--url", &url, "--plugin", "hubspot", "--settings", settings]).await;
    }
}

#[tokio::test]
async fn names_stand_for_ids_and_the_only_project_for_itself() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::new().start().await;
    ask(&server, &["project", "create", "Acme"]).await;
    assert!(ask(&server, &["log"]).await.starts_with("No deliveries yet"));
    let url = target.url();
    let limits = ["--concurrency", "2", "--timeout", "9s", "--retry-first", "1min", "--give-up-after", "24h"];
    let added = [&["webhook", "add", "--url", &url, "--name", "Main CRM"][..], &limits].concat();
    let added = ask_json(&server, &added).await;
    assert_eq!(added["limits"], json!({ "concurrency": 2, "timeout_secs": 9 }));
    assert_eq!(
        (&added["retry"]["first_secs"], &added["retry"]["give_up_after_secs"]),
        (&json!(60), &json!(86_400))
    );
    let edited = ask_json(&server, &["webhook", "edit", "main crm", "--concurrency", "3"]).await;
    assert_eq!((&edited["id"], &edited["limits"]["concurrency"]), (&added["id"], &json!(3)));

    ask(&server, &["project", "create", "Second"]).await;
    let unnamed = try_ask(&server, &["log"], &[]).await;
    assert!(text(&unnamed.stderr).contains("there are 2 projects"), "{}", text(&unnamed.stderr));
    let sent = ["event", "send", "--project", "acme", "--name", "Jane Roe"];
    let sent = ask_json(&server, &sent).await;
    server.api.delivery_in(sent["deliveries"][0].as_str().unwrap(), "delivered").await;
    let log = try_ask(&server, &["log", "--webhook", "Main CRM"], &[("HOOKWRIGHT_PROJECT", "Acme")]).await;
    let log = text(&log.stdout);
    for words in ["Jane Roe", "Main CRM", "delivered", "5 fields not collected"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    assert!(!log.contains('\u{1b}'), "no colours where no terminal is: {log}");
    let nobody = try_ask(&server, &["log"], &[("HOOKWRIGHT_PROJECT", "Acne")]).await;
    assert!(text(&nobody.stderr).contains("there are: Acme, Second"), "{}", text(&nobody.stderr));
    let one = try_ask(
        &server,
        &["log", sent["deliveries"][0].as_str().unwrap()],
        &[("HOOKWRIGHT_PROJECT", "Acme")],
    )
    .await;
    let one = text(&one.stdout);
    assert!(one.contains("Jane Roe") && one.contains("not collected  phone, email"), "{one}");
}

#[tokio::test]
async fn a_second_webhook_for_the_same_target_is_warned_about() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::new().start().await;
    server.api.project().await;
    let url = target.url();
    let add = ["webhook", "add", "--url", &url];
    assert_eq!(text(&try_ask(&server, &add, &[]).await.stderr), "");
    let second = try_ask(&server, &add, &[]).await;
    assert!(second.status.success());
    assert!(text(&second.stderr).contains("each lead arrives twice"), "{}", text(&second.stderr));
}

#[tokio::test]
async fn many_deliveries_are_sent_again_once_their_number_is_confirmed() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::new().start().await;
    let project = server.api.project().await;
    server.api.webhook(&project, &json!({ "url": target.url(), "name": "Main" })).await;
    target.script(When::next(3), Fault::Answer(Answer::status(400)));
    let mut deliveries = Vec::new();
    for name in ["Ann", "Bob", "Cid"] {
        deliveries.push(server.api.one_delivery(&project, &json!({ "name": name })).await);
    }
    for delivery in &deliveries {
        server.api.delivery_in(delivery, "failed").await;
    }
    let resend = ["delivery", "resend", "--state", "failed", "--webhook", "main"];
    let asked = try_ask(&server, &resend, &[]).await;
    let question = text(&asked.stderr);
    assert!(!asked.status.success() && question.contains("3 deliveries will be sent again"), "{question}");
    assert!(question.contains("--yes"), "{question}");
    let none = [&resend[..], &["--since", "2100-01-01T00:00:00Z", "--yes"]].concat();
    assert!(ask(&server, &none).await.contains("No delivery matches"));
    assert_eq!(target.count(), 3, "nothing was sent again yet");
    let sent = ask(&server, &[&resend[..], &["--since", "2020-01-01T00:00:00Z", "--yes"]].concat()).await;
    assert!(sent.contains("3 deliveries are sent again"), "{sent}");
    for delivery in &deliveries {
        server.api.delivery_in(delivery, "delivered").await;
    }
}

#[tokio::test]
async fn an_event_made_from_flags_and_sent_again_with_its_key_gives_the_first_result() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::new().start().await;
    let project = server.api.project().await;
    server.api.webhook(&project, &json!({ "url": target.url() })).await;
    let send = |name| ["event", "send", "--name", name, "--idempotency-key", "k"];
    let first = ask_json(&server, &send("Ann")).await;
    assert_eq!(ask_json(&server, &send("Ann")).await, first);
    let other = try_ask(&server, &send("Bob"), &[]).await;
    assert!(text(&other.stderr).contains("idempotency key"), "{}", text(&other.stderr));
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_a_command_quietly() {
    for args in [&["demo", "--exit"][..], &["config"]] {
        let mut process =
            command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        lines.next_line().await.unwrap();
        drop(lines);
        let mut errors = String::new();
        process.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
        let status = process.wait().await.unwrap();
        assert!(status.success() && !errors.contains("panicked"), "{args:?}: {status}: {errors}");
    }
}
