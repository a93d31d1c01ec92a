//! Zapier: a catch hook.

use http::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{Unfit, object, shown};
use crate::exchange::{Answer, Request};
use crate::scripted::Target;
use crate::trouble::Trouble;
use crate::vendor::{Connection, Shown, Vendor};

const MAX_BYTES: usize = 10 * 1024 * 1024;

/// A catch hook, the trigger of a Zap.
#[derive(Debug)]
pub struct Zapier {
    path: String,
    caught: Mutex<Vec<Value>>,
}

impl Zapier {
    /// A hook of this user; its URL ends with a slash.
    pub fn new(user: &str, hook: &str) -> Self {
        Self { path: format!("/hooks/catch/{user}/{hook}/"), caught: Mutex::default() }
    }

    /// What the hook caught, oldest first.
    pub fn caught(&self) -> Vec<Value> {
        self.caught.lock().clone()
    }
}

impl Target for Zapier {
    fn answer(&self, request: &Request) -> Answer {
        let refuse =
            |status, message: &str| Answer::json(status, &json!({ "status": "error", "message": message }));
        if request.path_and_query() != self.path {
            return refuse(404, "hook not found");
        }
        if request.method != Method::POST {
            return refuse(405, "method not allowed");
        }
        match object(request, MAX_BYTES) {
            Ok(event) => {
                let mut caught = self.caught.lock();
                caught.push(event);
                let id = format!("018fcb1e-9b00-7000-8000-{:012}", caught.len());
                let body = json!({ "status": "success", "id": id, "attempt": id, "request_id": id });
                Answer::json(200, &body)
            }
            Err(Unfit::TooLarge) => refuse(413, "payload too large"),
            Err(Unfit::NotDeclared) => refuse(415, "the content type must be application/json"),
            Err(Unfit::NotAnObject) => refuse(400, "the body must be one JSON object"),
        }
    }

    fn base_path(&self) -> &str {
        &self.path
    }
}

impl Vendor for Zapier {
    fn connection(&self) -> Connection {
        Connection { plugin: None, settings: json!({}), headers: [].into() }
    }

    fn too_many_requests(&self) -> Answer {
        Answer::json(429, &json!({ "status": "error", "message": "too many requests" }))
    }

    fn troubles(&self) -> Vec<Trouble> {
        let error = |status, words| Answer::json(status, &json!({ "status": "error", "message": words }));
        vec![
            Trouble::later("too-fast", 0, self.too_many_requests()),
            Trouble::later("down", 0, error(503, "service unavailable")),
            Trouble::person("unknown-hook", error(404, "hook not found")),
            Trouble::gone("removed", error(410, "please unsubscribe me!")),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        let caught = self.caught.lock();
        caught.iter().enumerate().map(|(index, event)| shown("catch", index, "", "__", event)).collect()
    }
}
