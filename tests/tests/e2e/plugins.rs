//! The life of a plugin, by way of the API: checked, uploaded, previewed, downloaded, deleted.

use bytes::Bytes;
use hookwright_hostile::Guest;
use hookwright_model::{PluginLimit, PluginLimits};
use hookwright_standin::{Fault, Receiver, Running, Standin, When};
use serde_json::{Value, json};

use crate::harness::{Answer, Api, Home, lead, redacted};

/// A plugin that sends the word `text`.
fn sending() -> Bytes {
    Guest::answering(&hookwright_hostile::Answer::request())
}

/// A plugin that skips every event because of `text`.
fn skipping() -> Bytes {
    Guest::default().build()
}

async fn receiver() -> Running<Receiver> {
    Standin::start(Receiver::default()).await.unwrap()
}

async fn check(api: &Api, project: &str, name: &str, component: Bytes) -> Answer {
    api.send("POST", &format!("/v1/projects/{project}/plugins/{name}/check"), &[], component).await
}

async fn preview(api: &Api, project: &str, name: &str, question: Value) -> Answer {
    api.post(&format!("/v1/projects/{project}/plugins/{name}/preview"), &question).await
}

/// Without what differs from machine to machine, which must be there.
fn measured(mut answer: Value, usage: &str) -> Value {
    let usage = answer.pointer_mut(usage).unwrap();
    for measure in ["instructions", "memory_bytes", "duration_us"] {
        assert!(usage[measure].as_u64().is_some_and(|number| number > 0), "{usage}");
        usage[measure] = format!("[{measure}]").into();
    }
    answer
}

#[tokio::test]
async fn a_check_reports_on_a_component_and_stores_nothing() {
    let server = Home::new().start().await;
    let api = &server.api;
    let project = api.project().await;
    let mut report = check(api, &project, "mine", skipping()).await.json(200);
    // None, if another test has compiled it before.
    assert!(report["compile_ms"].is_null() || report["compile_ms"].is_u64(), "{report}");
    report["compile_ms"] = "[compile_ms]".into();
    let report = measured(measured(report, "/describe"), "/trial/usage");
    insta::assert_json_snapshot!("plugin_report", redacted(&report));

    let plugin = format!("/v1/projects/{project}/plugins/mine");
    api.get(&plugin).await.problem(404, "not_found");
    api.upload(&project, "mine", skipping()).await.json(201);
    let again = check(api, &project, "mine", skipping()).await.json(200);
    assert_eq!((&again["version"], &again["unchanged"]), (&json!(1), &json!(true)));
    let other = check(api, &project, "mine", sending()).await.json(200);
    assert_eq!((&other["version"], &other["unchanged"]), (&json!(2), &json!(false)));
    assert_eq!(other["trial"]["next"]["body"], "text");
    assert_eq!(api.get(&format!("{plugin}/versions")).await.json(200)["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_limits_of_an_installation_are_told_and_hold() {
    let server = Home::with_args(&["--plugin-limit", "fuel=12345678", "--plugin-limit", "headers=3"]);
    let server = server.start().await;
    let api = &server.api;
    let limits = api.get("/v1/limits").await.json(200);
    let changed = |name: &str| match name {
        "fuel" => Some(12_345_678),
        "headers" => Some(3),
        _ => None,
    };
    for limit in &PluginLimit::ALL {
        let value = changed(limit.name).unwrap_or_else(|| limit.get(&PluginLimits::default()));
        assert_eq!(limits["plugin"][limit.name], json!(value), "{}", limit.name);
    }
    let project = api.project().await;
    let looping = Guest { describe: "(loop $again (br $again)) unreachable".into(), ..Guest::default() };
    let problem = api.upload(&project, "mine", looping.build()).await.problem(422, "invalid_input");
    assert!(problem["detail"].as_str().unwrap().contains("12345678 instructions"), "{problem}");
}

#[tokio::test]
async fn a_check_refuses_what_an_upload_refuses_and_says_what_to_do() {
    let server = Home::new().start().await;
    let api = &server.api;
    let project = api.project().await;
    let refused = check(api, &project, "mine", Guest::default().module().into()).await;
    insta::assert_json_snapshot!("plugin_refused", refused.problem(422, "invalid_input"));
    let taken = check(api, &project, "hubspot", skipping()).await.problem(409, "conflict");
    assert!(taken["detail"].as_str().unwrap().contains("Choose another"), "{taken}");
    check(api, &project, "No_Name", skipping()).await.problem(422, "invalid_input");
    let looping = Guest::transforming("(loop $again (br $again)) unreachable");
    let report = check(api, &project, "mine", looping).await.json(200);
    assert_eq!(report["trial"]["next"]["action"], "hold", "a trial that fails is part of the report");
    assert_eq!(report["trial"]["next"]["error"]["kind"], "mapping_limit");
}

#[tokio::test]
async fn a_preview_shows_the_request_and_sends_nothing() {
    let target = receiver().await;
    let server = Home::new().start().await;
    let api = &server.api;
    let project = api.project().await;
    let event = lead::event(&project, &lead::sample());
    let question = json!({ "event": event, "settings": { "note": false }, "url": target.url() });
    let answer = preview(api, &project, "hubspot", question).await.json(200);
    insta::assert_json_snapshot!("plugin_preview", redacted(&measured(answer, "/usage")));

    // The plugin goes on with what its first request was answered with.
    let first = preview(api, &project, "hubspot", json!({})).await.json(200);
    assert_eq!(first["event"]["lead"]["name"], "Test Lead", "without an event it is the sample");
    let step = &first["next"]["step"];
    let body = json!({ "status": "COMPLETE", "results": [{ "id": "151", "new": true }] }).to_string();
    let history = json!({ "replies": [{ "step": step, "status": 200, "body": body }] });
    let second = preview(api, &project, "hubspot", json!({ "history": history })).await.json(200);
    assert_ne!(&second["next"]["step"], step, "{second}");

    api.webhook(&project, &json!({ "url": target.url() })).await;
    let delivery = api.one_delivery(&project, &lead::saying("from the past")).await;
    let past = &api.settled(&delivery).await["event"];
    let sent = target.count();
    let shown = preview(api, &project, "hubspot", json!({ "event": past })).await.json(200);
    assert_eq!(shown["event"]["lead"]["message"], "from the past");
    assert_eq!(target.count(), sent);
    assert_eq!(
        api.get(&format!("/v1/projects/{project}/deliveries")).await.json(200)["data"][1],
        Value::Null
    );
}

#[tokio::test]
async fn a_wrong_preview_is_refused_at_the_member_that_is_wrong() {
    let server = Home::new().start().await;
    let api = &server.api;
    let (project, other) = (api.project().await, api.project().await);
    let foreign = lead::event(&other, &lead::sample());
    let mut broken = lead::event(&project, &lead::sample());
    broken["lead"]["phone"] = json!(7);
    for (question, pointer, words) in [
        (json!({ "settings": { "note": "yes" } }), "/settings/note", "boolean"),
        (json!({ "settings": [] }), "/settings", "object"),
        (json!({ "event": "evt_1" }), "/event", "evt_0198c0de"),
        (json!({ "event": "evt_0198c0de7e577aaa80000123456789ab" }), "/event", "has no event"),
        (json!({ "event": foreign }), "/event/project_id", "another project"),
        (json!({ "event": broken }), "/event/lead/phone", "string"),
        (json!({ "event": {} }), "/event/event", "missing"),
        (json!({ "url": "api.example.com" }), "/url", "whole address"),
        (json!({ "version": "newest" }), "/version", "latest"),
        (json!({ "history": { "replies": [{ "step": "a" }] } }), "/history/replies/0/status", "missing"),
        (json!({ "colour": 7 }), "/colour", "no member `colour`"),
    ] {
        preview(api, &project, "hubspot", question).await.refuses(pointer, words);
    }
    preview(api, &project, "hubspot", json!({ "version": 9 })).await.problem(404, "not_found");
    preview(api, &project, "nobodys", json!({})).await.problem(404, "not_found");
}

#[tokio::test]
async fn every_version_is_kept_listed_and_downloaded() {
    let server = Home::new().start().await;
    let api = &server.api;
    let project = api.project().await;
    let plugins = format!("/v1/projects/{project}/plugins");
    let first = api.upload(&project, "mine", sending()).await.json(201);
    assert_eq!((&first["version"], &first["unchanged"]), (&json!(1), &json!(false)));
    let second = api.upload(&project, "mine", skipping()).await.json(201);
    let again = api.upload(&project, "mine", skipping()).await.json(200);
    assert_eq!((&again["version"], &again["unchanged"]), (&json!(2), &json!(true)));
    assert_eq!(again["created_at"], second["created_at"]);

    let numbers = |list: Value| -> Vec<Value> {
        let of_mine = list["data"].as_array().unwrap().iter().filter(|plugin| plugin["name"] == "mine");
        of_mine.map(|plugin| plugin["version"].clone()).collect()
    };
    assert_eq!(numbers(api.get(&plugins).await.json(200)), [2], "of each plugin, the newest version");
    assert_eq!(numbers(api.get(&format!("{plugins}/mine/versions")).await.json(200)), [2, 1]);
    assert_eq!(api.get(&format!("{plugins}/mine")).await.json(200)["version"], 2);
    assert_eq!(api.get(&format!("{plugins}/mine/versions/1")).await.json(200)["digest"], first["digest"]);

    let component = api.get(&format!("{plugins}/mine/versions/1/component")).await;
    assert_eq!((component.status, &component.body), (200, &sending()));
    let etag = component.header("etag").to_owned();
    assert_eq!(etag, format!("\"{}\"", first["digest"].as_str().unwrap()));
    assert_eq!(component.header("content-type"), "application/wasm");
    assert_eq!(component.header("content-disposition"), "attachment; filename=\"mine-1.wasm\"");
    let latest = format!("{plugins}/mine/versions/latest/component");
    assert_eq!(api.get(&latest).await.body, skipping());
    let unchanged = api.send("GET", &latest.replace("latest", "1"), &[("if-none-match", &etag)], "").await;
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    assert_eq!(api.send("GET", &latest, &[("if-none-match", &etag)], "").await.status, 200);
    api.get(&format!("{plugins}/mine/versions/3/component")).await.problem(404, "not_found");
    api.get(&format!("{plugins}/nobodys/versions")).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_a_webhook_uses_is_not_deleted() {
    let server = Home::new().start().await;
    let api = &server.api;
    let project = api.project().await;
    let delete = async |path: &str| {
        api.send("DELETE", &format!("/v1/projects/{project}/plugins/{path}"), &[], "").await
    };
    for component in [sending(), skipping(), sending()] {
        api.upload(&project, "mine", component).await.json(201);
    }
    let webhook = async |version: Value| {
        let mapping = json!({ "plugin": "mine", "version": version });
        api.webhook(&project, &json!({ "url": "https://93.184.215.14/", "mapping": mapping })).await
    };
    let (pinned, following) = (webhook(json!(2)).await, webhook(json!("latest")).await);
    assert_eq!(following["mapping"]["version"], Value::Null);

    let problem = delete("mine/versions/2").await.problem(409, "conflict");
    assert_eq!(problem["webhooks"], json!([pinned["id"]]));
    let problem = delete("mine").await.problem(409, "conflict");
    assert_eq!(problem["webhooks"], json!([pinned["id"], following["id"]]));
    assert!(problem["detail"].as_str().unwrap().contains("another mapping"), "{problem}");
    let newest = delete("mine/versions/3").await.problem(409, "conflict");
    assert!(newest["detail"].as_str().unwrap().contains("newest version"), "{newest}");
    let bundled = delete("hubspot").await.problem(409, "conflict");
    insta::assert_json_snapshot!("plugin_bundled", bundled);
    delete("hubspot/versions/1").await.problem(409, "conflict");
    delete("nobodys").await.problem(404, "not_found");
    delete("mine/versions/x").await.problem(404, "not_found");

    assert_eq!(delete("mine/versions/1").await.status, 204);
    delete("mine/versions/1").await.problem(404, "not_found");
    for webhook in [pinned, following] {
        let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
        api.patch(&path, &json!({ "mapping": null })).await.json(200);
    }
    assert_eq!(delete("mine").await.status, 204);
    api.get(&format!("/v1/projects/{project}/plugins/mine")).await.problem(404, "not_found");
    assert_eq!(api.upload(&project, "mine", skipping()).await.json(201)["version"], 1);
}

#[tokio::test]
async fn a_delivery_ends_as_it_began_although_its_plugin_was_deleted() {
    let target = receiver().await;
    let home = Home::new();
    let server = home.start().await;
    let api = &server.api;
    let project = api.project().await;
    api.upload(&project, "mine", sending()).await.json(201);
    let retry = json!({ "first_secs": 3600, "max_secs": 3600 });
    let members = json!({ "url": target.url(), "mapping": { "plugin": "mine" }, "retry": retry });
    let webhook = api.webhook(&project, &members).await;
    target.script(When::next(1), Fault::Answer(hookwright_standin::Answer::status(503)));
    let waiting = api.one_delivery(&project, &lead::sample()).await;
    api.delivery_when(&waiting, |delivery| delivery["attempt_count"] == 1 && delivery["state"] == "pending")
        .await;
    let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    api.patch(&path, &json!({ "mapping": null })).await.json(200);
    let plugin = format!("/v1/projects/{project}/plugins/mine");
    assert_eq!(api.send("DELETE", &plugin, &[], "").await.status, 204);
    server.stop().await;

    let server = home.start().await;
    server.api.get(&plugin).await.problem(404, "not_found");
    server.api.post(&format!("/v1/deliveries/{waiting}/resend"), &json!({})).await.json(202);
    assert_eq!(server.api.settled(&waiting).await["state"], "delivered");
    assert!(target.received().iter().all(|received| received.request.body == "text"));
    assert_eq!(target.count(), 2);
}

#[tokio::test]
async fn a_template_with_a_mistake_is_refused_when_it_is_saved() {
    let server = Home::new().start().await;
    let target = Standin::start(Receiver::default()).await.unwrap();
    let api = &server.api;
    let project = api.project().await;
    let webhook = |template: &str| {
        let mapping = json!({ "plugin": "json-template", "settings": { "body": { "a": template } } });
        json!({ "url": target.url(), "mapping": mapping })
    };
    for (template, words) in
        [("{{ lead.name | uper }}", "upper"), ("{{ leed.name }}", "lead"), ("{{ lead.name", "look like")]
    {
        let problem = api.try_webhook(&project, &webhook(template)).await.problem(422, "invalid_input");
        let told = problem.to_string();
        assert!(told.contains("/mapping/settings") && told.contains(words), "{template}: {told}");
    }
    api.webhook(&project, &webhook("{{ lead.name | upper }}")).await;
}
