use serde_json::{Value, json};

use super::Sender;
use crate::{Running, Slack, Standin, Vendor};

async fn start() -> (Running<Slack>, Sender) {
    let running = Standin::start(Slack::new("secret-1")).await.unwrap();
    let sender = Sender::to(&running, &[("content-type", "application/json")]);
    (running, sender)
}

fn message(blocks: &Value) -> Value {
    json!({ "text": "New lead", "blocks": blocks })
}

fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text })
}

fn header(text: &str) -> Value {
    json!({ "type": "header", "text": { "type": "plain_text", "text": text } })
}

/// Posts each and wants this status and word.
async fn expect_all(sender: &Sender, messages: Vec<Value>, status: u16, word: &str) {
    for message in messages {
        let reply = sender.send("POST", "", &message).await;
        assert_eq!((reply.status, reply.text.as_str()), (status, word), "{message}");
    }
}

#[tokio::test]
async fn messages_are_posted_and_answered_with_a_word() {
    let (running, sender) = start().await;
    let blocks = json!([
        header("New lead: <John> & co"),
        { "type": "section", "fields": [mrkdwn("*Phone*\n+1"), { "type": "plain_text", "text": "x", "emoji": false }] },
        { "type": "divider" },
        { "type": "section", "text": mrkdwn("a &lt; b &amp; c") , "block_id": "b1" },
        { "type": "context", "elements": [{ "type": "mrkdwn", "text": "<!date^1^{date}|then>", "verbatim": true }] },
    ]);
    expect_all(&sender, vec![message(&blocks), json!({ "text": "<!channel> &amp;" })], 200, "ok").await;
    assert_eq!(running.target().messages().len(), 2);
    assert_eq!(running.target().references(), ["!date^1^{date}|then", "!channel"]);
    let shown = &running.target().records()[0].fields;
    assert_eq!(shown[1], ("section".into(), "*Phone* | +1".into()));
    assert_eq!(shown[3], ("section".into(), "a < b & c".into()));
    assert_eq!(shown[4], ("context".into(), "then".into()));
}

#[tokio::test]
async fn the_url_is_the_credential() {
    let (running, _) = start().await;
    let secret = running.url();
    let send = async |url: String, method: &str| {
        let mut sender = Sender::to(&running, &[("content-type", "application/json")]);
        sender.url = url;
        let reply = sender.try_send(method, "", r#"{"text":"x"}"#).await.unwrap();
        (reply.status, reply.text)
    };
    assert_eq!(send(format!("{secret}x"), "POST").await, (403, "invalid_token".into()));
    assert_eq!(send(secret.replace("T00000001", "T2"), "POST").await, (404, "no_service".into()));
    assert_eq!(send(secret.clone(), "GET").await.0, 405);
    assert_eq!(Sender::to(&running, &[]).send("POST", "", &json!({ "text": "x" })).await.status, 400);
    assert!(running.target().messages().is_empty());
}

#[tokio::test]
async fn messages_are_typed_strictly() {
    let (running, sender) = start().await;
    let payloads = [
        json!([]),
        json!({ "text": "x", "channel": "#general" }),
        json!({ "text": "x", "unfurl_links": "no" }),
        json!({ "text": "a & b" }),
        json!({ "text": "a < b" }),
        json!({ "text": "a &am" }),
        json!({ "text": "x".repeat(40_001) }),
    ];
    expect_all(&sender, payloads.into(), 400, "invalid_payload").await;
    let no_text = [json!({}), json!({ "text": " " }), json!({ "blocks": [header("x")] })];
    expect_all(&sender, no_text.into(), 400, "no_text").await;
    assert!(running.target().messages().is_empty());
}

#[tokio::test]
async fn blocks_are_held_to_their_limits() {
    let (running, sender) = start().await;
    let section = |text: &str| json!({ "type": "section", "text": mrkdwn(text) });
    let fields = |fields: Value| json!({ "type": "section", "fields": fields });
    let long = |units: usize| "x".repeat(units);
    let allowed = [
        json!([header(&long(150))]),
        json!([section(&long(3_000))]),
        json!([fields(json!([mrkdwn(&long(2_000))]))]),
        json!(vec![json!({ "type": "divider" }); 50]),
    ];
    expect_all(&sender, allowed.into_iter().map(|blocks| message(&blocks)).collect(), 200, "ok").await;
    let refused = [
        json!({}),
        json!([header(&long(151))]),
        json!([header("")]),
        json!([{ "type": "header", "text": mrkdwn("x") }]),
        json!([section(&long(3_001))]),
        json!([section("")]),
        json!([section("<unclosed")]),
        json!([section("cut &lt")]),
        json!([{ "type": "section" }]),
        json!([fields(json!([]))]),
        json!([fields(json!([mrkdwn(&long(2_001))]))]),
        json!([fields(json!(vec![mrkdwn("x"); 11]))]),
        json!([{ "type": "context", "elements": [] }]),
        json!([{ "type": "context", "elements": [mrkdwn("x")], "text": "x" }]),
        json!([{ "type": "section", "text": { "type": "mrkdwn", "text": "x", "emoji": false } }]),
        json!([{ "type": "section", "text": mrkdwn("x"), "block_id": long(256) }]),
        json!([{ "type": "markdown", "text": "x" }]),
        json!(vec![json!({ "type": "divider" }); 51]),
        json!(vec![section(&long(3_000)); 5]),
    ];
    expect_all(&sender, refused.into_iter().map(|blocks| message(&blocks)).collect(), 400, "invalid_blocks")
        .await;
    assert_eq!(running.target().messages().len(), 4);
}
