//! The REST API: what it takes, what it refuses and in which words, and what it never gives away.

use std::fs;

use bytes::Bytes;
use hookwright_standin::{Answer, Fault, Receiver, Running, Standin, When};
use serde_json::{Value, json};

use crate::harness::{ADMIN_KEY, Home, Server, lead, redacted};

const UNKNOWN_PROJECT: &str = "0198c0de-7e57-7aaa-8000-0123456789ab";

/// A server with a receiver that its webhooks may reach.
async fn receiving() -> (Running<Receiver>, Home, Server, String) {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let home = Home::new();
    let server = home.start().await;
    let project = server.api.project().await;
    (target, home, server, project)
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

#[tokio::test]
async fn everything_below_v1_wants_the_key() {
    let server = Home::new().start().await;
    let api = &server.api;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(api.try_send("GET", path, &[], "").await.unwrap().status, 200);
    }
    let without = api.try_send("GET", "/v1/projects", &[], "").await.unwrap();
    without.problem(401, "unauthorized");
    assert_eq!(without.header("www-authenticate"), "Bearer");
    let near = format!("Bearer {ADMIN_KEY}x");
    for wrong in ["Bearer wrong", near.as_str(), ADMIN_KEY, "Basic aGk6aG8="] {
        let answer = api.try_send("POST", "/v1/events", &[("authorization", wrong)], "{}").await.unwrap();
        answer.problem(401, "unauthorized");
    }
    api.get("/v1/nothing").await.problem(404, "not_found");
    api.get("/nothing").await.problem(404, "not_found");
    let not_allowed = api.send("DELETE", "/v1/events", &[], "").await;
    not_allowed.problem(405, "method_not_allowed");
    assert_eq!(not_allowed.header("allow"), "POST");
}

#[tokio::test]
async fn projects_are_created_once_and_listed_in_pages() {
    let server = Home::new().start().await;
    let api = &server.api;
    let given = json!({ "name": "Acme", "id": UNKNOWN_PROJECT });
    assert_eq!(api.post("/v1/projects", &given).await.json(201)["id"], UNKNOWN_PROJECT);
    api.post("/v1/projects", &given).await.problem(409, "conflict");
    api.post("/v1/projects", &json!({ "name": "  " })).await.refuses("/name", "needs a name");
    api.post("/v1/projects", &json!({ "name": 1 })).await.refuses("/name", "string");
    api.post("/v1/projects", &json!({ "name": "a", "id": "7" })).await.refuses("/id", "UUID");
    api.post("/v1/projects", &json!({ "name": "a", "colour": 7 }))
        .await
        .refuses("/colour", "no member `colour`");
    api.send("POST", "/v1/projects", &[], "{").await.refuses("", "ends before the JSON does");

    for _ in 0..4 {
        api.project().await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("/v1/projects?limit=2&cursor={cursor}")).await.json(200);
        seen.extend(page["data"].as_array().unwrap().iter().map(|project| id(project).to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());
    api.get("/v1/projects?limit=0").await.refuses("", "from 1 to 200");
    api.get("/v1/projects?cursor=x").await.refuses("", "next_cursor");
    api.get(&format!("/v1/projects/{UNKNOWN_PROJECT}")).await.json(200);
    api.get("/v1/projects/x").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_wrong_webhook_is_refused_at_the_member_that_is_wrong() {
    let server = Home::with_args(&[]).start().await;
    let api = &server.api;
    let project = api.project().await;
    let public = "https://93.184.215.14/hook";
    for (members, pointer, words) in [
        (json!({ "url": "http://127.0.0.1/hook" }), "/url", "--allow-target"),
        (json!({ "url": "http://localhost:8080/" }), "/url", "--allow-target"),
        (json!({ "url": "http://169.254.169.254/latest" }), "/url", "169.254.169.254"),
        (json!({ "url": "http://[::ffff:10.0.0.1]/" }), "/url", "10.0.0.1"),
        (json!({ "url": "hook" }), "/url", "paste the whole address"),
        (json!({ "url": public, "events": ["lead.deleted"] }), "/events/0", "lead.created"),
        (json!({ "url": public, "headers": { "Host": "x" } }), "/headers/Host", "set by Hookwright"),
        (json!({ "url": public, "headers": { "x y": "1" } }), "/headers/x y", "not a header name"),
        (json!({ "url": public, "headers": { "x-a": "1\n2" } }), "/headers/x-a", "line break"),
        (json!({ "url": public, "mapping": { "plugin": "hubspto" } }), "/mapping/plugin", "hubspot, "),
        (
            json!({ "url": public, "mapping": { "plugin": "hubspot", "version": 9 } }),
            "/mapping/version",
            "newest is 1",
        ),
        (
            json!({ "url": public, "mapping": { "plugin": "hubspot", "settings": { "note": "yes" } } }),
            "/mapping/settings/note",
            "boolean",
        ),
        (
            json!({ "url": public, "mapping": { "plugin": "hubspot", "settings": { "colour": 1 } } }),
            "/mapping/settings",
            "colour",
        ),
        (json!({ "url": public, "retry": { "factor": 99 } }), "/retry/factor", "between 1 and 10"),
        (json!({ "url": public, "limits": { "concurrency": 0 } }), "/limits/concurrency", "from 1 to 256"),
    ] {
        api.try_webhook(&project, &members).await.refuses(pointer, words);
    }
    api.webhook(&project, &json!({ "url": public })).await;
    let nowhere = json!({ "url": public });
    api.try_webhook(UNKNOWN_PROJECT, &nowhere).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_webhook_is_changed_only_where_the_change_says() {
    let (target, _home, server, project) = receiving().await;
    let api = &server.api;
    let members = json!({
        "name": "Main",
        "url": target.url(),
        "headers": { "authorization": "Bearer one", "x-tag": "a" },
        "mapping": { "plugin": "hubspot", "settings": { "note": false } },
    });
    let created = api.webhook(&project, &members).await;
    assert!(created["signing_secret"].as_str().unwrap().starts_with("whsec_"));
    insta::assert_json_snapshot!("webhook_created", redacted(&created));
    let path = format!("/v1/webhooks/{}", id(&created));
    let read = api.get(&path).await;
    assert_eq!(read.header("etag"), "\"1\"");
    assert_eq!(read.json(200)["headers"], json!({ "authorization": "***", "x-tag": "***" }));
    assert_eq!(read.json(200).get("signing_secret"), None, "it is shown once");

    let change =
        json!({ "headers": { "authorization": "***", "x-tag": null, "x-new": "b" }, "mapping": null });
    let changed = api.send("PATCH", &path, &[("if-match", "\"1\"")], change.to_string()).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    let changed = changed.json(200);
    assert_eq!((&changed["name"], &changed["mapping"]), (&json!("Main"), &Value::Null));
    assert_eq!(changed["headers"], json!({ "authorization": "***", "x-new": "***" }));
    let stale = api.send("PATCH", &path, &[("if-match", "\"1\"")], "{}").await;
    stale.problem(412, "precondition_failed");
    api.send("DELETE", &path, &[("if-match", "\"1\"")], "").await.problem(412, "precondition_failed");
    api.patch(&path, &json!({ "state": "off" })).await.refuses("/state", "active");

    api.one_delivery(&project, &lead::sample()).await;
    let received = &target.wait_for(1).await[0].request;
    assert_eq!(received.header("authorization"), Some("Bearer one"), "`***` kept the stored value");
    assert_eq!((received.header("x-tag"), received.header("x-new")), (None, Some("b")));
}

#[tokio::test]
async fn a_paused_webhook_gets_its_leads_when_it_is_enabled_and_a_deleted_one_cancels_what_waits() {
    let (target, _home, server, project) = receiving().await;
    let api = &server.api;
    let retry = json!({ "first_secs": 3600, "max_secs": 3600 });
    let webhook = api.webhook(&project, &json!({ "url": target.url(), "retry": retry })).await;
    let path = format!("/v1/webhooks/{}", id(&webhook));
    api.patch(&path, &json!({ "state": "paused" })).await.json(200);
    let queued = api.one_delivery(&project, &lead::sample()).await;
    assert_eq!(api.delivery(&queued).await["state"], "pending");
    api.patch(&path, &json!({ "state": "active" })).await.json(200);
    api.delivery_in(&queued, "delivered").await;

    target.script(When::always(), Fault::Answer(Answer::status(503)));
    let waiting = api.one_delivery(&project, &lead::sample()).await;
    api.delivery_when(&waiting, |delivery| delivery["attempt_count"] == 1 && delivery["state"] == "pending")
        .await;
    assert_eq!(api.send("DELETE", &path, &[], "").await.status, 204);
    let cancelled = api.delivery(&waiting).await;
    assert_eq!(
        (&cancelled["state"], &cancelled["reason"]),
        (&json!("cancelled"), &json!("the webhook was deleted"))
    );
    api.get(&path).await.problem(404, "not_found");
    api.post(&format!("/v1/deliveries/{waiting}/resend"), &json!({})).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_wrong_event_is_refused_at_the_member_that_is_wrong() {
    let server = Home::new().start().await;
    let api = &server.api;
    let project = api.project().await;
    let event = || lead::event(&project, &lead::sample());
    let with = |pointer: &str, value: Value| {
        let mut event = event();
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    for (event, pointer, words) in [
        (with("/event", json!("lead.deleted")), "/event", "lead.created"),
        (with("/project_id", json!("uuid")), "/project_id", "UUID"),
        (with("/project_id", json!(UNKNOWN_PROJECT)), "/project_id", "POST /v1/projects"),
        (with("/created_at", json!("yesterday")), "/created_at", "RFC 3339"),
        (with("/lead", Value::Null), "/lead", "is null"),
        (with("/lead/phone", json!(12_025_551_234_u64)), "/lead/phone", "string"),
    ] {
        api.post("/v1/events", &event).await.refuses(pointer, words);
    }
    api.send("POST", "/v1/events", &[], "lead").await.refuses("", "not JSON");
    let large = lead::event(&project, &lead::saying(&"x".repeat(300_000)));
    api.post("/v1/events", &large).await.problem(413, "too_large");
    assert_eq!(api.post("/v1/events", &event()).await.json(202)["deliveries"], json!([]));
}

#[tokio::test]
async fn a_repeat_with_the_same_key_is_answered_with_the_first_result() {
    let (target, _home, server, project) = receiving().await;
    let api = &server.api;
    api.webhook(&project, &json!({ "url": target.url() })).await;
    let event = lead::event(&project, &lead::sample()).to_string();
    let send = async |key: &str, body: String| {
        api.send("POST", "/v1/events", &[("idempotency-key", key)], body).await
    };
    let first = send("order-1", event.clone()).await.json(202);
    assert_eq!(send("order-1", event.clone()).await.json(202), first);
    let other = lead::event(&project, &lead::saying("other")).to_string();
    send("order-1", other.clone()).await.problem(409, "conflict");
    send("with a space", other.clone()).await.problem(422, "invalid_input");
    assert_ne!(send("order-2", other).await.json(202), first);
    target.wait_for(2).await;
    let log = api.get(&format!("/v1/projects/{project}/deliveries")).await.json(200);
    assert_eq!(log["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn many_events_are_accepted_as_lines_or_none_of_them() {
    let (target, _home, server, project) = receiving().await;
    let api = &server.api;
    api.webhook(&project, &json!({ "url": target.url() })).await;
    let line = |message: &str| lead::event(&project, &lead::saying(message)).to_string();
    let lines = async |body: String| {
        api.send("POST", "/v1/events", &[("content-type", "application/x-ndjson")], body).await
    };
    let accepted = lines(format!("{}\n\n{}\r\n", line("one"), line("two"))).await.json(202);
    assert_eq!(accepted["data"].as_array().unwrap().len(), 2);
    let received = target.wait_for(2).await;
    assert!(received.iter().all(|received| !received.request.body.ends_with(b"\r")));

    lines(format!("{}\n{{\"event\": 1}}\n", line("three"))).await.refuses("/1/event", "event 2 of the batch");
    lines("\n".to_owned()).await.refuses("", "each line is one");
    let log = api.get(&format!("/v1/projects/{project}/deliveries")).await.json(200);
    assert_eq!(log["data"].as_array().unwrap().len(), 2, "nothing of a refused batch is stored");
}

#[tokio::test]
async fn the_log_is_filtered_and_paged_newest_first() {
    let (target, _home, server, project) = receiving().await;
    let api = &server.api;
    let first = api.webhook(&project, &json!({ "url": target.url() })).await;
    let second = api.webhook(&project, &json!({ "url": format!("{}/refused", target.url()) })).await;
    target.script(When::matching("POST", "/refused").times(100), Fault::Answer(Answer::status(422)));
    for n in 0..5_u8 {
        for delivery in api.event(&project, &lead::saying(&n.to_string())).await {
            api.settled(&delivery).await;
        }
    }
    let list = async |query: &str| {
        let page = api.get(&format!("/v1/projects/{project}/deliveries?{query}")).await.json(200);
        page["data"].as_array().unwrap().clone()
    };
    assert_eq!(list("").await.len(), 10);
    assert_eq!(list("state=failed").await.len(), 5);
    assert_eq!(list("state=pending").await.len(), 0);
    let of_first = list(&format!("webhook={}", id(&first))).await;
    assert!(of_first.len() == 5 && of_first.iter().all(|delivery| delivery["state"] == "delivered"));
    assert_eq!(list(&format!("webhook={}&state=delivered", id(&second))).await.len(), 0);
    let event = of_first[0]["event"].as_str().unwrap();
    assert_eq!(list(&format!("event={event}")).await.len(), 2);

    let all = list("").await;
    let ids: Vec<&str> = all.iter().map(id).collect();
    assert!(ids.iter().rev().is_sorted(), "newest first: {ids:?}");
    let page = api.get(&format!("/v1/projects/{project}/deliveries?limit=4")).await.json(200);
    let rest = list(&format!("cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!(rest.iter().map(id).collect::<Vec<_>>(), ids[4..]);

    let path = format!("/v1/projects/{project}/deliveries");
    api.get(&format!("{path}?state=lost")).await.refuses("", "the states are");
    api.get(&format!("{path}?webhook=x")).await.refuses("", "not a webhook id");
    api.get("/v1/deliveries/dlv_0198c0de7e577aaa80000123456789ab").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_test_sends_a_sample_at_once_and_answers_with_the_attempt() {
    let (target, _home, server, project) = receiving().await;
    let api = &server.api;
    let webhook = api.webhook(&project, &json!({ "url": target.url(), "state": "paused" })).await;
    let path = format!("/v1/webhooks/{}/test", id(&webhook));
    let tested = api.post(&path, &json!({})).await.json(200);
    assert_eq!((&tested["state"], &tested["origin"]), (&json!("delivered"), &json!("test")));
    assert_eq!(tested["attempts"].as_array().unwrap().len(), 1);
    let sent: Value = serde_json::from_slice(&target.received()[0].request.body).unwrap();
    assert_eq!((&sent["event"], &sent["project_id"]), (&json!("lead.created"), &json!(project)));
    for member in ["name", "phone", "email", "message", "channel", "conversation_id"] {
        assert!(sent["lead"][member].is_string(), "{member}: {sent}");
    }

    target.script(When::next(1), Fault::Answer(Answer::status(503)));
    let failed = api.post(&path, &json!({})).await.json(200);
    assert_eq!(
        (&failed["state"], &failed["attempt_count"]),
        (&json!("failed"), &json!(1)),
        "it is tried once"
    );
    api.post("/v1/webhooks/whk_0198c0de7e577aaa80000123456789ab/test", &json!({}))
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn a_resend_and_a_cancellation_do_what_they_say() {
    let (target, _home, server, project) = receiving().await;
    let api = &server.api;
    let retry = json!({ "first_secs": 3600, "max_secs": 3600 });
    api.webhook(&project, &json!({ "url": target.url(), "retry": retry })).await;
    target.script(When::next(1), Fault::Answer(Answer::status(503)));
    let delivery = api.one_delivery(&project, &lead::sample()).await;
    api.delivery_when(&delivery, |delivery| delivery["attempt_count"] == 1 && delivery["state"] == "pending")
        .await;
    let path = format!("/v1/deliveries/{delivery}");
    assert_eq!(api.post(&format!("{path}/cancel"), &json!({})).await.json(200)["state"], "cancelled");
    api.post(&format!("{path}/resend"), &json!({})).await.json(202);
    let delivered = api.settled(&delivery).await;
    assert_eq!((&delivered["state"], &delivered["attempt_count"]), (&json!("delivered"), &json!(2)));
    assert_eq!(api.post(&format!("{path}/cancel"), &json!({})).await.json(200)["state"], "delivered");
}

#[tokio::test]
async fn secrets_go_in_and_never_come_out() {
    const SECRETS: [&str; 4] = ["S3cr3t-header", "S3cr3tPathToken0123456789", "S3cr3t-query", "S3cr3t-user"];
    let (target, home, server, project) = receiving().await;
    let api = &server.api;
    let host = target.url().replace("http://", "");
    let url = format!("http://{}:x@{host}/{}?key={}", SECRETS[3], SECRETS[1], SECRETS[2]);
    let members = json!({ "url": url, "headers": { "x-api-token": SECRETS[0] } });
    let created = api.webhook(&project, &members).await;
    let secret = created["signing_secret"].as_str().unwrap().to_owned();
    target.script(When::next(1), Fault::Answer(Answer::status(500)));
    let delivery = api.one_delivery(&project, &lead::sample()).await;
    api.delivery_in(&delivery, "delivered").await;
    assert_eq!(target.received()[1].request.header("x-api-token"), Some(SECRETS[0]), "the target gets them");
    assert!(target.received()[1].request.path_and_query().contains(SECRETS[2]));

    let mut shown = Vec::new();
    for path in [
        format!("/v1/webhooks/{}", id(&created)),
        format!("/v1/projects/{project}/webhooks"),
        format!("/v1/projects/{project}/deliveries"),
        format!("/v1/deliveries/{delivery}"),
    ] {
        shown.push((path.clone(), api.get(&path).await.body));
    }
    let printed = server.stop().await;
    assert!(printed.contains(&delivery), "the log names the delivery");
    shown.push(("the server's output".to_owned(), Bytes::from(printed)));
    let files: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.contains(&home.path().join("hookwright.redb")), "{files:?}");
    for file in files.into_iter().filter(|file| file.is_file()) {
        shown.push((file.display().to_string(), fs::read(file).unwrap().into()));
    }
    for (place, bytes) in shown {
        for secret in SECRETS.iter().copied().chain([secret.as_str(), ADMIN_KEY]) {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} in {place}");
        }
    }
}
