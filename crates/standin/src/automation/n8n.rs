//! n8n: a Webhook node with header authentication that responds immediately.

use http::Method;
use serde_json::{Value, json};

use super::{Unfit, object, shown};
use crate::exchange::{Answer, Request};
use crate::protected::Protected;
use crate::scripted::Target;
use crate::trouble::Trouble;
use crate::vendor::{Connection, Shown, Vendor};

/// n8n's own default of `N8N_PAYLOAD_SIZE_MAX`.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The header that the node's credential names; any name will do.
const KEY_HEADER: &str = "x-lead-key";

/// An n8n with one active workflow, which begins with a Webhook node for POST.
#[derive(Debug)]
pub struct N8n {
    path: String,
    executions: Protected<Vec<Value>>,
}

impl N8n {
    /// A Webhook node with this path, whose header credential `x-lead-key` has this value.
    pub fn new(path: &str, key: &str) -> Self {
        Self { path: format!("/webhook/{path}"), executions: Protected::header(KEY_HEADER, key) }
    }

    /// The bodies that the workflow ran with, oldest first.
    pub fn executions(&self) -> Vec<Value> {
        self.executions.lock().clone()
    }

    fn denied() -> Answer {
        Answer::status(403)
            .header("www-authenticate", "Basic realm=\"Webhook\"")
            .body("Authorization data is wrong!")
    }

    /// n8n's answer for a URL without an active workflow.
    pub fn not_registered(path: &str) -> Answer {
        let message = format!("The requested webhook \"POST {path}\" is not registered.");
        let hint = "The workflow must be active for a production URL to run successfully. You can activate the \
                    workflow using the toggle in the top-right of the editor. Note that unlike test URL calls, \
                    production URL calls aren't shown on the canvas (only in the executions list)";
        Answer::json(404, &json!({ "code": 404, "message": message, "hint": hint }))
    }
}

impl Target for N8n {
    fn answer(&self, request: &Request) -> Answer {
        if request.path() != self.path {
            let path = request.path();
            return Self::not_registered(path.strip_prefix("/webhook/").unwrap_or(path));
        }
        if request.method != Method::POST {
            let method = &request.method;
            let message = format!(
                "This webhook is not registered for {method} requests. Did you mean to make a POST request?"
            );
            return Answer::json(404, &json!({ "code": 404, "message": message }));
        }
        if self.executions.check(request).is_err() {
            return Self::denied();
        }
        let refuse =
            |status: u16, message: &str| Answer::json(status, &json!({ "code": status, "message": message }));
        match object(request, MAX_BYTES) {
            Ok(event) => {
                self.executions.lock().push(event);
                Answer::json(200, &json!({ "message": "Workflow was started" }))
            }
            Err(Unfit::TooLarge) => refuse(413, "request entity too large"),
            Err(Unfit::NotDeclared) => refuse(415, "The body is not declared as JSON"),
            Err(Unfit::NotAnObject) => refuse(422, "Failed to parse request body"),
        }
    }

    fn base_path(&self) -> &str {
        &self.path
    }
}

impl Vendor for N8n {
    fn connection(&self) -> Connection {
        Connection { plugin: None, settings: json!({}), headers: self.executions.headers() }
    }

    /// n8n itself knows no limit: the proxy before it says that it cannot keep up.
    fn too_many_requests(&self) -> Answer {
        let page = "<html><head><title>503 Service Temporarily Unavailable</title></head></html>";
        Answer::status(503).header("content-type", "text/html").body(page)
    }

    fn troubles(&self) -> Vec<Trouble> {
        let message = |status, words| Answer::json(status, &json!({ "code": status, "message": words }));
        vec![
            Trouble::later("reloading", 0, Self::not_registered("leads")),
            Trouble::later("workflow-failed", 0, message(500, "Error in workflow")),
            Trouble::later("proxy", 0, self.too_many_requests()),
            Trouble::person("key-wrong", Self::denied()),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        let executions = self.executions.lock();
        let shown = |(index, event)| shown("execution", index, "body", ".", event);
        executions.iter().enumerate().map(shown).collect()
    }
}
