//! What is asked of each operation. Cases are named by the code that they are answered with, or `ok`.

use std::collections::BTreeMap;

use hookwright_api_types::Operation;
use hookwright_api_types::limits::{MAX_BATCH_BYTES, MAX_BODY_BYTES, MAX_PREVIEW_BYTES};
use hookwright_api_types::path;
use serde_json::{Value, json};

use crate::world::{Answer, COMPONENTS, OTHER_PROJECT, PROJECT, World, event};

/// The answers to all cases of an operation.
pub(crate) async fn answers(operation: Operation) -> BTreeMap<String, Answer> {
    let mut asked = Asked { operation, world: World::new().await, answers: BTreeMap::new() };
    match operation {
        Operation::Healthz | Operation::Readyz | Operation::ReadLimits => server(&mut asked).await,
        Operation::CreateProject | Operation::ListProjects | Operation::ReadProject => {
            projects(&mut asked).await;
        }
        Operation::CreateWebhook
        | Operation::ListWebhooks
        | Operation::ReadWebhook
        | Operation::ChangeWebhook
        | Operation::DeleteWebhook
        | Operation::TestWebhook => webhooks(&mut asked).await,
        Operation::ListPlugins
        | Operation::ReadPlugin
        | Operation::DeletePlugin
        | Operation::ListPluginVersions
        | Operation::ReadPluginVersion
        | Operation::DeletePluginVersion
        | Operation::DownloadComponent => plugins(&mut asked).await,
        Operation::UploadPlugin | Operation::CheckPlugin | Operation::PreviewPlugin => {
            components(&mut asked).await;
        }
        Operation::AcceptEvents => events(&mut asked).await,
        Operation::ListEvents | Operation::ReadEvent | Operation::DeliverEvent => event_log(&mut asked).await,
        Operation::ListDeliveries
        | Operation::ReadDelivery
        | Operation::ResendDelivery
        | Operation::CancelDelivery => deliveries(&mut asked).await,
    }
    asked.answers
}

/// The cases of one operation so far.
struct Asked {
    operation: Operation,
    world: World,
    answers: BTreeMap<String, Answer>,
}

impl Asked {
    async fn json(&mut self, name: &str, path: &str, body: Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(name, path, &[], body).await;
    }

    async fn send(&mut self, name: &str, path: &str, headers: &[(&str, &str)], body: String) {
        let answer = self.world.send(self.operation.method().as_str(), path, headers, body).await;
        assert!(self.answers.insert(name.to_owned(), answer).is_none(), "{name} is there twice");
    }

    /// Without a key and with a wrong one.
    async fn keys(&mut self, path: &str) {
        let method = self.operation.method();
        let without = self.world.send_just(method.as_str(), path, &[], "").await;
        let wrong = [("authorization", "Bearer wrong")];
        let wrong = self.world.send_just(method.as_str(), path, &wrong, "").await;
        self.answers.insert("unauthorized: no key".to_owned(), without);
        self.answers.insert("unauthorized: a wrong key".to_owned(), wrong);
    }

    /// Too large, and compressed.
    async fn bodies(&mut self, path: &str, max_bytes: usize) {
        self.send("too_large", path, &[], "x".repeat(max_bytes + 1)).await;
        self.send("unsupported_media_type", path, &[("content-encoding", "gzip")], "x".to_owned()).await;
    }

    /// For a project that does not exist, and one that cannot.
    async fn no_project(&mut self, path: impl Fn(&str) -> String, body: Value) {
        self.json("not_found: another project", &path(OTHER_PROJECT), body.clone()).await;
        self.json("not_found: no project's id", &path("acme"), body).await;
    }
}

const NO_WEBHOOK: &str = "whk_0198c0de7e577aaa80000123456789ab";
const NO_DELIVERY: &str = "dlv_0198c0de7e577aaa80000123456789ab";

async fn server(asked: &mut Asked) {
    let path = asked.operation.path();
    asked.json("ok", path, Value::Null).await;
    match asked.operation {
        Operation::Readyz => {
            asked.world.close().await;
            asked.json("unavailable", path, Value::Null).await;
        }
        Operation::ReadLimits => asked.keys(path).await,
        _ => {}
    }
}

async fn projects(asked: &mut Asked) {
    let list = path::PROJECTS;
    match asked.operation {
        Operation::CreateProject => {
            asked.json("ok", list, json!({"name": "Second"})).await;
            asked.json("conflict", list, json!({"name": "Acme", "id": PROJECT})).await;
            asked.json("invalid_input: no name", list, json!({"name": " "})).await;
            asked.json("invalid_input: name too long", list, json!({"name": "x".repeat(201)})).await;
            asked.json("invalid_input: id", list, json!({"name": "a", "id": "7"})).await;
            asked.json("invalid_input: type", list, json!({"name": 7})).await;
            asked.json("invalid_input: missing", list, json!({})).await;
            asked.json("invalid_input: unknown member", list, json!({"name": "a", "colour": 7})).await;
            asked.json("invalid_input: empty", list, Value::Null).await;
            asked.send("invalid_input: cut off", list, &[], "{".to_owned()).await;
            asked.bodies(list, MAX_BODY_BYTES).await;
            asked.keys(list).await;
        }
        Operation::ListProjects => {
            asked.json("ok", list, Value::Null).await;
            asked.json("ok: after the last", &format!("{list}?cursor={PROJECT}&limit=1"), Value::Null).await;
            asked.json("invalid_input: limit", &format!("{list}?limit=0"), Value::Null).await;
            asked.json("invalid_input: cursor", &format!("{list}?cursor=x"), Value::Null).await;
            asked.keys(list).await;
        }
        _ => {
            asked.json("ok", &path::project(PROJECT), Value::Null).await;
            asked.no_project(|project| path::project(project), Value::Null).await;
            asked.keys(&path::project(PROJECT)).await;
        }
    }
}

async fn webhooks(asked: &mut Asked) {
    let list = path::webhooks(PROJECT);
    let mapped =
        json!({"name": "CRM", "mapping": {"plugin": "mine", "version": 1}, "headers": {"X-Key": "s3cret"}});
    match asked.operation {
        Operation::CreateWebhook => create_webhook(asked, &list).await,
        Operation::ListWebhooks => {
            asked.world.webhook(mapped).await;
            asked.json("ok", &list, Value::Null).await;
            asked.json("invalid_input", &format!("{list}?cursor=x"), Value::Null).await;
            asked.no_project(|project| path::webhooks(project), Value::Null).await;
            asked.keys(&list).await;
        }
        Operation::ReadWebhook => {
            let path = path::webhook(asked.world.webhook(mapped).await);
            asked.json("ok", &path, Value::Null).await;
            asked.json("not_found", &path::webhook(NO_WEBHOOK), Value::Null).await;
            asked.json("not_found: another id", &path::webhook(NO_DELIVERY), Value::Null).await;
            asked.keys(&path).await;
        }
        Operation::ChangeWebhook => {
            let path = path::webhook(asked.world.webhook(mapped).await);
            let change = json!({"name": "Main", "headers": {"x-key": null, "x-new": "b"}, "mapping": null,
                "retry": {"first_secs": 9}, "limits": {"timeout_secs": 9}, "state": "paused"});
            asked.json("ok", &path, change).await;
            let twin = asked.world.webhook(json!({"headers": {"x-new": "b"}})).await;
            let other = asked.world.webhook(json!({"headers": {"x-new": "c"}})).await;
            let active = json!({"state": "active"}).to_string();
            asked.send("ok: enabled", &path, &[], active).await;
            let warned = asked.answers["ok: enabled"].body["warnings"].to_string();
            assert!(warned.contains(&twin) && !warned.contains(&other), "{warned}");
            asked.send("ok: if-match", &path, &[("if-match", "\"1\", \"3\"")], "{}".to_owned()).await;
            asked.send("ok: if-match any", &path, &[("if-match", "*")], "{}".to_owned()).await;
            asked.send("precondition_failed", &path, &[("if-match", "\"1\"")], "{}".to_owned()).await;
            asked.json("invalid_input: state", &path, json!({"state": "off"})).await;
            let url = json!({"url": "http://localhost", "headers": {"x-new": null}});
            asked.json("invalid_input: url", &path, url).await;
            asked.json("not_found", &path::webhook(NO_WEBHOOK), json!({})).await;
            asked.bodies(&path, MAX_BODY_BYTES).await;
            asked.keys(&path).await;
        }
        Operation::DeleteWebhook => {
            let path = path::webhook(asked.world.webhook(mapped).await);
            asked.keys(&path).await;
            asked.send("precondition_failed", &path, &[("if-match", "\"7\"")], String::new()).await;
            asked.send("ok", &path, &[("if-match", "\"1\"")], String::new()).await;
            asked.json("not_found", &path, Value::Null).await;
        }
        _ => {
            let path = path::webhook_test(asked.world.webhook(mapped).await);
            asked.json("ok", &path, Value::Null).await;
            asked.json("not_found", &path::webhook_test(NO_WEBHOOK), Value::Null).await;
            asked.keys(&path).await;
        }
    }
}

async fn create_webhook(asked: &mut Asked, list: &str) {
    let with = |members: Value| {
        let mut body = json!({"url": "https://crm.example/hook", "events": ["lead.created"]});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    };
    let all = json!({"name": "CRM", "headers": {"Authorization": "Bearer s3cret"},
        "mapping": {"plugin": "mine", "version": 1}, "retry": {"first_secs": 1},
        "limits": {"concurrency": 1}, "state": "paused"});
    asked.json("ok", list, with(json!({}))).await;
    asked.json("ok: a second one", list, with(json!({}))).await;
    let warned = asked.answers["ok: a second one"].body["warnings"][0].as_str().unwrap().to_owned();
    assert!(warned.contains(asked.answers["ok"].body["id"].as_str().unwrap()), "{warned}");
    for apart in [json!({"url": "https://crm.example/other"}), json!({"state": "paused"})] {
        let created = asked.world.ask("POST", list, &with(apart)).await;
        assert_eq!(created.body.get("warnings"), None, "{created:?}");
    }
    asked.json("ok: with everything", list, with(all)).await;
    for (what, members) in [
        ("url", json!({"url": "crm.example"})),
        ("private url", json!({"url": "http://localhost/hook"})),
        ("no events", json!({"events": []})),
        ("event", json!({"events": ["lead.created", "lead.deleted"]})),
        ("header", json!({"headers": {"Host": "a"}})),
        ("masked header", json!({"headers": {"x-key": "***"}})),
        ("plugin", json!({"mapping": {"plugin": "hubspto"}})),
        ("version", json!({"mapping": {"plugin": "mine", "version": 9}})),
        ("settings", json!({"mapping": {"plugin": "mine", "settings": {"colour": 1}}})),
        ("retry", json!({"retry": {"factor": 99}})),
        ("limits", json!({"limits": {"concurrency": 0}})),
        ("several", json!({"url": "http://localhost", "mapping": {"plugin": "hubspto"}})),
    ] {
        asked.json(&format!("invalid_input: {what}"), list, with(members)).await;
    }
    asked.json("invalid_input: not an object", list, json!([])).await;
    asked.no_project(|project| path::webhooks(project), with(json!({}))).await;
    asked.bodies(list, MAX_BODY_BYTES).await;
    asked.keys(list).await;
}

async fn plugins(asked: &mut Asked) {
    let none = Value::Null;
    let mine = path::plugin(PROJECT, "mine");
    match asked.operation {
        Operation::ListPlugins => {
            asked.json("ok", &path::plugins(PROJECT), none.clone()).await;
            asked.no_project(|project| path::plugins(project), none).await;
            asked.keys(&path::plugins(PROJECT)).await;
        }
        Operation::ReadPlugin => {
            asked.json("ok", &mine, none.clone()).await;
            asked.json("not_found", &path::plugin(PROJECT, "none"), none).await;
            asked.keys(&mine).await;
        }
        Operation::ListPluginVersions => {
            asked.json("ok", &path::plugin_versions(PROJECT, "mine"), none.clone()).await;
            asked.json("not_found", &path::plugin_versions(PROJECT, "none"), none).await;
            asked.keys(&path::plugin_versions(PROJECT, "mine")).await;
        }
        Operation::ReadPluginVersion => {
            asked.json("ok", &path::plugin_version(PROJECT, "mine", 1), none.clone()).await;
            asked
                .json("ok: the latest", &path::plugin_version(PROJECT, "mine", "latest"), none.clone())
                .await;
            asked.json("not_found", &path::plugin_version(PROJECT, "mine", 3), none.clone()).await;
            asked.json("not_found: no number", &path::plugin_version(PROJECT, "mine", "x"), none).await;
            asked.keys(&path::plugin_version(PROJECT, "mine", 1)).await;
        }
        Operation::DownloadComponent => {
            let path = path::component(PROJECT, "mine", 1);
            asked.json("ok", &path, none.clone()).await;
            let etag = asked.answers["ok"].headers["etag"].clone();
            asked.send("ok: known", &path, &[("if-none-match", &etag)], String::new()).await;
            asked.json("not_found", &path::component(PROJECT, "mine", 3), none).await;
            asked.keys(&path).await;
        }
        Operation::DeletePlugin => {
            asked.keys(&mine).await;
            let webhook = asked.world.webhook(json!({"mapping": {"plugin": "mine"}})).await;
            asked.json("conflict: in use", &mine, none.clone()).await;
            asked.json("conflict: bundled", &path::plugin(PROJECT, "hubspot"), none.clone()).await;
            asked.world.ask("DELETE", &path::webhook(webhook), &Value::Null).await;
            asked.json("ok", &mine, none.clone()).await;
            asked.json("not_found", &mine, none).await;
        }
        _ => {
            let first = path::plugin_version(PROJECT, "mine", 1);
            asked.keys(&first).await;
            asked.json("conflict: the newest", &path::plugin_version(PROJECT, "mine", 2), none.clone()).await;
            asked.json("ok", &first, none.clone()).await;
            asked.json("not_found", &first, none).await;
        }
    }
}

async fn components(asked: &mut Asked) {
    let [one, two] = COMPONENTS.map(str::to_owned);
    let (path, max_bytes): (fn(&str, &str) -> String, usize) = match asked.operation {
        Operation::UploadPlugin => (|project, name| path::plugin(project, name), 64),
        Operation::CheckPlugin => (|project, name| path::plugin_check(project, name), 64),
        _ => (|project, name| path::plugin_preview(project, name), MAX_PREVIEW_BYTES),
    };
    if asked.operation == Operation::PreviewPlugin {
        let path = path(PROJECT, "mine");
        asked.json("ok", &path, json!({})).await;
        asked.json("ok: an event", &path, json!({"event": event(), "version": 1})).await;
        asked.json("invalid_input: event", &path, json!({"event": {"event": "lead.created"}})).await;
        asked
            .json("invalid_input: no event", &path, json!({"event": "evt_0198c0de7e577aaa80000123456789ab"}))
            .await;
        asked.json("invalid_input: settings", &path, json!({"settings": {"colour": 1}})).await;
        asked.json("invalid_input: history", &path, json!({"history": {"replies": [{"step": "a"}]}})).await;
    } else {
        let mine = path(PROJECT, "mine");
        asked.send("ok: known already", &mine, &[], two).await;
        asked.send("ok", &path(PROJECT, "new"), &[], one.clone()).await;
        asked.send("conflict", &path(PROJECT, "hubspot"), &[], one.clone()).await;
        asked.send("invalid_input", &mine, &[], "no component".to_owned()).await;
        asked.send("invalid_input: name", &path(PROJECT, "No"), &[], one).await;
    }
    asked.json("not_found", &path(OTHER_PROJECT, "mine"), json!({})).await;
    asked.bodies(&path(PROJECT, "mine"), max_bytes).await;
    asked.keys(&path(PROJECT, "mine")).await;
}

async fn events(asked: &mut Asked) {
    let path = path::EVENTS;
    let key = [("idempotency-key", "lead-17")];
    let lines = [("content-type", "application/x-ndjson")];
    let other = json!({"lead": {"name": "Ann"}});
    let other = {
        let mut event = event();
        event.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        event
    };
    asked.json("ok: no webhook", path, event()).await;
    asked.world.webhook(json!({"state": "active"})).await;
    asked.send("ok", path, &key, event().to_string()).await;
    asked.send("ok: a repeat", path, &key, event().to_string()).await;
    let again = event().to_string().replace("10:00:00Z", "10:07:00.5Z");
    asked.send("ok: a repeat at another time", path, &key, again).await;
    for repeat in ["ok: a repeat", "ok: a repeat at another time"] {
        assert_eq!(asked.answers["ok"].body, asked.answers[repeat].body, "{repeat}");
    }
    asked.send("ok: a byte order mark", path, &[], format!("\u{feff}{}", event())).await;
    asked.send("ok: many", path, &lines, format!("{}\n\n{}\r\n", event(), event())).await;
    asked.send("conflict", path, &key, other.to_string()).await;
    asked.send("invalid_input: key", path, &[("idempotency-key", "a b")], other.to_string()).await;
    asked.send("invalid_input: key of many", path, &[key, lines].concat(), other.to_string()).await;
    asked.send("invalid_input: no line", path, &lines, "\n".to_owned()).await;
    asked.send("invalid_input: a line", path, &lines, format!("{}\n{{}}\n", event())).await;
    asked.send("too_large: lines", path, &lines, "{}\n".repeat(1_001)).await;
    asked.send("too_large: event", path, &[], format!("{}{}", event(), " ".repeat(256 * 1024))).await;
    for (what, body) in [
        ("empty", String::new()),
        ("not JSON", "lead".to_owned()),
        ("a list", json!([event()]).to_string()),
        ("a form", "event=lead.created&name=Ann".to_owned()),
        ("UTF-16", "{\0}\0".to_owned()),
        (
            "nested",
            event().to_string().replacen('{', &format!("{{\"x\":{}{},", "[".repeat(200), "]".repeat(200)), 1),
        ),
        ("half a pair", event().to_string().replace("John", "\\ud800")),
        ("null time", event().to_string().replace("\"2026-05-31T10:00:00Z\"", "null")),
        ("project", event().to_string().replace(PROJECT, OTHER_PROJECT)),
    ] {
        asked.send(&format!("invalid_input: {what}"), path, &[], body).await;
    }
    asked.bodies(path, MAX_BATCH_BYTES).await;
    asked.keys(path).await;
}

const NO_EVENT: &str = "evt_0198c0de7e577aaa80000123456789ab";

async fn event_log(asked: &mut Asked) {
    let none = Value::Null;
    let accepted = asked.world.ask("POST", path::EVENTS, &event()).await;
    let event = accepted.body["id"].as_str().unwrap().to_owned();
    match asked.operation {
        Operation::ListEvents => {
            let list = path::project_events(PROJECT);
            asked.json("ok", &list, none.clone()).await;
            asked.json("ok: undelivered", &format!("{list}?filter=undelivered&limit=1"), none.clone()).await;
            asked.json("invalid_input: filter", &format!("{list}?filter=lost"), none.clone()).await;
            asked.json("invalid_input: limit", &format!("{list}?limit=x"), none.clone()).await;
            asked.no_project(|project| path::project_events(project), none).await;
            asked.keys(&list).await;
        }
        Operation::ReadEvent => {
            asked.json("ok", &path::event(&event), none.clone()).await;
            asked.json("not_found", &path::event(NO_EVENT), none).await;
            asked.keys(&path::event(&event)).await;
        }
        _ => {
            let path = path::event_deliver(&event);
            asked.json("conflict", &path, none.clone()).await;
            asked.world.webhook(json!({})).await;
            asked.json("ok", &path, none.clone()).await;
            asked.json("not_found", &path::event_deliver(NO_EVENT), none).await;
            asked.keys(&path).await;
        }
    }
}

async fn deliveries(asked: &mut Asked) {
    let none = Value::Null;
    let webhook = asked.world.webhook(json!({"name": "CRM"})).await;
    let delivery = asked.world.delivery().await;
    asked.world.settled(&delivery, "delivered").await;
    match asked.operation {
        Operation::ListDeliveries => {
            let list = path::deliveries(PROJECT);
            asked.json("ok", &list, none.clone()).await;
            let filtered = format!("{list}?state=held&webhook={webhook}");
            asked.json("ok: none", &filtered, none.clone()).await;
            asked.json("invalid_input: state", &format!("{list}?state=lost"), none.clone()).await;
            asked.json("invalid_input: webhook", &format!("{list}?webhook=x"), none.clone()).await;
            asked.json("invalid_input: event", &format!("{list}?event=x"), none.clone()).await;
            asked.json("invalid_input: limit", &format!("{list}?limit=201"), none.clone()).await;
            asked.no_project(|project| path::deliveries(project), none).await;
            asked.keys(&list).await;
        }
        Operation::ReadDelivery => {
            asked.json("ok", &path::delivery(&delivery), none.clone()).await;
            asked.json("not_found", &path::delivery(NO_DELIVERY), none).await;
            asked.keys(&path::delivery(&delivery)).await;
        }
        operation => {
            let path: fn(&str) -> String = match operation {
                Operation::ResendDelivery => |id| path::delivery_resend(id),
                _ => |id| path::delivery_cancel(id),
            };
            asked.json("ok", &path(&delivery), none.clone()).await;
            asked.json("not_found", &path(NO_DELIVERY), none.clone()).await;
            asked.keys(&path(&delivery)).await;
            let change = json!({"url": "https://slow.example"});
            asked.world.ask("PATCH", &path::webhook(&webhook), &change).await;
            let slow = asked.world.delivery().await;
            asked.world.settled(&slow, "delivering").await;
            asked.json("conflict", &path(&slow), none).await;
        }
    }
}
