//! Pipedrive's errors.

use serde_json::{Value, json};

use crate::exchange::Answer;

const ERROR_INFO: &str = "Please check developers.pipedrive.com for more information about Pipedrive API.";

/// The versions of the API, whose errors differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

/// A request that is not carried out, and why.
pub(super) struct Refusal {
    status: u16,
    error: String,
    /// The member that this kind of error has besides the usual ones.
    code: Option<(&'static str, Value)>,
}

impl Refusal {
    pub(super) fn new(status: u16, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), code: None }
    }

    pub(super) fn unauthorized() -> Self {
        Self { code: Some(("errorCode", 401.into())), ..Self::new(401, "unauthorized access") }
    }

    pub(super) fn over_limit() -> Self {
        Self::new(429, "request over limit")
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "Unknown method.")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(405, "Method not allowed.")
    }

    pub(super) fn not_json() -> Self {
        Self::new(415, "The content type must be application/json.")
    }

    /// A member that only accounts with contact sync have.
    pub(super) fn needs_contact_sync(member: &str) -> Self {
        Self::new(403, format!("{member} is only available with contact sync"))
    }

    pub(super) fn invalid(version: Version, problem: impl Into<String>) -> Self {
        match version {
            Version::V1 => Self::new(400, problem),
            Version::V2 => Self {
                code: Some(("code", "ERR_SCHEMA_VALIDATION_FAILED".into())),
                ..Self::new(400, format!("Validation failed: {}", problem.into()))
            },
        }
    }

    pub(super) fn answer(self) -> Answer {
        let mut body = json!({
            "success": false, "error": self.error, "error_info": ERROR_INFO, "data": null,
            "additional_data": null,
        });
        if let Some((member, code)) = self.code {
            body[member] = code;
        }
        Answer::json(self.status, &body)
    }
}
