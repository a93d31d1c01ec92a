use serde_json::{Value, json};

use super::Sender;
use crate::{Make, N8n, Running, Standin, Target, VENDORS, Vendor, Zapier};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn start<T: Target>(target: T, headers: &[(&'static str, &str)]) -> (Running<T>, Sender) {
    let running = Standin::start(target).await.unwrap();
    let sender = Sender::to(&running, headers);
    (running, sender)
}

fn event() -> Value {
    json!({
        "event": "lead.created", "project_id": "p", "created_at": "2026-05-31T10:00:00Z",
        "lead": { "name": "John", "phone": null }, "extra": { "a": 1 },
    })
}

fn field<'a>(shown: &'a crate::Shown, name: &str) -> Option<&'a str> {
    shown.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn each_takes_the_event_and_names_its_members_in_its_own_way() {
    let (make, to_make) = start(Make::new("t", "k"), &[JSON, ("x-make-apikey", "k")]).await;
    let (n8n, to_n8n) = start(N8n::new("leads", "k"), &[JSON, ("x-lead-key", "k")]).await;
    let (zapier, to_zapier) = start(Zapier::new("1", "h"), &[JSON]).await;
    assert!(zapier.url().ends_with("/hooks/catch/1/h/"), "{}", zapier.url());
    for (sender, answer) in [
        (&to_make, &Value::Null),
        (&to_n8n, &json!({ "message": "Workflow was started" })),
        (&to_zapier, &json!("success")),
    ] {
        let reply = sender.send("POST", "", &event()).await;
        let said = reply.body.get("status").unwrap_or(&reply.body);
        assert_eq!((reply.status, said), (200, answer), "{:?}", reply.body);
    }
    assert_eq!(make.target().queue(), [event()]);
    assert_eq!(n8n.target().executions(), [event()]);
    assert_eq!(zapier.target().caught(), [event()]);
    for (record, name, absent) in [
        (&make.target().records()[0], "lead.name", "lead.phone"),
        (&n8n.target().records()[0], "body.lead.name", "body.lead.phone"),
        (&zapier.target().records()[0], "lead__name", "lead__phone"),
    ] {
        assert_eq!((field(record, name), field(record, absent)), (Some("John"), None), "{record:?}");
    }
}

#[tokio::test]
async fn what_a_flow_cannot_read_is_refused() {
    let huge = json!({ "event": "x".repeat(17 << 20) }).to_string();
    for (url, headers, not_object) in [
        ("make", vec![JSON, ("x-make-apikey", "standin-key")], 400),
        ("n8n", vec![JSON, ("x-lead-key", "standin-key")], 422),
        ("zapier", vec![JSON], 400),
    ] {
        let listing = VENDORS.iter().find(|vendor| vendor.name == url).unwrap();
        let (running, sender) = start((listing.open)(), &headers).await;
        let text = Sender::to(&running, &headers[1..]);
        for (sender, body, status) in [
            (&sender, "[{}]", not_object),
            (&sender, "\"text\"", not_object),
            (&sender, "{", not_object),
            (&sender, huge.as_str(), 413),
            (&text, "{}", 415),
        ] {
            let reply = sender.try_send("POST", "", body).await.unwrap();
            assert_eq!(reply.status, status, "{url}: {:?}", reply.body);
        }
        assert_eq!(sender.try_send("POST", "x", "{}").await.unwrap().status, 404, "{url}");
        assert!(matches!(sender.get("").await.status, 404 | 405), "{url}");
        assert!(running.target().records().is_empty(), "{url}");
    }
}

#[tokio::test]
async fn make_checks_its_key_and_its_data_structure() {
    let (running, sender) = start(Make::new("t", "k"), &[JSON, ("x-make-apikey", "k")]).await;
    assert_eq!(Sender::to(&running, &[JSON]).send("POST", "", &event()).await.status, 401);
    for (member, value) in [
        ("event", json!(1)),
        ("created_at", Value::Null),
        ("lead", json!("John")),
        ("lead", json!({ "name": 1 })),
    ] {
        let mut body = event();
        body[member] = value;
        assert_eq!(sender.send("POST", "", &body).await.status, 400, "{body}");
    }
    assert!(running.target().queue().is_empty());
}

#[tokio::test]
async fn n8n_checks_its_credential_and_knows_active_workflows_only() {
    let (running, sender) = start(N8n::new("leads", "k"), &[JSON, ("x-lead-key", "k")]).await;
    for headers in [&[JSON][..], &[JSON, ("x-lead-key", "x")]] {
        assert_eq!(Sender::to(&running, headers).send("POST", "", &event()).await.status, 403);
    }
    let elsewhere = sender.send("POST", "/other", &event()).await;
    assert_eq!(
        elsewhere.body["message"], "The requested webhook \"POST leads/other\" is not registered.",
        "{elsewhere:?}"
    );
    let get = sender.get("").await;
    assert!(get.body["message"].as_str().unwrap().contains("not registered for GET"), "{get:?}");
    assert!(running.target().executions().is_empty());
}
