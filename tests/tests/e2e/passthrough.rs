//! Without a mapping, a target gets the event as the producer sent it, signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hookwright_standin::{Receiver, Request, Standin};
use serde_json::json;
use sha2::Sha256;

use crate::harness::{Home, lead};

#[tokio::test]
async fn the_body_arrives_byte_for_byte() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::new().start().await;
    let project = server.api.project().await;
    server.api.webhook(&project, &json!({ "url": target.url() })).await;

    // White space, escapes, numbers that no float holds, repeated and unknown members: none of it may be tidied.
    let bodies = [
        format!(
            "\r\n {{\t\"lead\" : {{ }} ,\"event\":\"lead.created\",\n\"created_at\":\"2026-05-31T12:00:00+02:00\", \
             \"project_id\":\"{project}\" }} \n\n"
        ),
        format!(
            r#"{{"event":"lead.created","project_id":"{project}","created_at":"2026-05-31T10:00:00.000000Z","lead":{{"name":"Jos\u00e9 \ud83d\ude00 José 😀 \/","message":"a\u0000b\u2028c","phone":null,"email":""}},"x":1.10000000000000000000000000001e400,"x":[],"n":-0,"big":123456789012345678901234567890}}"#
        ),
    ];
    for body in &bodies {
        server.api.send("POST", "/v1/events", &[], body.clone()).await.json(202);
    }
    let received = target.wait_for(2).await;
    let mut received: Vec<&[u8]> = received.iter().map(|received| &received.request.body[..]).collect();
    received.sort_by_key(|body| body.len());
    assert_eq!(received, bodies.each_ref().map(String::as_bytes));
}

#[tokio::test]
async fn requests_are_signed_and_carry_the_custom_headers() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::new().start().await;
    let project = server.api.project().await;
    let headers = json!({ "Authorization": "Bearer t-1", "X-Tenant": "größe" });
    let url = format!("{}/hooks/leads?source=chat", target.url());
    let webhook = server.api.webhook(&project, &json!({ "url": url, "headers": headers })).await;
    let id = server.api.one_delivery(&project, &lead::sample()).await;

    let received = target.wait_for(1).await;
    let request = &received[0].request;
    assert_eq!((request.method.as_str(), request.path_and_query()), ("POST", "/hooks/leads?source=chat"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), Some("Bearer t-1"));
    assert_eq!(request.headers["x-tenant"].as_bytes(), "größe".as_bytes());
    assert_eq!(request.header("user-agent"), Some(concat!("Hookwright/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(request.header("webhook-id"), Some(id.as_str()));
    assert_eq!(
        request.header("webhook-signature"),
        Some(signature(request, &webhook["signing_secret"]).as_str())
    );
    assert_eq!(server.api.settled(&id).await["state"], "delivered");
}

/// The signature by the words of the Standard Webhooks specification, not by the product's code.
fn signature(request: &Request, secret: &serde_json::Value) -> String {
    let key = STANDARD.decode(secret.as_str().unwrap().strip_prefix("whsec_").unwrap()).unwrap();
    let (id, time) = (request.header("webhook-id").unwrap(), request.header("webhook-timestamp").unwrap());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(&[format!("{id}.{time}.").as_bytes(), &request.body].concat());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn one_event_goes_to_every_active_webhook_of_its_project_and_waits_for_a_paused_one() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::new().start().await;
    let (project, other) = (server.api.project().await, server.api.project().await);
    for path in ["a", "b"] {
        server.api.webhook(&project, &json!({ "url": format!("{}/{path}", target.url()) })).await;
    }
    let paused = json!({ "url": format!("{}/paused", target.url()), "state": "paused" });
    server.api.webhook(&project, &paused).await;
    server.api.webhook(&other, &json!({ "url": format!("{}/other", target.url()) })).await;

    let deliveries = server.api.event(&project, &lead::sample()).await;
    assert_eq!(deliveries.len(), 3);
    // In the order in which the webhooks were made.
    for id in &deliveries[..2] {
        server.api.delivery_in(id, "delivered").await;
    }
    assert_eq!(server.api.delivery(&deliveries[2]).await["state"], "pending");
    let received = target.received();
    let mut paths: Vec<&str> = received.iter().map(|received| received.request.path()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/a", "/b"]);
}
