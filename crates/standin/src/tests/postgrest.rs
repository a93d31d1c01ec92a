use serde_json::{Value, json};

use super::{Reply, Sender};
use crate::{Postgrest, Running, Standin};

const JSON: (&str, &str) = ("content-type", "application/json");
const KEYS: [(&str, &str); 2] = [("apikey", "k"), ("authorization", "Bearer k")];
const MERGE: (&str, &str) = ("prefer", "resolution=merge-duplicates, return=representation");
const IGNORE: (&str, &str) = ("prefer", "resolution=ignore-duplicates");

async fn start(table: Postgrest, headers: &[(&'static str, &str)]) -> (Running<Postgrest>, Sender) {
    let running = Standin::start(table).await.unwrap();
    let sender = Sender::to(&running, &[&KEYS, headers].concat());
    (running, sender)
}

fn john() -> Value {
    json!({ "conversation_id": "c-1", "created_at": "2026-05-31T10:00:00Z", "name": "John", "phone": "+1" })
}

/// `base` with one member set.
fn with(mut base: Value, member: &str, value: Value) -> Value {
    base[member] = value;
    base
}

fn said(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.body["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn both_keys_are_wanted() {
    let (running, _) = start(Postgrest::new("k"), &[]).await;
    for (headers, status) in [
        (&[JSON][..], 401),
        (&[JSON, KEYS[1]], 401),
        (&[JSON, KEYS[0]], 401),
        (&[JSON, ("apikey", "x"), KEYS[1]], 401),
        (&[JSON, KEYS[0], ("authorization", "Bearer x")], 401),
        (&[KEYS[0], KEYS[1]], 415),
    ] {
        assert_eq!(Sender::to(&running, headers).send("POST", "/leads", &john()).await.status, status);
    }
    assert!(running.target().rows().is_empty());
}

#[tokio::test]
async fn an_insert_conflicts_and_a_resolution_does_not() {
    let (running, insert) = start(Postgrest::new("k"), &[JSON]).await;
    let merge = Sender::to(&running, &[&KEYS[..], &[JSON, MERGE]].concat());
    let ignore = Sender::to(&running, &[&KEYS[..], &[JSON, IGNORE]].concat());
    assert_eq!(insert.send("POST", "/leads", &john()).await.status, 201);
    let again = insert.send("POST", "/leads", &john()).await;
    assert_eq!(said(&again), (409, "23505"));
    assert_eq!(again.body["details"], "Key (conversation_id)=(c-1) already exists.");

    let path = "/leads?on_conflict=conversation_id";
    let jane = json!([{ "conversation_id": "c-1", "created_at": "2026-06-01T10:00:00Z", "name": "Jane" }]);
    assert_eq!(ignore.send("POST", path, &jane).await.status, 200);
    assert_eq!(running.target().rows()[0]["name"], "John");
    let merged = merge.send("POST", path, &jane).await;
    assert_eq!((merged.status, &merged.body[0]["name"]), (200, &json!("Jane")));
    assert_eq!(running.target().rows()[0]["phone"], "+1", "what is not sent stays");
    assert_eq!(running.target().rows().len(), 1);
    let other = with(john(), "conversation_id", json!("c-2"));
    assert_eq!(merge.send("POST", "/leads", &other).await.status, 201);
}

#[tokio::test]
async fn another_unique_column_conflicts_under_any_resolution() {
    let (running, merge) = start(Postgrest::new("k").unique("email"), &[JSON, MERGE]).await;
    let john = with(john(), "email", json!("john@example.com"));
    let path = "/leads?on_conflict=conversation_id";
    assert_eq!(merge.send("POST", path, &john).await.status, 201);
    let other = with(john, "conversation_id", json!("c-2"));
    let reply = merge.send("POST", path, &other).await;
    assert_eq!(said(&reply), (409, "23505"));
    assert!(reply.body["details"].as_str().unwrap().contains("(email)"), "{reply:?}");
    assert_eq!(running.target().rows().len(), 1);
}

#[tokio::test]
async fn rows_are_typed_and_all_or_none_are_inserted() {
    let (running, sender) = start(Postgrest::new("k"), &[JSON]).await;
    for (body, code) in [
        (json!("text"), "PGRST102"),
        (json!([]), "PGRST102"),
        (json!([john(), {}]), "PGRST102"),
        (with(john(), "utm", json!("x")), "PGRST204"),
        (with(john(), "name", json!(1)), "22P02"),
        (with(john(), "name", json!("a\0b")), "22P05"),
        (with(john(), "project_id", json!("p")), "22P02"),
        (with(john(), "created_at", json!("yesterday")), "22007"),
        (with(john(), "created_at", Value::Null), "23502"),
        (json!({ "name": "John", "created_at": "2026-05-31T10:00:00Z" }), "23502"),
        (json!([with(john(), "conversation_id", json!("c-9")), with(john(), "name", json!(1))]), "22P02"),
    ] {
        let reply = sender.send("POST", "/leads", &body).await;
        assert_eq!(said(&reply), (400, code), "{body}");
    }
    assert!(running.target().rows().is_empty());
    let full = with(john(), "project_id", json!("6f1f3d52-5d0c-4c60-9a52-3a1d5b2f7f10"));
    assert_eq!(sender.send("POST", "/leads", &full).await.status, 201);
}

#[tokio::test]
async fn what_postgrest_would_ignore_is_refused() {
    let (running, sender) = start(Postgrest::new("k"), &[JSON]).await;
    for (path, code) in [("/leads?on_conflict=conversation_id", "PGRST100"), ("/leads?colums=a", "PGRST100")]
    {
        assert_eq!(said(&sender.send("POST", path, &john()).await), (400, code), "{path}");
    }
    assert_eq!(said(&sender.send("POST", "/lead", &john()).await), (404, "PGRST205"));
    assert_eq!(sender.get("/leads").await.status, 405);
    for (header, path, status, code) in [
        (("prefer", "resolution=merge"), "/leads", 400, "PGRST122"),
        (("content-profile", "crm"), "/leads", 406, "PGRST106"),
        (MERGE, "/leads?on_conflict=name", 400, "42P10"),
    ] {
        let sender = Sender::to(&running, &[&KEYS[..], &[JSON, header]].concat());
        assert_eq!(said(&sender.send("POST", path, &john()).await), (status, code), "{header:?}");
    }
    assert!(running.target().rows().is_empty());
}
