use hookwright_model::Timestamp;
use serde_json::{Value, json};

use super::Sender;
use crate::{Fault, Pipedrive, Running, Standin, Vendor, When};

const JSON: (&str, &str) = ("content-type", "application/json");
const TOKEN: (&str, &str) = ("x-api-token", "token-1");

async fn start() -> (Running<Pipedrive>, Sender) {
    let running = Standin::start(Pipedrive::new("token-1")).await.unwrap();
    let sender = Sender::to(&running, &[TOKEN, JSON]);
    (running, sender)
}

fn john() -> Value {
    json!({
        "name": "John Smith",
        "emails": [{ "value": "John+1@example.com", "primary": true, "label": "work" }],
        "phones": [{ "value": "+12025551234", "primary": true, "label": "mobile" }],
    })
}

/// `base` with one member set.
fn with(mut base: Value, member: &str, value: Value) -> Value {
    base[member] = value;
    base
}

/// Posts each body and wants this status.
async fn expect_all(sender: &Sender, path: &str, bodies: Vec<Value>, status: u16) {
    for body in bodies {
        let reply = sender.send("POST", path, &body).await;
        assert_eq!(reply.status, status, "{body}: {:?}", reply.body);
        assert_eq!(reply.body["success"], status < 300, "{body}");
    }
}

#[tokio::test]
async fn credentials_are_checked() {
    let (running, _) = start().await;
    for headers in [&[JSON][..], &[JSON, ("x-api-token", "x")], &[JSON, ("authorization", "Bearer token-1")]]
    {
        let reply = Sender::to(&running, headers).send("POST", "/v2/persons", &john()).await;
        assert_eq!((reply.status, &reply.body["errorCode"]), (401, &json!(401)));
    }
    let in_query =
        Sender::to(&running, &[JSON]).send("POST", "/v1/leads?api_token=token-1", &json!({})).await;
    assert_eq!(in_query.status, 401);
    assert_eq!(Sender::to(&running, &[TOKEN]).send("POST", "/v2/persons", &john()).await.status, 415);
    assert!(running.target().persons().is_empty());
}

#[tokio::test]
async fn a_lead_goes_through_all_steps() {
    let (running, sender) = start().await;
    let person = sender.send("POST", "/v2/persons", &john()).await;
    assert_eq!((person.status, &person.body["data"]["id"]), (201, &json!(1)));
    let lead = json!({ "title": "John (telegram)", "person_id": 1, "origin_id": "c", "visible_to": "3" });
    let lead = sender.send("POST", "/v1/leads", &lead).await;
    let id = lead.body["data"]["id"].as_str().unwrap();
    let note = sender.send("POST", "/v1/notes", &json!({ "content": "<p>Hello</p>", "lead_id": id })).await;
    assert_eq!(note.status, 201);
    let deal = json!({ "title": "John", "person_id": 1, "pipeline_id": 1, "stage_id": 2, "visible_to": 3 });
    let deal = sender.send("POST", "/v2/deals", &deal).await;
    let deal_note = json!({ "content": "<p>Hello</p>", "deal_id": deal.body["data"]["id"] });
    assert_eq!(sender.send("POST", "/v1/notes", &deal_note).await.status, 201);

    let crm = running.target();
    assert_eq!((crm.persons().len(), crm.leads().len(), crm.deals().len()), (1, 1, 1));
    assert_eq!(crm.leads()[0]["add_time"], "2026-05-31T10:00:01Z");
    assert_eq!(crm.notes()[0]["add_time"], "2026-05-31 10:00:01");
    assert_eq!(crm.notes()[0]["lead_id"], id);
}

#[tokio::test]
async fn nothing_is_unique() {
    let (running, sender) = start().await;
    expect_all(&sender, "/v2/persons", vec![john(), john()], 201).await;
    assert_eq!(running.target().persons()[1]["id"], 2);
}

#[tokio::test]
async fn persons_are_typed_strictly() {
    let (running, sender) = start().await;
    let key = "a".repeat(40);
    let refused = vec![
        json!({}),
        json!([]),
        with(john(), "name", json!("")),
        with(john(), "email", json!("john@example.com")),
        with(john(), "emails", json!([])),
        with(john(), "emails", json!(["john@example.com"])),
        with(john(), "emails", json!([{ "value": "" }])),
        with(john(), "emails", json!([{ "primary": true }])),
        with(john(), "phones", json!([{ "value": "+1", "label": "cell" }])),
        with(john(), "phones", json!([{ "value": "+1", "primary": 1 }])),
        with(john(), "phones", json!(null)),
        with(john(), "owner_id", json!("3")),
        with(john(), "visible_to", json!("3")),
        with(john(), "visible_to", json!(2)),
        with(john(), "org_id", json!(1)),
        with(john(), "custom_fields", json!({ "key": "x" })),
        with(john(), &key, json!("x")),
    ];
    expect_all(&sender, "/v2/persons", refused, 400).await;
    expect_all(&sender, "/v2/persons", vec![with(john(), "job_title", json!("CEO"))], 403).await;
    assert!(running.target().persons().is_empty());
    let reply = sender.send("POST", "/v2/persons", &json!({})).await;
    assert_eq!(reply.body["code"], "ERR_SCHEMA_VALIDATION_FAILED");
    let custom = with(with(john(), "custom_fields", json!({ key: "x" })), "visible_to", json!(7));
    expect_all(&sender, "/v2/persons", vec![custom], 201).await;
}

#[tokio::test]
async fn leads_and_deals_are_typed_as_their_versions_want() {
    let (running, sender) = start().await;
    sender.send("POST", "/v2/persons", &john()).await;
    let record = || json!({ "title": "John", "person_id": 1 });
    let key = "0123456789abcdef0123456789abcdef01234567";
    let label = "f08b42a0-4e75-11ea-9643-03698ef1cfd6";
    let refused = vec![
        json!({ "title": "John" }),
        json!({ "person_id": 1 }),
        with(record(), "person_id", json!(2)),
        with(record(), "person_id", json!("1")),
        with(record(), "organization_id", json!(1)),
        with(record(), "visible_to", json!(3)),
        with(record(), "label_ids", json!([1])),
        with(record(), "note", json!("Hello")),
        with(record(), "value", json!({ "amount": 0 })),
        with(record(), "custom_fields", json!({ key: "x" })),
    ];
    expect_all(&sender, "/v1/leads", refused, 400).await;
    let lead = with(with(record(), key, json!("x")), "label_ids", json!([label]));
    let lead = with(lead, "value", json!({ "amount": 0, "currency": "EUR" }));
    expect_all(&sender, "/v1/leads", vec![lead], 201).await;

    let refused = vec![
        json!({ "person_id": 1 }),
        with(record(), "person_id", json!(2)),
        with(record(), "visible_to", json!("3")),
        with(record(), "origin_id", json!("c")),
        with(record(), key, json!("x")),
    ];
    expect_all(&sender, "/v2/deals", refused, 400).await;
    expect_all(&sender, "/v2/deals", vec![with(record(), "custom_fields", json!({ key: "x" }))], 201).await;
    assert_eq!((running.target().leads().len(), running.target().deals().len()), (1, 1));
}

#[tokio::test]
async fn notes_need_content_and_something_to_hang_on() {
    let (running, sender) = start().await;
    sender.send("POST", "/v2/persons", &john()).await;
    let note = || json!({ "content": "<p>Hello</p>", "person_id": 1 });
    let refused = vec![
        json!({ "content": "<p>Hello</p>" }),
        json!({ "person_id": 1 }),
        with(note(), "content", json!("")),
        with(note(), "content", json!("a".repeat(100_001))),
        with(note(), "person_id", json!(2)),
        with(note(), "lead_id", json!("adf21080-0e10-11eb-879b-05d71fb426ec")),
        with(note(), "lead_id", json!(1)),
        with(note(), "pinned_to_person_flag", json!(true)),
        with(note(), "add_time", json!("2026-05-31T10:00:00Z")),
    ];
    expect_all(&sender, "/v1/notes", refused, 400).await;
    let dated = with(note(), "add_time", json!("2026-05-31 09:00:00"));
    expect_all(&sender, "/v1/notes", vec![with(dated, "pinned_to_person_flag", json!(1))], 201).await;
    assert_eq!(running.target().notes()[0]["add_time"], "2026-05-31 09:00:00");
}

#[tokio::test]
async fn persons_are_searched_by_field() {
    let (_running, sender) = start().await;
    sender.send("POST", "/v2/persons", &john()).await;
    let found = async |query: &str| {
        let reply = sender.get(&format!("/v2/persons/search?{query}")).await;
        assert_eq!(reply.status, 200, "{query}: {:?}", reply.body);
        let items = reply.body["data"]["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["item"]["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(found("term=john%2B1%40example.com&fields=email&exact_match=true").await, [1]);
    assert_eq!(found("term=%2B12025551234&fields=phone&exact_match=true").await, [1]);
    assert_eq!(found("term=%2B12025551234&fields=email&exact_match=true").await, [0; 0]);
    assert_eq!(found("term=john&fields=email&exact_match=true").await, [0; 0]);
    assert_eq!(found("term=john&fields=email,name").await, [1]);
    assert_eq!(found("term=smith").await, [1]);
    for query in [
        "",
        "term=",
        "term=j",
        "term=&exact_match=true",
        "term=john&fields=emails",
        "term=john&exact_match=1",
        "term=john&origin_id=1",
        "term=john&term=jane",
    ] {
        assert_eq!(sender.get(&format!("/v2/persons/search?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn records_are_listed_by_what_they_hang_on() {
    let running = Standin::start(Pipedrive::new("token-1").at(Timestamp::EPOCH)).await.unwrap();
    let sender = Sender::to(&running, &[TOKEN, JSON]);
    expect_all(&sender, "/v2/persons", vec![john(), john()], 201).await;
    let records = |names: &[(&str, u64)]| {
        names.iter().map(|(title, person)| json!({ "title": title, "person_id": person })).collect::<Vec<_>>()
    };
    let three = [("a", 1), ("b", 2), ("c", 1)];
    expect_all(&sender, "/v1/leads", records(&three), 201).await;
    expect_all(&sender, "/v2/deals", records(&three), 201).await;
    let note = json!({ "content": "x", "lead_id": running.target().leads()[1]["id"] });
    expect_all(&sender, "/v1/notes", vec![note], 201).await;

    let titles = async |path: &str| {
        let reply = sender.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {:?}", reply.body);
        let data = reply.body["data"].as_array().unwrap().clone();
        data.iter().map(|record| record["title"].as_str().unwrap_or("note").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(titles("/v1/leads?person_id=1&sort=add_time%20DESC").await, ["c", "a"]);
    assert_eq!(titles("/v1/leads").await, ["a", "b", "c"]);
    assert_eq!(titles("/v1/leads?sort=add_time%20DESC&limit=1").await, ["c"]);
    assert_eq!(titles("/v2/deals?person_id=1&sort_by=add_time&sort_direction=desc").await, ["c", "a"]);
    assert_eq!(titles("/v2/deals?person_id=3").await, [""; 0]);
    let lead = running.target().leads()[1]["id"].as_str().unwrap().to_owned();
    assert_eq!(titles(&format!("/v1/notes?lead_id={lead}")).await, ["note"]);
    assert_eq!(titles("/v1/notes?deal_id=1").await, [""; 0]);
    for path in [
        "/v1/leads?origin_id=c",
        "/v1/leads?person_id=x",
        "/v1/leads?limit=0",
        "/v2/deals?limit=501",
        "/v1/leads?sort=add_time",
        "/v2/deals?sort=add_time%20DESC",
        "/v2/deals?sort_by=title",
        "/v2/deals?sort_direction=DESC",
        "/v1/notes?note=1",
    ] {
        assert_eq!(sender.get(path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let (_running, sender) = start().await;
    for (path, status) in [("/v1/persons", 404), ("/v2/leads", 404), ("/v2/notes", 404), ("", 404)] {
        assert_eq!(sender.send("POST", path, &john()).await.status, status, "{path}");
    }
    assert_eq!(sender.send("PUT", "/v2/persons", &john()).await.status, 405);
    assert_eq!(sender.send("POST", "/v2/persons/search", &john()).await.status, 405);
}

#[tokio::test]
async fn the_limit_answers_as_pipedrive_does() {
    let (running, sender) = start().await;
    running
        .script(When::matching("POST", "/v2/persons"), Fault::Answer(running.target().too_many_requests()));
    let reply = sender.send("POST", "/v2/persons", &john()).await;
    assert_eq!((reply.status, reply.headers["x-ratelimit-reset"].as_bytes()), (429, &b"1"[..]));
    assert!(running.target().persons().is_empty());
}
