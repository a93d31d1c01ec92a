use serde_json::{Value, json};

use super::{Reply, Sender};
use crate::{Airtable, Fault, Running, Standin, Vendor, When};

const JSON: (&str, &str) = ("content-type", "application/json");
const TOKEN: (&str, &str) = ("authorization", "Bearer token-1");
const PATH: &str = "/v0/appHookwright0001/tblHookwright0001";

async fn start(airtable: Airtable) -> (Running<Airtable>, Sender) {
    let running = Standin::start(airtable).await.unwrap();
    let sender = Sender::to(&running, &[TOKEN, JSON]);
    (running, sender)
}

fn john() -> Value {
    json!({
        "Name": "John Smith", "Phone": "+12025551234", "Email": "john@example.com",
        "Message": "I'd like to\nknow about pricing", "Channel": "telegram", "Conversation ID": "42",
        "Created At": "2026-05-31T10:00:00Z",
    })
}

fn records(fields: &Value, typecast: bool) -> Value {
    json!({ "records": [{ "fields": fields }], "typecast": typecast })
}

async fn upsert(sender: &Sender, keys: &Value, fields: &Value) -> Reply {
    let mut body = records(fields, true);
    body["performUpsert"] = json!({ "fieldsToMergeOn": keys });
    sender.send("PATCH", PATH, &body).await
}

#[tokio::test]
async fn credentials_and_places_are_checked() {
    let (running, sender) = start(Airtable::new("token-1")).await;
    for headers in
        [&[JSON][..], &[JSON, ("authorization", "Bearer x")], &[JSON, ("authorization", "token-1")]]
    {
        let reply = Sender::to(&running, headers).send("POST", PATH, &records(&john(), true)).await;
        assert_eq!((reply.status, &reply.body["error"]["type"]), (401, &json!("AUTHENTICATION_REQUIRED")));
    }
    for (method, path, status, error) in [
        ("POST", "/v0/appHookwright0001/Other", 403, json!("INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")),
        ("POST", "/v0/appOther/Leads", 403, json!("INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")),
        ("POST", "/v0/appHookwright0001", 404, json!("NOT_FOUND")),
        ("PUT", PATH, 404, json!("NOT_FOUND")),
    ] {
        let reply = sender.send(method, path, &records(&john(), true)).await;
        let found = if status == 404 { &reply.body["error"] } else { &reply.body["error"]["type"] };
        assert_eq!((reply.status, found), (status, &error), "{method} {path}");
    }
    assert_eq!(Sender::to(&running, &[TOKEN]).send("POST", PATH, &records(&john(), true)).await.status, 400);
    assert!(running.target().rows().is_empty());
    let by_name = sender.send("POST", "/v0/appHookwright0001/Leads", &records(&john(), true)).await;
    assert_eq!(by_name.status, 200);
}

#[tokio::test]
async fn a_record_is_created_and_shown_without_its_empty_cells() {
    let (running, sender) = start(Airtable::new("token-1")).await;
    let mut fields = john();
    fields["Email"] = json!("");
    fields["Phone"] = Value::Null;
    let reply = sender.send("POST", PATH, &records(&fields, true)).await;
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    let record = &reply.body["records"][0];
    assert_eq!(record["id"], "rec00000000000001");
    assert_eq!(record["createdTime"], "2026-05-31T10:00:01Z");
    assert_eq!(record["fields"].as_object().unwrap().len(), 5);
    assert_eq!(running.target().rows(), std::slice::from_ref(record));
    assert_eq!(running.target().records()[0].id, "rec00000000000001");
}

#[tokio::test]
async fn cells_are_typed_as_typecast_says() {
    let columns = [
        ("Text", "singleLineText"),
        ("Long", "multilineText"),
        ("Channel", "singleSelect"),
        ("Tags", "multipleSelects"),
        ("At", "dateTime"),
        ("Score", "number"),
        ("Hot", "checkbox"),
    ];
    let (_running, sender) = start(Airtable::new("token-1").with_columns(&columns)).await;
    for (fields, strictly, converted) in [
        (json!({ "Text": "a" }), "", ""),
        (json!({ "text": "a" }), "UNKNOWN_FIELD_NAME", "UNKNOWN_FIELD_NAME"),
        (json!({ "Text": 7 }), "INVALID_VALUE_FOR_COLUMN", ""),
        (json!({ "Text": "a\nb" }), "INVALID_VALUE_FOR_COLUMN", ""),
        (json!({ "Long": "a\nb" }), "", ""),
        (json!({ "Long": { "a": 1 } }), "INVALID_VALUE_FOR_COLUMN", "INVALID_VALUE_FOR_COLUMN"),
        (json!({ "Long": "a".repeat(100_001) }), "INVALID_VALUE_FOR_COLUMN", "INVALID_VALUE_FOR_COLUMN"),
        (json!({ "Channel": "telegram" }), "INVALID_MULTIPLE_CHOICE_OPTIONS", ""),
        (json!({ "Channel": ["telegram"] }), "INVALID_VALUE_FOR_COLUMN", "INVALID_VALUE_FOR_COLUMN"),
        (json!({ "Tags": ["a"] }), "INVALID_MULTIPLE_CHOICE_OPTIONS", ""),
        (json!({ "Tags": "a" }), "INVALID_VALUE_FOR_COLUMN", ""),
        (json!({ "At": "2026-05-31" }), "", ""),
        (json!({ "At": "yesterday" }), "INVALID_VALUE_FOR_COLUMN", "INVALID_VALUE_FOR_COLUMN"),
        (json!({ "Score": "7.5" }), "INVALID_VALUE_FOR_COLUMN", ""),
        (json!({ "Score": "seven" }), "INVALID_VALUE_FOR_COLUMN", "INVALID_VALUE_FOR_COLUMN"),
        (json!({ "Hot": true }), "", ""),
        (json!({ "Hot": "maybe" }), "INVALID_VALUE_FOR_COLUMN", "INVALID_VALUE_FOR_COLUMN"),
    ] {
        for (typecast, expected) in [(false, strictly), (true, converted)] {
            let reply = sender.send("POST", PATH, &records(&fields, typecast)).await;
            let status = if expected.is_empty() { 200 } else { 422 };
            assert_eq!(reply.status, status, "{fields} {typecast}: {:?}", reply.body);
            assert_eq!(
                reply.body["error"]["type"].as_str().unwrap_or_default(),
                expected,
                "{fields} {typecast}"
            );
        }
    }
    let known = sender.send("POST", PATH, &records(&json!({ "Channel": "telegram" }), false)).await;
    assert_eq!(known.status, 200, "the option was made by a typecast");
}

#[tokio::test]
async fn bodies_are_checked() {
    let (running, sender) = start(Airtable::new("token-1")).await;
    let record = json!({ "fields": john() });
    for body in [
        json!({}),
        json!([]),
        json!({ "fields": john() }),
        json!({ "records": [] }),
        json!({ "records": vec![record.clone(); 11], "typecast": true }),
        json!({ "records": [record], "typecast": "yes" }),
        json!({ "records": [{ "fields": john(), "id": "rec1" }], "typecast": true }),
        json!({ "records": [record], "typecast": true, "performUpsert": { "fieldsToMergeOn": ["Name"] } }),
    ] {
        assert_eq!(sender.send("POST", PATH, &body).await.status, 422, "{body}");
    }
    assert_eq!(sender.try_send("POST", PATH, "{").await.unwrap().status, 400);
    assert_eq!(sender.send("PATCH", PATH, &records(&john(), true)).await.status, 422);
    assert!(running.target().rows().is_empty());
}

#[tokio::test]
async fn a_record_is_upserted_by_what_it_is_merged_on() {
    let (running, sender) = start(Airtable::new("token-1")).await;
    let keys = json!(["Conversation ID"]);
    let first = upsert(&sender, &keys, &john()).await.body;
    assert_eq!(
        (&first["createdRecords"], &first["updatedRecords"]),
        (&json!(["rec00000000000001"]), &json!([]))
    );
    let later = json!({ "Conversation ID": "42", "Name": "Jane", "Email": "" });
    let second = upsert(&sender, &keys, &later).await.body;
    assert_eq!(
        (&second["createdRecords"], &second["updatedRecords"]),
        (&json!([]), &json!(["rec00000000000001"]))
    );
    let fields = &running.target().rows()[0]["fields"];
    assert_eq!(
        (&fields["Name"], &fields["Phone"], fields.get("Email")),
        (&json!("Jane"), &json!("+12025551234"), None)
    );

    for (keys, fields) in [
        (json!([]), john()),
        (json!(["a", "b", "c", "d"]), john()),
        (json!(["Conversation"]), john()),
        (json!(["Phone"]), john()),
        (keys.clone(), json!({ "Name": "John" })),
    ] {
        assert_eq!(upsert(&sender, &keys, &fields).await.status, 422, "{keys}");
    }
    sender.send("POST", PATH, &records(&john(), true)).await;
    let several = upsert(&sender, &keys, &john()).await;
    assert_eq!(several.status, 422, "more than one record has the key");
    assert_eq!(running.target().rows().len(), 2);
}

#[tokio::test]
async fn the_limit_answers_as_airtable_does() {
    let (running, sender) = start(Airtable::new("token-1")).await;
    running.script(When::next(1), Fault::Answer(running.target().too_many_requests()));
    let reply = sender.send("POST", PATH, &records(&john(), true)).await;
    assert_eq!((reply.status, &reply.body["errors"][0]["error"]), (429, &json!("RATE_LIMIT_REACHED")));
    assert!(running.target().rows().is_empty());
}
