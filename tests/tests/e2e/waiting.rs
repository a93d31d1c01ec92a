//! Leads that cannot be delivered now: they wait for their webhook, or for somebody to add one.

use hookwright_standin::{Answer, Fault, Receiver, Running, Standin, When};
use serde_json::{Value, json};

use crate::harness::{Home, Server, lead};

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
async fn a_webhook_that_a_410_disabled_says_so_and_gets_its_leads_when_it_is_enabled() {
    let (target, _home, server, project) = receiving().await;
    let api = &server.api;
    let webhook = api.webhook(&project, &json!({ "url": target.url() })).await;
    let path = format!("/v1/webhooks/{}", id(&webhook));
    target.script(When::next(1), Fault::Answer(Answer::status(410)));
    let refused = api.one_delivery(&project, &lead::sample()).await;
    api.delivery_in(&refused, "failed").await;
    let disabled = api.get(&path).await.json(200);
    assert_eq!((&disabled["state"], &disabled["disabled_reason"]), (&json!("disabled"), &json!("gone")));
    assert_ne!(disabled["state_since"], webhook["state_since"], "{disabled}");
    let waiting = api.one_delivery(&project, &lead::sample()).await;
    assert_eq!(api.delivery(&waiting).await["state"], "pending");
    api.patch(&path, &json!({ "state": "active" })).await.json(200);
    api.delivery_in(&waiting, "delivered").await;
}

#[tokio::test]
async fn an_event_that_no_webhook_wanted_is_listed_and_delivered_later() {
    let (target, home, server, project) = receiving().await;
    let accepted = server.api.post("/v1/events", &lead::event(&project, &lead::sample())).await.json(202);
    assert_eq!((&accepted["deliveries"], &accepted["more_deliveries"]), (&json!([]), &json!(false)));
    let event = id(&accepted).to_owned();
    server.kill().await;
    let server = home.start().await;
    let api = &server.api;
    let list = format!("/v1/projects/{project}/events");
    let undelivered = async || api.get(&format!("{list}?filter=undelivered")).await.json(200)["data"].clone();
    let listed = undelivered().await;
    assert_eq!((&listed[0]["id"], &listed[0]["undelivered"]), (&json!(event), &json!(true)));
    assert_eq!(listed[0]["lead"]["name"], lead::sample()["name"]);
    assert_eq!(listed[0]["lead"]["email"], lead::sample()["email"]);
    assert_eq!(api.get(&format!("/v1/events/{event}")).await.json(200)["payload"]["lead"], lead::sample());
    let deliver = format!("/v1/events/{event}/deliver");
    api.post(&deliver, &json!({})).await.problem(409, "conflict");

    api.webhook(&project, &json!({ "url": target.url() })).await;
    let delivered = api.post(&deliver, &json!({})).await.json(202);
    api.delivery_in(delivered["deliveries"][0].as_str().unwrap(), "delivered").await;
    assert_eq!(undelivered().await, json!([]));
    assert_eq!(api.get(&list).await.json(200)["data"].as_array().map(Vec::len), Some(1));
    api.post(&deliver, &json!({})).await.problem(409, "conflict");
    api.get(&format!("{list}?filter=lost")).await.refuses("", "undelivered");
    api.get("/v1/projects/0198c0de-7e57-7aaa-8000-0123456789ab/events").await.problem(404, "not_found");
}
