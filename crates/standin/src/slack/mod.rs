//! A small Slack channel behind an incoming webhook.

use http::Method;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::exchange::{Answer, Request};
use crate::scripted::Target;
use crate::trouble::{Trouble, page};
use crate::vendor::{Connection, Shown, Vendor};

mod blocks;
mod mrkdwn;

/// What a message may consist of.
const MEMBERS: [&str; 8] =
    ["text", "blocks", "attachments", "unfurl_links", "unfurl_media", "thread_ts", "mrkdwn", "metadata"];
const TEXT_MAX_UNITS: usize = 40_000;

/// A channel with one incoming webhook. It refuses what Slack refuses, and also what Slack lets pass but shows wrongly:
/// unknown members, blocks without a text for the notification, and characters that should have been escaped.
#[derive(Debug)]
pub struct Slack {
    path: String,
    messages: Mutex<Vec<Value>>,
}

/// Slack's word for what is wrong.
type Refusal = (u16, &'static str);

impl Slack {
    /// An empty channel; the URL of its webhook ends with this secret.
    pub fn new(secret: &str) -> Self {
        Self { path: format!("/services/T00000001/B00000001/{secret}"), messages: Mutex::default() }
    }

    /// The messages as they were posted, oldest first.
    pub fn messages(&self) -> Vec<Value> {
        self.messages.lock().clone()
    }

    /// What the messages' markup refers to, without the angle brackets: people (`@U1`), whole channels (`!channel`),
    /// links (`https://…|…`), times (`!date^…`).
    pub fn references(&self) -> Vec<String> {
        let messages = self.messages.lock();
        messages.iter().flat_map(mrkdwn::texts).flat_map(mrkdwn::references).collect()
    }
}

impl Target for Slack {
    fn answer(&self, request: &Request) -> Answer {
        match checked(request, &self.path) {
            Ok(message) => {
                self.messages.lock().push(message);
                word(200, "ok")
            }
            Err((status, refusal)) => word(status, refusal),
        }
    }

    fn base_path(&self) -> &str {
        &self.path
    }
}

impl Vendor for Slack {
    fn connection(&self) -> Connection {
        Connection { plugin: Some("slack"), settings: json!({}), headers: [].into() }
    }

    fn too_many_requests(&self) -> Answer {
        word(429, "rate_limited").header("retry-after", "1")
    }

    fn troubles(&self) -> Vec<Trouble> {
        vec![
            Trouble::later("too-fast", 3, word(429, "rate_limited").header("retry-after", "3")),
            Trouble::later("rollup-error", 0, word(500, "rollup_error")),
            Trouble::later("down", 0, page(503, "503 Service Temporarily Unavailable")),
            Trouble::person("posting-prohibited", word(403, "action_prohibited")),
            Trouble::gone("revoked", word(404, "no_service")),
            Trouble::gone("app-removed", word(404, "no_active_hooks")),
            Trouble::gone("token-invalid", word(403, "invalid_token")),
            Trouble::gone("archived", word(410, "channel_is_archived")),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        let shown = |message: &Value| {
            let fields = blocks::shown(message);
            Shown { kind: "message", id: String::new(), fields }
        };
        self.messages.lock().iter().map(shown).collect()
    }
}

fn word(status: u16, word: &'static str) -> Answer {
    Answer::status(status).header("content-type", "text/html").body(word)
}

fn checked(request: &Request, path: &str) -> Result<Value, Refusal> {
    if request.path_and_query() != path {
        // The part before the secret is the workspace's and the webhook's id.
        let is_known = path.rsplit_once('/').is_some_and(|(ids, _)| request.path().starts_with(ids));
        return Err(if is_known { (403, "invalid_token") } else { (404, "no_service") });
    }
    if request.method != Method::POST {
        return Err((405, "method_not_allowed"));
    }
    let message = request.json().ok().filter(|_| request.is_json()).ok_or((400, "invalid_payload"))?;
    check_members(message.as_object().ok_or((400, "invalid_payload"))?)?;
    Ok(message)
}

fn check_members(message: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, value) in message {
        let is_flag = matches!(name.as_str(), "unfurl_links" | "unfurl_media" | "mrkdwn");
        if !MEMBERS.contains(&name.as_str()) || (is_flag && !value.is_boolean()) {
            return Err((400, "invalid_payload"));
        }
    }
    let text = message.get("text").and_then(Value::as_str).map_or("", str::trim);
    if text.is_empty() {
        return Err((400, "no_text"));
    }
    if text.encode_utf16().count() > TEXT_MAX_UNITS || !mrkdwn::is_escaped(text) {
        return Err((400, "invalid_payload"));
    }
    match message.get("blocks") {
        Some(blocks) if !blocks::are_valid(blocks) => Err((400, "invalid_blocks")),
        _ => Ok(()),
    }
}
