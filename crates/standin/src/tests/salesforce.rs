use hookwright_model::Timestamp;
use serde_json::{Value, json};

use super::{Reply, Sender};
use crate::{Running, Salesforce, Standin};

const JSON: (&str, &str) = ("content-type", "application/json");
const TOKEN: (&str, &str) = ("authorization", "Bearer t");
const LEADS: &str = "/services/data/v60.0/sobjects/Lead";
const CONVERSATION: &str = "/services/data/v60.0/sobjects/Lead/Conversation__c/a%2Fb%2Bc";

async fn start(organization: Salesforce) -> (Running<Salesforce>, Sender) {
    let running = Standin::start(organization).await.unwrap();
    let sender = Sender::to(&running, &[JSON, TOKEN]);
    (running, sender)
}

fn john() -> Value {
    json!({ "FirstName": "John", "LastName": "Smith", "Company": "Unknown", "Email": "john@example.com" })
}

/// `base` with one member set.
fn with(mut base: Value, member: &str, value: Value) -> Value {
    base[member] = value;
    base
}

fn said(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.body[0]["errorCode"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn the_token_and_the_form_are_checked() {
    let (running, _) = start(Salesforce::new("t")).await;
    for (headers, expected) in [
        (&[JSON][..], (401, "INVALID_SESSION_ID")),
        (&[JSON, ("authorization", "Bearer x")], (401, "INVALID_SESSION_ID")),
        (&[TOKEN], (415, "UNSUPPORTED_MEDIA_TYPE")),
    ] {
        let reply = Sender::to(&running, headers).send("POST", LEADS, &john()).await;
        assert_eq!(said(&reply), expected);
    }
    assert!(running.target().leads().is_empty());
}

#[tokio::test]
async fn a_new_lead_is_answered_with_its_id() {
    let (running, sender) = start(Salesforce::new("t")).await;
    let reply = sender.send("POST", LEADS, &john()).await;
    assert_eq!((reply.status, &reply.body["id"]), (201, &json!("00Q5g0000000001EAA")));
    assert_eq!(reply.body["id"].as_str().unwrap().len(), 18);
    assert_eq!(running.target().leads()[0]["CreatedDate"], "2026-05-31T10:00:01Z");
}

#[tokio::test]
async fn unfit_fields_are_refused() {
    let (running, sender) = start(Salesforce::new("t")).await;
    let long = |chars: usize| json!("x".repeat(chars));
    for (body, code) in [
        (json!([]), "JSON_PARSER_ERROR"),
        (json!({ "LastName": "Smith" }), "REQUIRED_FIELD_MISSING"),
        (with(john(), "Company", json!("")), "REQUIRED_FIELD_MISSING"),
        (with(john(), "Utm__c", json!("x")), "INVALID_FIELD"),
        (with(john(), "Id", json!("00Q5g0000000001EAA")), "INVALID_FIELD"),
        (with(john(), "Phone", json!(1)), "JSON_PARSER_ERROR"),
        (with(john(), "FirstName", long(41)), "STRING_TOO_LONG"),
        (with(john(), "LastName", json!("🦀".repeat(41))), "STRING_TOO_LONG"),
        (with(john(), "Description", long(32_001)), "STRING_TOO_LONG"),
        (with(john(), "Email", json!("john at example")), "INVALID_EMAIL_ADDRESS"),
        (with(john(), "Email", json!("я@пример.рф")), "INVALID_EMAIL_ADDRESS"),
        (with(john(), "LeadSource", json!("Chat")), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        (with(john(), "OwnerId", json!("me")), "MALFORMED_ID"),
    ] {
        let reply = sender.send("POST", LEADS, &body).await;
        assert_eq!(said(&reply), (400, code), "{body}");
    }
    assert!(running.target().leads().is_empty());
    let full = with(with(john(), "Description", long(32_000)), "LeadSource", json!("Web"));
    assert_eq!(sender.send("POST", LEADS, &full).await.status, 201);
}

#[tokio::test]
async fn an_external_id_is_upserted() {
    let (running, sender) = start(Salesforce::new("t")).await;
    let find = format!("{CONVERSATION}?fields=Id");
    assert_eq!(said(&sender.get(&find).await), (404, "NOT_FOUND"));
    let created = sender.send("PATCH", CONVERSATION, &john()).await;
    assert_eq!((created.status, &created.body["created"]), (201, &json!(true)));
    let updated = sender.send("PATCH", CONVERSATION, &json!({ "Phone": "+1", "Email": null })).await;
    assert_eq!((updated.status, &updated.body["id"]), (200, &created.body["id"]));
    assert_eq!(sender.get(&find).await.body["Id"], created.body["id"]);
    let lead = &running.target().leads()[0];
    assert_eq!((&lead["Phone"], lead.get("Email")), (&json!("+1"), None));
    assert_eq!(lead["Conversation__c"], "a/b+c");

    let both = with(john(), "Conversation__c", json!("a/b+c"));
    assert_eq!(said(&sender.send("PATCH", CONVERSATION, &both).await), (400, "INVALID_FIELD"));
    assert_eq!(said(&sender.send("POST", LEADS, &both).await), (400, "DUPLICATE_VALUE"));
    let erased = json!({ "LastName": "" });
    assert_eq!(said(&sender.send("PATCH", CONVERSATION, &erased).await), (400, "REQUIRED_FIELD_MISSING"));
    let unknown = format!("{LEADS}/Email/john@example.com");
    assert_eq!(said(&sender.send("PATCH", &unknown, &john()).await), (404, "NOT_FOUND"));
    assert_eq!(running.target().leads().len(), 1);
}

#[tokio::test]
async fn duplicate_rules_alert_or_block() {
    for (organization, allowed) in [
        (Salesforce::new("t").alerting_about_duplicates(), 201),
        (Salesforce::new("t").blocking_duplicates(), 400),
    ] {
        let (running, sender) = start(organization).await;
        let allowing = [JSON, TOKEN, ("sforce-duplicate-rule-header", "allowSave=true")];
        assert_eq!(sender.send("POST", LEADS, &john()).await.status, 201);
        let reply = sender.send("POST", LEADS, &john()).await;
        assert_eq!(said(&reply), (400, "DUPLICATES_DETECTED"));
        let reply = Sender::to(&running, &allowing).send("POST", LEADS, &john()).await;
        assert_eq!(reply.status, allowed);
    }
}

#[tokio::test]
async fn queries_find_the_newest_lead_that_meets_all() {
    let (_running, sender) = start(Salesforce::new("t").at(Timestamp::EPOCH)).await;
    for name in ["O'Neil \\ x", "Smith"] {
        sender.send("POST", LEADS, &with(john(), "LastName", json!(name))).await;
    }
    let query = async |conditions: &str| {
        let soql = format!("SELECT Id FROM Lead WHERE {conditions} ORDER BY CreatedDate DESC LIMIT 1");
        let encoded: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        sender.get(&format!("/services/data/v60.0/query?q={encoded}")).await
    };
    for (conditions, id) in [
        ("LastName = 'O\\'Neil \\\\ x' AND Phone = null", json!("00Q5g0000000001EAA")),
        ("Email = 'JOHN@example.com'", json!("00Q5g0000000002EAA")),
        ("LastName = 'Smith' AND CreatedDate >= 1970-01-01T00:00:00Z", json!("00Q5g0000000002EAA")),
        ("LastName = 'Smith' AND CreatedDate >= 1970-01-01T00:00:01Z", Value::Null),
        ("LastName = 'Jones'", Value::Null),
    ] {
        let reply = query(conditions).await;
        assert_eq!((reply.status, &reply.body["records"][0]["Id"]), (200, &id), "{conditions}");
    }
    for (conditions, code) in [
        ("LastName = 'O'Neil'", "MALFORMED_QUERY"),
        ("LastName = 'x\\'", "MALFORMED_QUERY"),
        ("LastName = Smith", "MALFORMED_QUERY"),
        ("Utm__c = 'x'", "INVALID_FIELD"),
        ("Description = 'x'", "INVALID_FIELD"),
        ("CreatedDate >= today", "MALFORMED_QUERY"),
    ] {
        assert_eq!(said(&query(conditions).await), (400, code), "{conditions}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let (_running, sender) = start(Salesforce::new("t")).await;
    for (method, path, status) in [
        ("PUT", LEADS, 405),
        ("POST", "/services/data/v60.0/sobjects/Lead?x=1", 405),
        ("POST", "/services/data/v60.0/sobjects/Contact", 404),
        ("POST", "/services/data/v59.0/sobjects/Lead", 404),
    ] {
        assert_eq!(sender.send(method, path, &john()).await.status, status, "{method} {path}");
    }
}
