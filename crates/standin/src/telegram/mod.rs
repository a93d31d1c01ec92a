//! A small Telegram: the Bot API's `sendMessage`, for one bot.

use hookwright_model::Timestamp;
use http::Method;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::exchange::{Answer, Request};
use crate::fault::{Fault, When};
use crate::scripted::Target;
use crate::time;
use crate::trouble::{Trouble, page};
use crate::vendor::{Connection, Shown, Vendor};

mod chats;
mod html;

use chats::Chat;

const TEXT_MAX_UNITS: usize = 4_096;

/// A bot and the chats that it meets:
///
/// | chat | what it is |
/// | --- | --- |
/// | -1001234567890 | the supergroup `Sales`, a forum with the topic 5 |
/// | `@acme_leads` | a public channel, which is -1009876543210 |
/// | 42 | a person who has started the bot |
/// | 43 | a person who has blocked it |
/// | -4001 | a group that has become the supergroup `Sales` |
/// | -4002 | a group that the bot was removed from |
///
/// Telegram ignores members that it does not know, so that a misspelt `parse_mode` shows raw tags; this refuses them.
#[derive(Debug)]
pub struct Telegram {
    path: String,
    now: Timestamp,
    messages: Mutex<Vec<Value>>,
}

/// What is wrong, besides the status: words, and perhaps the member `parameters`.
struct Refusal {
    status: u16,
    description: String,
    parameters: Option<Value>,
}

impl Refusal {
    fn new(status: u16, description: impl Into<String>) -> Self {
        Self { status, description: description.into(), parameters: None }
    }

    fn bad_request(problem: impl std::fmt::Display) -> Self {
        Self::new(400, format!("Bad Request: {problem}"))
    }

    /// Too many messages; the next one in so many seconds.
    fn flood(secs: u64) -> Self {
        let parameters = Some(json!({ "retry_after": secs }));
        Self { parameters, ..Self::new(429, format!("Too Many Requests: retry after {secs}")) }
    }

    /// The group is this supergroup now.
    fn migrated(to: i64) -> Self {
        let parameters = Some(json!({ "migrate_to_chat_id": to }));
        Self { parameters, ..Self::bad_request("group chat was upgraded to a supergroup chat") }
    }

    fn answer(self) -> Answer {
        let mut body = json!({ "ok": false, "error_code": self.status, "description": self.description });
        if let Some(parameters) = self.parameters {
            body["parameters"] = parameters;
        }
        Answer::json(self.status, &body)
    }
}

impl Telegram {
    /// Empty chats; requests carry this token in the path. The time is a second after the documentation's sample event.
    pub fn new(token: &str) -> Self {
        let now = time::after_the_sample_event();
        Self { path: format!("/bot{token}"), now, messages: Mutex::default() }
    }

    /// The messages as Telegram shows them, with the text as people read it, oldest first.
    pub fn messages(&self) -> Vec<Value> {
        self.messages.lock().clone()
    }

    fn route(&self, request: &Request) -> Result<Answer, Refusal> {
        let not_found = || Refusal::new(404, "Not Found");
        let (token, method) = request.path().trim_start_matches('/').split_once('/').ok_or_else(not_found)?;
        if !token.strip_prefix("bot").is_some_and(|token| token.contains(':')) {
            return Err(not_found());
        }
        if token != &self.path[1..] {
            return Err(Refusal::new(401, "Unauthorized"));
        }
        if method != "sendMessage" || request.method != Method::POST {
            return Err(not_found());
        }
        self.send(request)
    }

    fn send(&self, request: &Request) -> Result<Answer, Refusal> {
        let members: Option<Map<String, Value>> = serde_json::from_slice(&request.body).ok();
        let members = members.filter(|_| request.is_json()).ok_or_else(|| {
            Refusal::bad_request(
                "message text is empty (the body is no JSON object, or not declared as JSON)",
            )
        })?;
        check_members(&members)?;
        let chat = chats::find(members.get("chat_id"))?;
        chat.check_topic(members.get("message_thread_id"))?;
        let text = visible(&members)?;
        let mut messages = self.messages.lock();
        let message = self.message(messages.len() + 1, chat, &text, &members);
        messages.push(message.clone());
        Ok(Answer::json(200, &json!({ "ok": true, "result": message })))
    }

    fn message(&self, id: usize, chat: &Chat, text: &str, members: &Map<String, Value>) -> Value {
        let mut message = json!({
            "message_id": id,
            "date": self.now.as_millis() / 1_000,
            "chat": chat.shown(),
            "text": text,
        });
        if let Some(topic) = members.get("message_thread_id") {
            message["message_thread_id"] = topic.clone();
        }
        message
    }
}

impl Target for Telegram {
    fn answer(&self, request: &Request) -> Answer {
        self.route(request).unwrap_or_else(Refusal::answer)
    }

    fn base_path(&self) -> &str {
        &self.path
    }
}

impl Vendor for Telegram {
    fn connection(&self) -> Connection {
        let settings = json!({ "chat_id": chats::SALES });
        Connection { plugin: Some("telegram"), settings, headers: [].into() }
    }

    fn too_many_requests(&self) -> Answer {
        Refusal::flood(1).answer()
    }

    fn troubles(&self) -> Vec<Trouble> {
        let forbidden = |words: &str| Refusal::new(403, format!("Forbidden: {words}")).answer();
        vec![
            Trouble::later("flood", 3, Refusal::flood(3).answer()),
            Trouble::later("flood-zero", 0, Refusal::flood(0).answer()),
            Trouble::later("flood-for-hours", 7_200, Refusal::flood(7_200).answer()),
            Trouble::later("internal-error", 0, Refusal::new(500, "Internal Server Error").answer()),
            Trouble::later("bad-gateway", 0, page(502, "502 Bad Gateway")),
            Trouble::onward(
                "upgraded",
                When::next(1),
                Fault::Answer(Refusal::migrated(chats::CHANNEL).answer()),
            ),
            Trouble::person("blocked", forbidden("bot was blocked by the user")),
            Trouble::person("removed", forbidden("bot was kicked from the supergroup chat")),
            Trouble::person("token-revoked", Refusal::new(401, "Unauthorized").answer()),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        let messages = self.messages.lock();
        let shown = |message: &Value| {
            let chat =
                (String::from("chat"), message["chat"]["title"].as_str().unwrap_or_default().to_owned());
            let lines = message["text"].as_str().unwrap_or_default().lines().filter(|line| !line.is_empty());
            let lines = lines.map(|line| (String::from("text"), line.to_owned()));
            Shown {
                kind: "message",
                id: message["message_id"].to_string(),
                fields: [chat].into_iter().chain(lines).collect(),
            }
        };
        messages.iter().map(shown).collect()
    }
}

/// Names and types, as in the Bot API's `sendMessage`; what a lead's message has no use for is not known here.
fn check_members(members: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, value) in members {
        let is_fit = match name.as_str() {
            "chat_id" => value.is_i64() || value.is_string(),
            "text" | "parse_mode" => value.is_string(),
            "message_thread_id" => value.is_u64(),
            "disable_notification" | "protect_content" => value.is_boolean(),
            "link_preview_options" => value.as_object().is_some_and(|options| {
                options.iter().all(|(name, value)| name == "is_disabled" && value.is_boolean())
            }),
            _ => return Err(Refusal::bad_request(format!("there is no parameter \"{name}\""))),
        };
        if !is_fit {
            return Err(Refusal::bad_request(format!("parameter \"{name}\" has the wrong type")));
        }
    }
    Ok(())
}

/// The text as people read it.
fn visible(members: &Map<String, Value>) -> Result<String, Refusal> {
    let text = members.get("text").and_then(Value::as_str).unwrap_or_default();
    let text = match members.get("parse_mode").and_then(Value::as_str) {
        None => text.to_owned(),
        Some("HTML") => html::visible(text)
            .map_err(|problem| Refusal::bad_request(format!("can't parse entities: {problem}")))?,
        Some(_) => return Err(Refusal::bad_request("unsupported parse_mode")),
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::bad_request("message text is empty"));
    }
    if text.encode_utf16().count() > TEXT_MAX_UNITS {
        return Err(Refusal::bad_request("message is too long"));
    }
    Ok(text.to_owned())
}
