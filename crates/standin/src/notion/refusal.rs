//! Notion's errors.

use serde_json::json;

use crate::exchange::{Answer, Unreadable};

/// A request that is not carried out, and why.
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "unauthorized", "API token is invalid.")
    }

    pub(super) fn missing_version() -> Self {
        let message = "Notion-Version header failed validation: Notion-Version header should be defined, instead was \
                       `undefined`.";
        Self::new(400, "missing_version", message)
    }

    pub(super) fn invalid_url() -> Self {
        Self::new(400, "invalid_request_url", "Invalid request URL.")
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "validation_error", message)
    }

    /// A member of the body that is not as it should be, by its path.
    pub(super) fn member(path: &str, problem: &str) -> Self {
        Self::invalid(format!("body failed validation: body.{path} {problem}"))
    }

    pub(super) fn not_found(kind: &str, id: &str) -> Self {
        let message = format!(
            "Could not find {kind} with ID: {id}. Make sure the relevant pages and databases are shared with your \
             integration."
        );
        Self::new(404, "object_not_found", message)
    }

    pub(super) fn too_large() -> Self {
        Self::new(413, "validation_error", "Request body too large.")
    }

    pub(super) fn rate_limited() -> Self {
        Self::new(429, "rate_limited", "You have been rate limited. Please try again in a few minutes.")
    }

    pub(super) fn answer(self) -> Answer {
        let body = json!({
            "object": "error", "status": self.status, "code": self.code, "message": self.message,
            "request_id": "6f1f3d52-5d0c-4c60-9a52-3a1d5b2f7f10",
        });
        Answer::json(self.status, &body)
    }
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Undeclared | Unreadable::NotJson(_) => {
                Self::new(400, "invalid_json", "Error parsing JSON body.")
            }
            Unreadable::OtherShape(error) => Self::invalid(format!("body failed validation: {error}")),
        }
    }
}
