use hookwright_model::Timestamp;
use serde_json::{Value, json};

use super::{Reply, Sender};
use crate::hubspot::{Association, ObjectType};
use crate::{Fault, HubSpot, Running, Standin, Vendor, When};

const JSON: (&str, &str) = ("content-type", "application/json");
const BEARER: (&str, &str) = ("authorization", "Bearer pat-1");

async fn start() -> (Running<HubSpot>, Sender) {
    let account = HubSpot::new("pat-1").contact_property("conversation_id");
    let running = Standin::start(account).await.unwrap();
    let sender = Sender::to(&running, &[BEARER, JSON]);
    (running, sender)
}

async fn post(sender: &Sender, path: &str, body: Value) -> Reply {
    sender.send("POST", &format!("/crm/objects/2026-09/{path}"), &body).await
}

#[expect(clippy::needless_pass_by_value, reason = "reads well with `json!`")]
fn upsert(email: &str, properties: Value) -> Value {
    json!({ "inputs": [{ "id": email, "idProperty": "email", "properties": properties }] })
}

#[expect(clippy::needless_pass_by_value, reason = "reads well with `json!`")]
fn on(contact: &str, type_id: u32, properties: Value) -> Value {
    json!({
        "properties": properties,
        "associations": [{
            "to": { "id": contact },
            "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id }],
        }],
    })
}

fn note() -> Value {
    json!({ "hs_timestamp": "2026-05-31T10:00:00Z", "hs_note_body": "Hello" })
}

fn filters(filters: &[(&str, &str, &str)]) -> Value {
    let filters: Value = filters
        .iter()
        .map(|(name, operator, value)| json!({ "propertyName": name, "operator": operator, "value": value }))
        .collect();
    json!({ "filterGroups": [{ "filters": filters }], "limit": 1 })
}

#[tokio::test]
async fn credentials_are_checked() {
    let (running, _) = start().await;
    for headers in [&[JSON][..], &[JSON, ("authorization", "pat-1")], &[JSON, ("authorization", "Bearer x")]]
    {
        let reply = post(&Sender::to(&running, headers), "contacts", json!({})).await;
        assert_eq!(reply.status, 401);
        assert_eq!(reply.body["category"], "INVALID_AUTHENTICATION");
        assert_eq!(reply.body["status"], "error");
    }
    let other_errors = post(&Sender::to(&running, &[BEARER]), "contacts", json!({})).await;
    assert_eq!(other_errors.status, 415);
}

#[tokio::test]
async fn an_upsert_creates_and_then_updates() {
    let (running, sender) = start().await;
    let first =
        json!({ "email": "John@example.com", "firstname": "John", "phone": "+1", "lifecyclestage": "lead" });
    let reply = post(&sender, "contacts/batch/upsert", upsert("John@example.com", first)).await;
    assert_eq!((reply.status, &reply.body["results"][0]["id"]), (200, &json!("151")));
    assert_eq!(reply.body["results"][0]["new"], true);

    let second = json!({ "lastname": "Smith", "phone": "", "lifecyclestage": "subscriber" });
    let reply = post(&sender, "contacts/batch/upsert", upsert("john@example.com", second)).await;
    assert_eq!(reply.body["results"][0]["new"], false);
    let contacts = running.target().contacts();
    assert_eq!(contacts.len(), 1);
    assert_eq!(contacts[0].property("firstname"), Some("John"), "what is not named stays");
    assert_eq!(contacts[0].property("phone"), None, "an empty text erases");
    assert_eq!(contacts[0].property("lifecyclestage"), Some("lead"), "stages only move forward");
}

#[tokio::test]
async fn a_batch_is_checked_as_a_whole() {
    let (running, sender) = start().await;
    let input = |email: &str| json!({ "id": email, "idProperty": "email", "properties": {} });
    let many: Vec<Value> = (0..101).map(|index| input(&format!("a{index}@example.com"))).collect();
    for body in [
        json!({ "inputs": [] }),
        json!({ "inputs": many }),
        json!({ "inputs": [input("a@example.com"), input("A@example.com")] }),
        json!({ "inputs": [input("a@example.com"), input("a at example")] }),
        json!({ "inputs": [input("")] }),
        json!({ "inputs": [{ "id": "+1", "idProperty": "phone", "properties": {} }] }),
        json!({ "inputs": [{ "id": "a@example.com", "properties": {} }] }),
        upsert("a@example.com", json!({ "email": "b@example.com" })),
    ] {
        let reply = post(&sender, "contacts/batch/upsert", body.clone()).await;
        assert_eq!(reply.status, 400, "{body}");
    }
    assert!(running.target().contacts().is_empty());
}

#[tokio::test]
async fn a_contact_is_unique_by_address() {
    let (running, sender) = start().await;
    let john = json!({ "properties": { "email": "john@example.com" } });
    assert_eq!(post(&sender, "contacts", john.clone()).await.body["id"], "151");
    let conflict = post(&sender, "contacts", john.clone()).await;
    assert_eq!(conflict.status, 409);
    assert_eq!(conflict.body["category"], "CONFLICT");
    assert_eq!(conflict.body["message"], "Contact already exists. Existing ID: 151");

    post(&sender, "contacts", json!({ "properties": { "firstname": "Jane" } })).await;
    let patch = |id: &'static str, properties: Value| {
        let (path, body) = (format!("/crm/v3/objects/contacts/{id}"), json!({ "properties": properties }));
        let sender = &sender;
        async move { sender.send("PATCH", &path, &body).await.status }
    };
    assert_eq!(patch("152", json!({ "email": "john@example.com" })).await, 409);
    assert_eq!(patch("152", json!({ "lastname": "Doe" })).await, 200);
    assert_eq!(patch("153", json!({ "lastname": "Doe" })).await, 404);
    assert_eq!(patch("0152", json!({ "lastname": "Doe" })).await, 404);
    assert_eq!(running.target().contacts()[1].property("lastname"), Some("Doe"));
    // An address that was given up is free.
    assert_eq!(patch("151", json!({ "email": "new@example.com" })).await, 200);
    assert_eq!(post(&sender, "contacts", john).await.status, 201);
}

#[tokio::test]
async fn unfit_properties_are_refused_together() {
    let (running, sender) = start().await;
    let body = json!({ "properties": {
        "email": "john at example", "first_name": "John", "conversation_id": "c", "lifecyclestage": "LEAD",
    } });
    let reply = post(&sender, "contacts", body).await;
    assert_eq!((reply.status, &reply.body["category"]), (400, &json!("VALIDATION_ERROR")));
    let codes: Vec<_> = reply.body["errors"].as_array().unwrap().iter().map(|error| &error["code"]).collect();
    assert_eq!(codes, ["INVALID_EMAIL", "PROPERTY_DOESNT_EXIST", "INVALID_OPTION"]);
    assert_eq!(reply.body["errors"][1]["context"]["propertyName"], json!(["first_name"]));
    for body in [
        json!({ "properties": { "firstname": 7 } }),
        json!({ "properties": { "firstname": null } }),
        json!({ "properties": { "firstname": "John" }, "extra": 1 }),
        json!({ "properties": { "phone": "+1" } }),
        json!({ "properties": { "firstname": "" } }),
        json!([]),
    ] {
        assert_eq!(post(&sender, "contacts", body.clone()).await.status, 400, "{body}");
    }
    assert!(running.target().contacts().is_empty());
}

#[tokio::test]
async fn deals_and_notes_hang_on_contacts() {
    let (running, sender) = start().await;
    post(&sender, "contacts", json!({ "properties": { "firstname": "John" } })).await;
    let deal =
        json!({ "dealname": "Lead: John", "dealstage": "appointmentscheduled", "pipeline": "default" });
    let created = post(&sender, "deals", on("151", 3, deal.clone())).await;
    assert_eq!(created.status, 201);
    assert_eq!(post(&sender, "notes", on("151", 202, note())).await.status, 201);
    assert_eq!(
        post(&sender, "notes", on(created.body["id"].as_str().unwrap(), 214, note())).await.status,
        201
    );
    let on_john = vec![Association { to: ObjectType::Contact, id: "151".into() }];
    assert_eq!(running.target().deals()[0].associations, on_john);
    assert_eq!(running.target().notes()[0].associations, on_john);

    for (collection, body, problem) in [
        ("deals", on("152", 3, deal.clone()), "INVALID_OBJECT_IDS"),
        ("deals", on("151", 4, deal.clone()), "INVALID_ASSOCIATION_TYPES"),
        ("notes", on("151", 3, note()), "INVALID_ASSOCIATION_TYPES"),
        ("notes", on("151", 214, note()), "INVALID_OBJECT_IDS"),
    ] {
        let reply = post(&sender, collection, body.clone()).await;
        assert_eq!(reply.status, 400, "{body}");
        assert!(reply.body["context"][problem].is_array(), "{body}: {:?}", reply.body);
    }
    for (collection, properties) in [
        ("deals", json!({ "dealname": "Lead" })),
        ("deals", json!({ "dealstage": "appointmentscheduled" })),
        ("deals", json!({ "dealname": "Lead", "dealstage": "Appointment scheduled" })),
        ("deals", json!({ "dealname": "Lead", "dealstage": "closedwon", "pipeline": "sales" })),
        ("notes", json!({ "hs_note_body": "Hello" })),
        ("notes", json!({ "hs_note_body": "Hello", "hs_timestamp": "yesterday" })),
        ("notes", json!({ "hs_note_body": "a".repeat(65_537), "hs_timestamp": "1780221600000" })),
    ] {
        let reply = post(&sender, collection, json!({ "properties": properties })).await;
        assert_eq!(reply.status, 400, "{collection} {properties}");
    }
    assert_eq!((running.target().deals().len(), running.target().notes().len()), (1, 2));
}

#[tokio::test]
async fn searches_find_what_matches_every_filter() {
    let now = Timestamp::from_millis(5_000);
    let running = Standin::start(HubSpot::new("pat-1").at(now)).await.unwrap();
    let sender = Sender::to(&running, &[BEARER, JSON]);
    for name in ["John", "Jane"] {
        let properties = json!({ "firstname": name, "phone": "+1" });
        post(&sender, "contacts", json!({ "properties": properties })).await;
    }
    post(&sender, "notes", on("152", 202, note())).await;
    let found = async |collection: &str, wanted: &[(&str, &str, &str)]| {
        let reply = post(&sender, &format!("{collection}/search"), filters(wanted)).await;
        assert_eq!(reply.status, 200, "{:?}", reply.body);
        let first = reply.body["results"].get(0).map(|record| record["id"].as_str().unwrap().to_owned());
        (reply.body["total"].as_u64().unwrap(), first)
    };
    assert_eq!(found("contacts", &[("phone", "EQ", "+1")]).await, (2, Some("151".to_owned())));
    assert_eq!(found("contacts", &[("firstname", "EQ", "Jane")]).await, (1, Some("152".to_owned())));
    assert_eq!(found("contacts", &[("firstname", "EQ", "Jane"), ("phone", "EQ", "+2")]).await, (0, None));
    assert_eq!(found("contacts", &[("createdate", "GTE", "5000")]).await.0, 2);
    assert_eq!(found("contacts", &[("createdate", "GT", "5000")]).await.0, 0);
    let at = |millis: &'static str| [("associations.contact", "EQ", "152"), ("hs_timestamp", "EQ", millis)];
    assert_eq!(found("notes", &at("1780221600000")).await.0, 1);
    assert_eq!(found("notes", &at("1780221600001")).await.0, 0);
    assert_eq!(found("notes", &[("associations.contact", "EQ", "151")]).await.0, 0);
}

#[tokio::test]
async fn a_search_that_means_nothing_is_refused() {
    let (_running, sender) = start().await;
    for body in [
        filters(&[("first_name", "EQ", "x")]),
        filters(&[("associations.contact", "EQ", "151")]),
        filters(&[("firstname", "IS", "x")]),
        filters(&[("firstname", "GTE", "x")]),
        filters(&[("createdate", "GTE", "yesterday")]),
        filters(&[("phone", "EQ", "1"); 7]),
        filters(&[]),
        json!({ "limit": 201 }),
        json!({ "filters": [] }),
    ] {
        let reply = post(&sender, "contacts/search", body.clone()).await;
        assert_eq!(reply.status, 400, "{body}");
    }
}

#[tokio::test]
async fn a_further_address_of_a_contact_is_a_conflict_that_names_it() {
    let account = HubSpot::new("t").with_contact("john@example.com", "j.smith@example.com");
    let running = Standin::start(account).await.unwrap();
    let headers = [("authorization", "Bearer t"), ("content-type", "application/json")];
    let sender = Sender::to(&running, &headers);
    let properties = json!({ "email": "J.Smith@example.com", "phone": "+12025551234" });
    let input = json!({ "id": "J.Smith@example.com", "idProperty": "email", "properties": properties });
    let upserted = post(&sender, "contacts/batch/upsert", json!({ "inputs": [input] })).await;
    let created = post(&sender, "contacts", json!({ "properties": properties })).await;
    for reply in [upserted, created] {
        let conflict = json!("Contact already exists. Existing ID: 151");
        assert_eq!((reply.status, &reply.body["message"]), (409, &conflict));
    }
    let path = "/crm/objects/2026-09/contacts/151";
    let phone = json!({ "properties": { "phone": "+12025551234" } });
    assert_eq!(sender.send("PATCH", path, &phone).await.status, 200);
    assert_eq!(running.target().contacts().len(), 1);
}

#[tokio::test]
async fn texts_and_addresses_have_a_longest_length() {
    let (_running, sender) = start().await;
    let address = |local: usize| format!("{}@example.com", "j".repeat(local));
    for (property, value, status) in [
        ("message", "x".repeat(65_536), 201),
        ("message", "x".repeat(65_537), 400),
        ("email", address(254 - 12), 201),
        ("email", address(255 - 12), 400),
    ] {
        let contact = json!({ "properties": { "firstname": "J", property: value } });
        assert_eq!(post(&sender, "contacts", contact).await.status, status, "{property}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let (_running, sender) = start().await;
    let contact = json!({ "properties": { "firstname": "John" } });
    for (method, path, status) in [
        ("POST", "/crm/v3/objects/contacts", 201),
        ("POST", "/crm/objects/2026-03/contacts", 201),
        ("POST", "/crm/objects/2026-04/contacts", 404),
        ("POST", "/crm/v4/objects/contacts", 404),
        ("POST", "/crm/objects/2026-09/persons", 404),
        ("POST", "/crm/objects/2026-09/contacts/", 405),
        ("POST", "/crm/objects/2026-09/notes/batch/upsert", 404),
        ("POST", "/", 404),
        ("PUT", "/crm/objects/2026-09/contacts", 405),
        ("DELETE", "/crm/objects/2026-09/contacts/151", 405),
    ] {
        assert_eq!(sender.send(method, path, &contact).await.status, status, "{method} {path}");
    }
}

#[tokio::test]
async fn the_limit_answers_as_hubspot_does() {
    let (running, sender) = start().await;
    running.script(When::next(1), Fault::Answer(running.target().too_many_requests()));
    let reply = post(&sender, "contacts", json!({ "properties": { "firstname": "John" } })).await;
    assert_eq!((reply.status, &reply.body["policyName"]), (429, &json!("SECONDLY")));
    assert_eq!(reply.headers["retry-after"], "1");
    assert!(running.target().contacts().is_empty());
}
