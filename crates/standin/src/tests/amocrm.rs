use serde_json::{Value, json};

use super::{Reply, Sender};
use crate::{AmoCrm, Fault, Running, Standin, Vendor, When};

const JSON: (&str, &str) = ("content-type", "application/json");
const BEARER: (&str, &str) = ("authorization", "Bearer token-1");

async fn start_with(account: AmoCrm) -> (Running<AmoCrm>, Sender) {
    let running = Standin::start(account).await.unwrap();
    let sender = Sender::to(&running, &[BEARER, JSON]);
    (running, sender)
}

async fn start() -> (Running<AmoCrm>, Sender) {
    start_with(AmoCrm::new("token-1")).await
}

async fn post(sender: &Sender, path: &str, body: &Value) -> Reply {
    sender.send("POST", &format!("/api/v4/{path}"), body).await
}

fn john() -> Value {
    json!({
        "first_name": "John", "last_name": "Smith",
        "custom_fields_values": [
            { "field_code": "PHONE", "values": [{ "value": "+12025551234", "enum_code": "WORK" }] },
            { "field_code": "EMAIL", "values": [{ "value": "john@example.com", "enum_code": "WORK" }] },
        ],
    })
}

fn lead() -> Value {
    json!({
        "name": "John Smith (telegram)", "created_at": 1_780_221_600, "request_id": "evt_1",
        "_embedded": { "contacts": [john()], "tags": [{ "name": "telegram" }] },
    })
}

fn incoming() -> Value {
    json!({
        "source_uid": "hookwright", "source_name": "Chat assistant", "created_at": 1_780_221_600,
        "metadata": {
            "form_id": "p", "form_name": "Chat assistant", "form_page": "c", "form_sent_at": 1_780_221_600,
        },
        "_embedded": { "leads": [{ "name": "John Smith" }], "contacts": [john()] },
    })
}

/// `base` with one member set, by its JSON pointer.
fn with(mut base: Value, pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    match base.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[member.parse::<usize>().unwrap()] = value,
        parent => parent[member] = value,
    }
    base
}

#[tokio::test]
async fn credentials_are_checked() {
    let (running, _) = start().await;
    for headers in
        [&[JSON][..], &[JSON, ("authorization", "token-1")], &[JSON, ("authorization", "Bearer x")]]
    {
        let reply = post(&Sender::to(&running, headers), "leads/complex", &json!([lead()])).await;
        assert_eq!((reply.status, &reply.body["title"]), (401, &json!("Unauthorized")));
        assert_eq!(reply.headers["content-type"], "application/problem+json");
    }
    assert_eq!(post(&Sender::to(&running, &[BEARER]), "leads/complex", &json!([lead()])).await.status, 415);
    assert!(running.target().leads().is_empty());
}

#[tokio::test]
async fn a_lead_goes_through_all_steps() {
    let (running, sender) = start().await;
    let reply = post(&sender, "leads/complex", &json!([lead()])).await;
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    assert_eq!(reply.headers["content-type"], "application/hal+json");
    let expected = json!([{
        "id": 9_774_766, "contact_id": 12_117_258, "company_id": null, "request_id": ["evt_1"], "merged": false,
    }]);
    assert_eq!(reply.body, expected);
    let note = json!([{ "note_type": "common", "params": { "text": "Hello" } }]);
    let reply = post(&sender, "leads/9774766/notes", &note).await;
    assert_eq!((reply.status, &reply.body["_embedded"]["notes"][0]["id"]), (200, &json!(42_709_325)));

    let stored = &running.target().leads()[0];
    assert_eq!((&stored["status_id"], &stored["created_at"]), (&json!(32_392_156), &json!(1_780_221_600)));
    assert_eq!(running.target().contacts()[0]["name"], "John Smith");
    assert_eq!(running.target().notes()[0]["params"]["text"], "Hello");
}

#[tokio::test]
async fn the_shape_is_checked_before_anything_is_written() {
    let (running, sender) = start().await;
    let contact = "/_embedded/contacts/0";
    for wrong in [
        with(lead(), "/title", json!("John")),
        with(lead(), "/name", json!("")),
        with(lead(), "/name", json!(null)),
        with(lead(), "/created_at", json!(1_780_221_600_000_u64)),
        with(lead(), "/created_at", json!("2026-05-31T10:00:00Z")),
        with(lead(), "/pipeline_id", json!(1)),
        with(lead(), "/status_id", json!(1)),
        with(with(lead(), "/pipeline_id", json!(3_177_727)), "/status_id", json!(32_392_400)),
        with(lead(), "/responsible_user_id", json!(1)),
        with(lead(), "/responsible_user_id", json!("504141")),
        with(lead(), "/_embedded/tags", json!(["telegram"])),
        with(lead(), "/_embedded/tags", json!([])),
        with(lead(), "/_embedded/contacts", json!([john(), john()])),
        with(lead(), contact, json!({ "id": 1 })),
        with(lead(), contact, json!({ "custom_fields_values": john()["custom_fields_values"] })),
        with(lead(), &format!("{contact}/custom_fields_values"), json!([])),
        with(lead(), &format!("{contact}/custom_fields_values/0/values"), json!(null)),
        with(lead(), &format!("{contact}/custom_fields_values/0/values/0/value"), json!("")),
        with(lead(), &format!("{contact}/custom_fields_values/0/values/0/enum_code"), json!("MOBILE")),
        with(lead(), &format!("{contact}/custom_fields_values/0/field_code"), json!("phone")),
        json!([]),
    ] {
        let reply = post(&sender, "leads/complex", &json!([lead(), wrong])).await;
        assert_eq!(reply.status, 400, "{wrong}");
        assert!(reply.body["validation-errors"][0]["errors"][0]["code"].is_string(), "{wrong}");
    }
    for body in [lead(), json!({ "data": [lead()] }), json!([])] {
        let reply = post(&sender, "leads/complex", &body).await;
        assert_eq!(reply.body["validation-errors"][0]["errors"][0]["code"], "FieldMissing", "{body}");
    }
    let many = vec![lead(); 51];
    assert_eq!(post(&sender, "leads/complex", &json!(many)).await.status, 400);
    assert!(running.target().leads().is_empty() && running.target().contacts().is_empty());
}

#[tokio::test]
async fn nothing_is_unique_unless_duplicates_are_controlled() {
    for (account, leads) in
        [(AmoCrm::new("token-1"), 2), (AmoCrm::new("token-1").with_duplicate_control(), 1)]
    {
        let (running, sender) = start_with(account).await;
        post(&sender, "leads/complex", &json!([lead()])).await;
        let second = post(&sender, "leads/complex", &json!([lead()])).await;
        assert_eq!((second.status, &second.body[0]["merged"]), (200, &json!(leads == 1)));
        assert_eq!(running.target().leads().len(), leads);
        assert_eq!(running.target().contacts().len(), leads);
    }
}

#[tokio::test]
async fn a_known_contact_is_taken_by_its_id() {
    let (running, sender) = start().await;
    post(&sender, "leads/complex", &json!([lead()])).await;
    let second = with(lead(), "/_embedded/contacts", json!([{ "id": 12_117_258 }]));
    let reply = post(&sender, "leads/complex", &json!([second])).await;
    assert_eq!((reply.status, &reply.body[0]["contact_id"]), (200, &json!(12_117_258)));
    assert_eq!((running.target().leads().len(), running.target().contacts().len()), (2, 1));
}

#[tokio::test]
async fn incoming_leads_are_apart_and_once() {
    let (running, sender) = start().await;
    let reply = post(&sender, "leads/unsorted/forms", &json!([incoming()])).await;
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    let first = &reply.body["_embedded"]["unsorted"][0];
    assert!(first["uid"].is_string());
    assert_eq!(first["_embedded"]["leads"][0]["id"], 9_774_766);
    let note = json!([{ "note_type": "common", "params": { "text": "Hello" } }]);
    assert_eq!(post(&sender, "leads/9774766/notes", &note).await.status, 200);
    for wrong in [
        incoming(),
        with(incoming(), "/source_uid", json!(null)),
        with(incoming(), "/status_id", json!(32_392_156)),
        with(incoming(), "/metadata", json!({ "form_id": "p" })),
        with(incoming(), "/metadata/form_sent_at", json!(1_780_221_600_000_u64)),
        with(incoming(), "/_embedded/leads", json!([{ "name": "a" }, { "name": "b" }])),
    ] {
        let reply = post(&sender, "leads/unsorted/forms", &json!([wrong])).await;
        assert_eq!(reply.status, 400, "{wrong}");
    }
    assert_eq!((running.target().leads().len(), running.target().incoming().len()), (0, 1));
    let other = with(incoming(), "/metadata/form_page", json!("d"));
    assert_eq!(post(&sender, "leads/unsorted/forms", &json!([other])).await.status, 200);
}

#[tokio::test]
async fn notes_hang_on_leads() {
    let (running, sender) = start().await;
    post(&sender, "leads/complex", &json!([lead()])).await;
    for (lead, note, status) in [
        ("9774766", json!({ "note_type": "common", "params": { "text": "" } }), 400),
        ("9774766", json!({ "note_type": "text", "params": { "text": "a" } }), 400),
        ("9774766", json!({ "text": "a" }), 400),
        ("1", json!({ "note_type": "common", "params": { "text": "a" } }), 404),
        ("x", json!({ "note_type": "common", "params": { "text": "a" } }), 404),
    ] {
        let reply = post(&sender, &format!("leads/{lead}/notes"), &json!([note])).await;
        assert_eq!(reply.status, status, "{note}");
    }
    assert!(running.target().notes().is_empty());
}

#[tokio::test]
async fn lists_are_ordered_and_filtered_and_204_when_empty() {
    let (_running, sender) = start().await;
    let get = async |path: &str| sender.get(&format!("/api/v4/{path}")).await;
    let empty = ["leads", "leads/unsorted", "contacts?query=John"];
    for path in empty {
        assert_eq!(get(path).await.status, 204, "{path}");
    }
    for (name, at) in [("a", 100), ("b", 200), ("c", 200)] {
        let body = json!([with(with(lead(), "/name", json!(name)), "/created_at", json!(at))]);
        assert_eq!(post(&sender, "leads/complex", &body).await.status, 200);
    }
    assert_eq!(get("leads/9774766/notes").await.status, 204);
    for (path, expected) in [
        ("leads", &["a", "b", "c"][..]),
        ("leads?order%5Bid%5D=desc", &["c", "b", "a"]),
        ("leads?order%5Bid%5D=desc&limit=1", &["c"]),
        ("leads?filter%5Bcreated_at%5D%5Bfrom%5D=101&filter%5Bcreated_at%5D%5Bto%5D=200", &["b", "c"]),
    ] {
        let reply = get(path).await;
        let leads = reply.body["_embedded"]["leads"].as_array().unwrap().clone();
        let names: Vec<&str> = leads.iter().map(|lead| lead["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{path}");
    }
    for (term, count) in [("%2B12025551234", 3), ("2025551", 3), ("JOHN%40example.com", 3), ("smith", 3)] {
        let reply = get(&format!("contacts?query={term}")).await;
        assert_eq!(reply.body["_embedded"]["contacts"].as_array().unwrap().len(), count, "{term}");
    }
    for path in [
        "contacts",
        "contacts?query=",
        "contacts?phone=1",
        "leads?limit=0",
        "leads?limit=251",
        "leads?order=desc",
    ] {
        assert_eq!(get(path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let (_running, sender) = start().await;
    for (method, path, status) in [
        ("POST", "/api/v4/leads", 405),
        ("GET", "/api/v4/leads/complex", 405),
        ("PATCH", "/api/v4/leads/9774766/notes", 405),
        ("POST", "/api/v4/companies", 404),
        ("POST", "/api/v2/leads", 404),
        ("POST", "/", 404),
    ] {
        let reply = sender.send(method, path, &json!([lead()])).await;
        assert_eq!(reply.status, status, "{method} {path}");
    }
}

#[tokio::test]
async fn the_limit_answers_as_amocrm_does() {
    let (running, sender) = start().await;
    running.script(When::next(1), Fault::Answer(running.target().too_many_requests()));
    let reply = post(&sender, "leads/complex", &json!([lead()])).await;
    assert_eq!((reply.status, &reply.body["status"]), (429, &json!(429)));
    assert!(!reply.headers.contains_key("retry-after"));
    assert!(running.target().leads().is_empty());
}
