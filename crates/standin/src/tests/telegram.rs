use serde_json::{Value, json};

use super::Sender;
use crate::{Running, Standin, Telegram, Vendor};

const SALES: i64 = -1_001_234_567_890;

async fn start() -> (Running<Telegram>, Sender) {
    let running = Standin::start(Telegram::new("1:secret")).await.unwrap();
    let sender = Sender::to(&running, &[("content-type", "application/json")]);
    (running, sender)
}

fn html(text: &str) -> Value {
    json!({ "chat_id": SALES, "text": text, "parse_mode": "HTML" })
}

/// Sends each and wants this status and these words.
async fn expect_all(sender: &Sender, messages: Vec<Value>, status: u16, words: &str) {
    for message in messages {
        let reply = sender.send("POST", "/sendMessage", &message).await;
        let body = &reply.body;
        assert_eq!((reply.status, &body["ok"]), (status, &json!(status == 200)), "{message}: {body}");
        assert!(body["description"].as_str().unwrap_or_default().contains(words), "{message}: {body}");
    }
}

#[tokio::test]
async fn messages_are_sent_and_shown_as_people_read_them() {
    let (running, sender) = start().await;
    let reply = sender.send("POST", "/sendMessage", &html("<b>New &lt;lead&gt;</b>\n<i>a &amp; b</i>")).await;
    let expected = json!({
        "message_id": 1, "date": 1_780_221_601, "text": "New <lead>\na & b",
        "chat": { "id": SALES, "type": "supergroup", "title": "Sales" },
    });
    assert_eq!(reply.body, json!({ "ok": true, "result": expected }));
    let others = vec![
        json!({ "chat_id": "@acme_leads", "text": "1 < 2" }),
        json!({ "chat_id": 42, "text": "x", "disable_notification": true, "protect_content": false }),
        json!({ "chat_id": SALES, "text": "x", "message_thread_id": 5, "link_preview_options": { "is_disabled": true } }),
        html("<a href=\"https://example.com\">x</a>"),
    ];
    expect_all(&sender, others, 200, "").await;
    assert_eq!(running.target().messages().len(), 5);
    let shown = &running.target().records()[0];
    assert_eq!((shown.id.as_str(), &shown.fields[2]), ("1", &("text".into(), "a & b".into())));
}

#[tokio::test]
async fn the_token_is_in_the_path() {
    let (running, _) = start().await;
    let origin = running.url().replace("/bot1:secret", "");
    let message = json!({ "chat_id": SALES, "text": "x" });
    for (path, status) in [
        ("/bot1:other/sendMessage", 401),
        ("/botother/sendMessage", 404),
        ("/bot1:secret/sendmessage", 404),
        ("/bot1:secret", 404),
    ] {
        let mut sender = Sender::to(&running, &[("content-type", "application/json")]);
        sender.url.clone_from(&origin);
        let reply = sender.send("POST", path, &message).await;
        assert_eq!((reply.status, &reply.body["error_code"]), (status, &json!(status)), "{path}");
    }
    assert_eq!(Sender::to(&running, &[]).send("POST", "/sendMessage", &message).await.status, 400);
    assert!(running.target().messages().is_empty());
}

#[tokio::test]
async fn markup_is_read_strictly() {
    let (_running, sender) = start().await;
    let unreadable = [
        "<br>",
        "<b>x",
        "x</b>",
        "<b><i>x</b></i>",
        "a & b",
        "a &l",
        "1 < 2",
        "1 > 2",
        "<b x>y</b>",
        "<a>x</a>",
    ];
    expect_all(&sender, unreadable.map(html).into(), 400, "can't parse entities").await;
    expect_all(&sender, ["", " \n", "<b> </b>"].map(html).into(), 400, "message text is empty").await;
    let longest = format!("<b>{}</b>", "&lt;".repeat(4_096));
    expect_all(&sender, vec![html(&longest)], 200, "").await;
    expect_all(&sender, vec![html(&format!("{longest}x")), html(&"🦀".repeat(2_049))], 400, "too long").await;
}

#[tokio::test]
async fn members_are_typed_strictly() {
    let (running, sender) = start().await;
    let with = |member: &str, value: Value| {
        let mut message = html("x");
        message[member] = value;
        message
    };
    let refused = vec![
        with("parsemode", json!("HTML")),
        with("text", json!(7)),
        with("chat_id", json!(null)),
        with("chat_id", json!(1.5)),
        with("message_thread_id", json!("5")),
        with("disable_notification", json!("yes")),
        with("link_preview_options", json!(true)),
        with("link_preview_options", json!({ "disabled": true })),
        with("parse_mode", json!("Markdown")),
        json!([]),
    ];
    expect_all(&sender, refused, 400, "Bad Request").await;
    assert!(running.target().messages().is_empty());
}

#[tokio::test]
async fn chats_refuse_as_telegram_does() {
    let (_running, sender) = start().await;
    let to = |chat: Value| json!({ "chat_id": chat, "text": "x" });
    expect_all(&sender, vec![json!({ "text": "x" })], 400, "chat_id is empty").await;
    expect_all(&sender, vec![to(json!(7)), to(json!("@ann")), to(json!("42"))], 400, "chat not found").await;
    expect_all(&sender, vec![to(json!(43))], 403, "blocked by the user").await;
    expect_all(&sender, vec![to(json!(-4_002))], 403, "kicked").await;
    let other_topic = json!({ "chat_id": SALES, "text": "x", "message_thread_id": 6 });
    expect_all(&sender, vec![other_topic], 400, "thread not found").await;
    let upgraded = sender.send("POST", "/sendMessage", &to(json!(-4_001))).await;
    assert_eq!(upgraded.body["parameters"], json!({ "migrate_to_chat_id": SALES }));
}
