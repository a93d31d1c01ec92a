use serde_json::{Value, json};

use super::{Reply, Sender};
use crate::{Bitrix24, Fault, Running, Standin, Vendor, When};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn start() -> (Running<Bitrix24>, Sender) {
    let portal = Bitrix24::new("secret-1").with_contact("+12025551234", "john@example.com");
    let running = Standin::start(portal).await.unwrap();
    let sender = Sender::to(&running, &[JSON]);
    (running, sender)
}

async fn call(sender: &Sender, method: &str, body: &Value) -> Reply {
    sender.send("POST", &format!("/{method}"), body).await
}

fn item() -> Value {
    json!({ "entityTypeId": 1, "fields": {
        "title": "John Smith (telegram)", "name": "John", "lastName": "Smith", "sourceId": "WEB",
        "sourceDescription": "telegram", "comments": "Hello", "originatorId": "hookwright", "originId": "evt_1",
        "fm": [
            { "typeId": "PHONE", "valueType": "WORK", "value": "+12025551234" },
            { "typeId": "EMAIL", "valueType": "WORK", "value": "john@example.com" },
        ],
    } })
}

fn lead() -> Value {
    json!({ "fields": {
        "TITLE": "John Smith (telegram)", "NAME": "John", "LAST_NAME": "Smith", "SOURCE_ID": "WEB",
        "SOURCE_DESCRIPTION": "telegram", "COMMENTS": "Hello", "ORIGINATOR_ID": "hookwright", "ORIGIN_ID": "evt_1",
        "PHONE": [{ "VALUE": "+12025551234", "VALUE_TYPE": "WORK" }],
        "EMAIL": [{ "VALUE": "john@example.com", "VALUE_TYPE": "WORK" }],
    }, "params": { "REGISTER_SONET_EVENT": "Y" } })
}

/// `base` with one of its fields set.
fn with(mut base: Value, field: &str, value: Value) -> Value {
    base["fields"][field] = value;
    base
}

#[tokio::test]
async fn the_secret_is_in_the_url() {
    let (running, mut sender) = start().await;
    assert!(running.url().ends_with("/rest/1/secret-1"));
    sender.url = sender.url.replace("secret-1", "secret-2");
    let reply = call(&sender, "crm.item.add", &item()).await;
    assert_eq!((reply.status, &reply.body["error"]), (401, &json!("NO_AUTH_FOUND")));
    assert!(running.target().leads().is_empty());
}

#[tokio::test]
async fn both_methods_make_the_same_lead() {
    let (running, sender) = start().await;
    let current = call(&sender, "crm.item.add", &item()).await;
    assert_eq!((current.status, &current.body["result"]["item"]["id"]), (200, &json!(342)));
    assert_eq!(current.body["time"]["operating_reset_at"], 1_780_222_201);
    let older = call(&sender, "crm.lead.add.json", &lead()).await;
    assert_eq!((older.status, &older.body["result"]), (200, &json!(343)));
    let [mut first, mut second] = [running.target().leads()[0].clone(), running.target().leads()[1].clone()];
    for lead in [&mut first, &mut second] {
        lead.as_object_mut().unwrap().remove("id");
    }
    assert_eq!(first, second);
    assert_eq!(first["stageId"], "NEW");
}

#[tokio::test]
async fn what_bitrix24_would_drop_or_refuse_is_refused() {
    let (running, sender) = start().await;
    let phone = |value: Value| json!([value]);
    for (body, code) in [
        (with(item(), "TITLE", json!("John")), "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (
            with(item(), "PHONE", json!([{ "VALUE": "+1", "VALUE_TYPE": "WORK" }])),
            "CRM_FIELD_ERROR_VALUE_NOT_VALID",
        ),
        (with(item(), "lastname", json!("Smith")), "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (with(item(), "title", json!("a".repeat(256))), "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (with(item(), "comments", json!("a".repeat(65_536))), "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (with(item(), "sourceId", json!("CHAT")), "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (with(item(), "stageId", json!("new")), "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (with(item(), "assignedById", json!("1")), "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (with(item(), "assignedById", json!(2)), "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (with(item(), "contactId", json!(1)), "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (with(item(), "fm", json!("+1")), "100"),
        (with(item(), "fm", json!(null)), "100"),
        (with(item(), "fm", json!([])), "100"),
        (
            with(item(), "fm", phone(json!({ "typeId": "PHONE", "value": "+1" }))),
            "CRM_FIELD_ERROR_VALUE_NOT_VALID",
        ),
        (
            with(item(), "fm", phone(json!({ "typeId": "PHONE", "valueType": "CELL", "value": "+1" }))),
            "CRM_FIELD_ERROR_VALUE_NOT_VALID",
        ),
        (
            with(item(), "fm", phone(json!({ "typeId": "EMAIL", "valueType": "WORK", "value": "john" }))),
            "CRM_FIELD_ERROR_VALUE_NOT_VALID",
        ),
        (with(item(), "name", json!("")), "100"),
        (json!({ "entityTypeId": 2, "fields": { "title": "a" } }), "NOT_FOUND"),
        (json!({ "fields": { "title": "a" } }), "100"),
        (json!({ "entityTypeId": 1, "title": "a" }), "100"),
    ] {
        let reply = call(&sender, "crm.item.add", &body).await;
        assert_eq!((reply.status, &reply.body["error"]), (400, &json!(code)), "{body}");
    }
    for body in [
        with(lead(), "title", json!("John")),
        with(lead(), "fm", json!([{ "typeId": "PHONE", "valueType": "WORK", "value": "+1" }])),
        with(lead(), "PHONE", json!("+1")),
        with(lead(), "PHONE", json!([{ "value": "+1", "valueType": "WORK" }])),
        with(lead(), "EMAIL", json!([{ "VALUE": "john", "VALUE_TYPE": "WORK" }])),
        json!({ "fields": { "TITLE": "a" }, "params": { "REGISTER_SONET_EVENT": true } }),
    ] {
        assert_eq!(call(&sender, "crm.lead.add", &body).await.status, 400, "{body}");
    }
    assert!(running.target().leads().is_empty());
}

#[tokio::test]
async fn a_lead_with_only_a_title_is_one() {
    let (running, sender) = start().await;
    let only = json!({ "entityTypeId": 1, "fields": { "title": "John" } });
    assert_eq!(call(&sender, "crm.item.add", &only).await.status, 200);
    let linked = with(only, "contactId", json!(51));
    assert_eq!(call(&sender, "crm.item.add", &linked).await.status, 200);
    assert_eq!(running.target().leads().len(), 2);
}

#[tokio::test]
async fn leads_are_found_by_their_origin() {
    let (_running, sender) = start().await;
    call(&sender, "crm.item.add", &item()).await;
    call(&sender, "crm.item.add", &with(item(), "originId", json!("evt_2"))).await;
    let wanted = |id: &str| json!({ "=originatorId": "hookwright", "=originId": id });
    let list = |filter: Value| json!({ "entityTypeId": 1, "filter": filter, "select": ["id"] });
    let reply = call(&sender, "crm.item.list", &list(wanted("evt_2"))).await;
    assert_eq!(reply.body["result"]["items"], json!([{ "id": 343 }]));
    let reply = call(&sender, "crm.item.list", &list(wanted("evt_3"))).await;
    assert_eq!(reply.body["result"]["items"], json!([]));
    let old = json!({ "filter": { "=ORIGIN_ID": "evt_1" }, "select": ["ID"] });
    assert_eq!(call(&sender, "crm.lead.list", &old).await.body["result"], json!([{ "ID": "342" }]));
    for (method, body) in [
        ("crm.item.list", list(json!({ "=origin": "evt_1" }))),
        ("crm.item.list", list(json!({ "=ORIGIN_ID": "evt_1" }))),
        ("crm.item.list", json!({ "filter": wanted("evt_1"), "select": ["id"] })),
        ("crm.lead.list", json!({ "filter": wanted("evt_1"), "select": ["ID"] })),
        ("crm.lead.list", list(wanted("evt_1"))),
    ] {
        assert_eq!(call(&sender, method, &body).await.status, 400, "{method} {body}");
    }
}

#[tokio::test]
async fn duplicates_are_found_by_phone_number_and_address() {
    let (_running, sender) = start().await;
    let find = |kind: &str, value: &str| json!({ "type": kind, "values": [value] });
    let reply = call(&sender, "crm.duplicate.findbycomm", &find("PHONE", "+12025551234")).await;
    assert_eq!(reply.body["result"], json!({ "CONTACT": [51] }));
    call(&sender, "crm.item.add", &item()).await;
    let both = find("EMAIL", "john@example.com");
    let reply = call(&sender, "crm.duplicate.findbycomm", &both).await;
    assert_eq!(reply.body["result"], json!({ "LEAD": [342], "CONTACT": [51] }));
    let mut only = both;
    only["entity_type"] = json!("CONTACT");
    let reply = call(&sender, "crm.duplicate.findbycomm", &only).await;
    assert_eq!(reply.body["result"], json!({ "CONTACT": [51] }));
    let reply = call(&sender, "crm.duplicate.findbycomm", &find("PHONE", "+1")).await;
    assert_eq!(reply.body["result"], json!([]));
    for body in [
        find("phone", "+1"),
        json!({ "type": "PHONE", "values": vec!["+1"; 21] }),
        json!({ "type": "PHONE" }),
    ] {
        assert_eq!(call(&sender, "crm.duplicate.findbycomm", &body).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn comments_hang_on_leads() {
    let (running, sender) = start().await;
    call(&sender, "crm.item.add", &item()).await;
    let comment = |id: u64, text: &str| json!({ "fields": { "ENTITY_ID": id, "ENTITY_TYPE": "lead", "COMMENT": text } });
    for text in ["a", "b"] {
        assert_eq!(call(&sender, "crm.timeline.comment.add", &comment(342, text)).await.status, 200);
    }
    let mut unknown = comment(342, "a");
    unknown["fields"]["TEXT"] = json!("a");
    for wrong in [comment(343, "a"), unknown] {
        assert_eq!(call(&sender, "crm.timeline.comment.add", &wrong).await.status, 400, "{wrong}");
    }
    let list = json!({
        "filter": { "ENTITY_ID": 342, "ENTITY_TYPE": "lead" }, "order": { "ID": "DESC" }, "select": ["COMMENT"],
    });
    let reply = call(&sender, "crm.timeline.comment.list", &list).await;
    assert_eq!(reply.body["result"], json!([{ "COMMENT": "b" }, { "COMMENT": "a" }]));
    assert_eq!(running.target().comments().len(), 2);
}

#[tokio::test]
async fn other_methods_are_refused() {
    let (running, sender) = start().await;
    let reply = call(&sender, "crm.deal.add", &item()).await;
    assert_eq!((reply.status, &reply.body["error"]), (404, &json!("ERROR_METHOD_NOT_FOUND")));
    assert_eq!(sender.get("/crm.item.add").await.status, 400);
    assert_eq!(call(&Sender::to(&running, &[]), "crm.item.add", &item()).await.status, 400);
}

#[tokio::test]
async fn the_limit_answers_as_bitrix24_does() {
    let (running, sender) = start().await;
    running.script(When::next(1), Fault::Answer(running.target().too_many_requests()));
    let reply = call(&sender, "crm.item.add", &item()).await;
    assert_eq!((reply.status, &reply.body["error"]), (503, &json!("QUERY_LIMIT_EXCEEDED")));
    assert!(running.target().leads().is_empty());
}
