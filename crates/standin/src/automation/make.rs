//! Make: a custom webhook with a data structure and an API key, in front of a scenario.

use http::Method;
use serde_json::{Value, json};

use super::{Unfit, object, shown};
use crate::exchange::{Answer, Request};
use crate::protected::Protected;
use crate::scripted::Target;
use crate::trouble::Trouble;
use crate::vendor::{Connection, Shown, Vendor};

const MAX_BYTES: usize = 5 * 1024 * 1024;
/// The texts of the data structure, as Make learns it from a sample.
const TEXTS: [&str; 3] = ["event", "project_id", "created_at"];
/// Its texts that may be missing, in `lead`.
const LEAD_TEXTS: [&str; 6] = ["name", "phone", "email", "message", "channel", "conversation_id"];

/// A custom webhook whose scenario has not run yet: what it takes stays in its queue.
#[derive(Debug)]
pub struct Make {
    path: String,
    queue: Protected<Vec<Value>>,
}

impl Make {
    /// A webhook with this token in its URL, which wants this key in `x-make-apikey`.
    pub fn new(token: &str, api_key: &str) -> Self {
        Self { path: format!("/{token}"), queue: Protected::header("x-make-apikey", api_key) }
    }

    /// The queue, oldest first.
    pub fn queue(&self) -> Vec<Value> {
        self.queue.lock().clone()
    }
}

impl Target for Make {
    fn answer(&self, request: &Request) -> Answer {
        let words = |status, words: &'static str| {
            Answer::status(status).header("content-type", "text/plain; charset=utf-8").body(words)
        };
        if request.path_and_query() != self.path {
            return words(404, "Not Found");
        }
        if request.method != Method::POST {
            return words(405, "Method Not Allowed");
        }
        if self.queue.check(request).is_err() {
            return words(401, "Unauthorized");
        }
        match object(request, MAX_BYTES) {
            Ok(event) if fits(&event) => {
                self.queue.lock().push(event);
                words(200, "Accepted")
            }
            Err(Unfit::TooLarge) => words(413, "Payload Too Large"),
            Err(Unfit::NotDeclared) => words(415, "Unsupported Media Type"),
            Ok(_) | Err(Unfit::NotAnObject) => words(400, "Validation failed for 1 parameter(s)."),
        }
    }

    fn base_path(&self) -> &str {
        &self.path
    }
}

/// Whether an event fits the data structure. Members that it does not name are taken.
fn fits(event: &Value) -> bool {
    let lead = event.get("lead").and_then(Value::as_object);
    let is_text_if_any = |lead: &serde_json::Map<String, Value>, name| {
        lead.get(name).is_none_or(|value| value.is_string() || value.is_null())
    };
    TEXTS.iter().all(|name| event[*name].is_string())
        && lead.is_some_and(|lead| LEAD_TEXTS.iter().all(|name| is_text_if_any(lead, *name)))
}

impl Vendor for Make {
    fn connection(&self) -> Connection {
        Connection { plugin: None, settings: json!({}), headers: self.queue.headers() }
    }

    fn too_many_requests(&self) -> Answer {
        Answer::status(400).header("content-type", "text/plain; charset=utf-8").body("Queue is full.")
    }

    fn troubles(&self) -> Vec<Trouble> {
        let words = |status, words: &'static str| {
            Answer::status(status).header("content-type", "text/plain; charset=utf-8").body(words)
        };
        vec![
            Trouble::later("queue-full", 0, words(400, "Queue is full.")),
            Trouble::later("too-fast", 0, words(429, "Too many requests")),
            Trouble::later("scenario-failed", 0, words(500, "Scenario failed to complete.")),
            Trouble::person("key-wrong", words(401, "Unauthorized")),
            Trouble::person("shape-refused", words(400, "Validation failed for 1 parameter(s).")),
            Trouble::gone("switched-off", words(410, "There is no scenario listening for this webhook.")),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        let queue = self.queue.lock();
        queue.iter().enumerate().map(|(index, event)| shown("queued item", index, "", ".", event)).collect()
    }
}
