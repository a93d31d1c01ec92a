use serde_json::{Value, json};

use super::Sender;
use crate::{Running, Standin, Tickets};

const HEADERS: [(&str, &str); 3] =
    [("content-type", "application/json"), ("x-desk-key", "key-1"), ("idempotency-key", "1")];

async fn start() -> (Running<Tickets>, Sender) {
    let running = Standin::start(Tickets::new("key-1")).await.unwrap();
    let sender = Sender::to(&running, &HEADERS);
    (running, sender)
}

fn ticket() -> Value {
    json!({ "ticket": { "subject": "John", "opened_at": 1, "priority": 2, "contacts": [] } })
}

#[tokio::test]
async fn a_ticket_is_opened_once_for_each_key() {
    let (running, sender) = start().await;
    let first = sender.send("POST", "/tickets", &ticket()).await;
    assert_eq!((first.status, &first.body["ticket"]["id"]), (201, &json!("T-1001")));
    let again = sender.send("POST", "/tickets", &ticket()).await;
    assert_eq!((again.status, &again.body["ticket"]["id"]), (409, &json!("T-1001")));
    let other = Sender::to(&running, &[HEADERS[0], HEADERS[1], ("idempotency-key", "2")]);
    assert_eq!(other.send("POST", "/tickets", &ticket()).await.body["ticket"]["id"], "T-1002");
    assert_eq!(running.target().tickets().len(), 2);
}

#[tokio::test]
async fn headers_path_and_method_are_checked() {
    let (running, sender) = start().await;
    for (without, status) in HEADERS.iter().zip([415, 401, 422]) {
        let headers: Vec<_> = HEADERS.into_iter().filter(|header| header != without).collect();
        let reply = Sender::to(&running, &headers).send("POST", "/tickets", &ticket()).await;
        assert_eq!(reply.status, status, "without {without:?}");
    }
    assert_eq!(sender.send("POST", "/tickets?x=1", &ticket()).await.status, 404);
    assert_eq!(sender.send("PUT", "/tickets", &ticket()).await.status, 405);
    assert!(running.target().tickets().is_empty());
}

#[tokio::test]
async fn tickets_are_typed_strictly() {
    let (running, sender) = start().await;
    let with = |member: &str, value: Value| {
        let mut body = ticket();
        body["ticket"][member] = value;
        body
    };
    for body in [
        json!([]),
        json!({}),
        json!({ "ticket": {} }),
        json!({ "ticket": ticket()["ticket"], "x": 1 }),
        with("mail", json!("x")),
        with("subject", json!("")),
        with("subject", json!("x".repeat(121))),
        with("requester", json!(null)),
        with("description", json!("x".repeat(2_001))),
        with("opened_at", json!("1")),
        with("priority", json!(5)),
        with("contacts", json!([{ "kind": "fax", "value": "1" }])),
        with("contacts", json!([{ "kind": "phone" }])),
        with("contacts", json!([{ "kind": "phone", "value": "1", "label": "x" }])),
    ] {
        let reply = sender.send("POST", "/tickets", &body).await;
        assert_eq!(reply.status, 422, "{body}: {}", reply.text);
    }
    assert!(running.target().tickets().is_empty());
}
