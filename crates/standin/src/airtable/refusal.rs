//! Airtable's errors, in their three shapes.

use serde_json::{Value, json};

use crate::exchange::{Answer, Unreadable};

/// A request that is not carried out, and why.
pub(super) struct Refusal {
    status: u16,
    body: Value,
}

impl Refusal {
    fn new(status: u16, kind: &str, message: &str) -> Self {
        Self { status, body: json!({ "error": { "type": kind, "message": message } }) }
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(401, "AUTHENTICATION_REQUIRED", "Authentication required")
    }

    /// Airtable does not tell which of the two it is.
    pub(super) fn not_allowed_or_unknown() -> Self {
        let message = "Invalid permissions, or the requested model was not found. Check that both your user and your token \
                       have the required permissions, and that the model names and/or ids are correct.";
        Self::new(403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", message)
    }

    pub(super) fn not_found() -> Self {
        Self { status: 404, body: json!({ "error": "NOT_FOUND" }) }
    }

    pub(super) fn invalid_request(message: &str) -> Self {
        Self::new(422, "INVALID_REQUEST_UNKNOWN", message)
    }

    pub(super) fn unknown_column(name: &str) -> Self {
        Self::new(422, "UNKNOWN_FIELD_NAME", &format!("Unknown field name: \"{name}\""))
    }

    pub(super) fn wrong_value(column: &str) -> Self {
        let message = format!("Field \"{column}\" cannot accept the provided value");
        Self::new(422, "INVALID_VALUE_FOR_COLUMN", &message)
    }

    pub(super) fn unknown_option(option: &str) -> Self {
        let message = format!("Insufficient permissions to create new select option \"{option}\"");
        Self::new(422, "INVALID_MULTIPLE_CHOICE_OPTIONS", &message)
    }

    pub(super) fn several_records() -> Self {
        Self::new(
            422,
            "INVALID_REQUEST_UNKNOWN",
            "Cannot update more than one record with the same merge fields",
        )
    }

    pub(super) fn rate_limited() -> Self {
        let error = json!({ "error": "RATE_LIMIT_REACHED", "message": "Rate limit exceeded. Please try again later" });
        Self { status: 429, body: json!({ "errors": [error] }) }
    }

    pub(super) fn quota() -> Self {
        let message = "This API request could not be completed because you have exceeded the number of API calls allowed this \
                       month. Please upgrade your plan.";
        let error = json!({ "error": "PUBLIC_API_BILLING_LIMIT_EXCEEDED", "message": message });
        Self { status: 429, body: json!({ "errors": [error] }) }
    }

    pub(super) fn answer(self) -> Answer {
        Answer::json(self.status, &self.body)
    }
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Undeclared | Unreadable::NotJson(_) => {
                Self::new(400, "INVALID_REQUEST_BODY", "Could not parse request body")
            }
            Unreadable::OtherShape(error) => Self::invalid_request(&format!("Invalid request: {error}")),
        }
    }
}
