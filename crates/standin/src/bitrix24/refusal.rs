//! Bitrix24's errors.

use serde_json::json;

use crate::exchange::Answer;

/// A request that is not carried out, and why.
pub(super) struct Refusal {
    status: u16,
    code: String,
    description: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &str, description: &str) -> Self {
        Self { status, code: code.to_owned(), description: description.to_owned() }
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(401, "NO_AUTH_FOUND", "Wrong authorization data")
    }

    pub(super) fn unknown_method() -> Self {
        Self::new(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    }

    pub(super) fn too_many_requests() -> Self {
        Self::new(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
    }

    pub(super) fn invalid(code: &str, description: &str) -> Self {
        Self::new(400, code, description)
    }

    pub(super) fn field(name: &str, problem: &str) -> Self {
        Self::invalid(
            "CRM_FIELD_ERROR_VALUE_NOT_VALID",
            &format!("Invalid value for field \"{name}\": {problem}"),
        )
    }

    pub(super) fn answer(self) -> Answer {
        Answer::json(self.status, &json!({ "error": self.code, "error_description": self.description }))
    }
}
