//! HubSpot's errors.

use serde_json::{Map, Value, json};

use super::property::Problem;
use super::record::ObjectType;
use crate::exchange::{Answer, Unreadable};
use crate::protected::Denied;

/// A request that is not carried out, and why.
pub(super) struct Refusal {
    status: u16,
    category: &'static str,
    message: String,
    /// Members besides those that every error has.
    details: Map<String, Value>,
}

impl Refusal {
    pub(super) fn new(status: u16, category: &'static str, message: impl Into<String>) -> Self {
        Self { status, category, message: message.into(), details: Map::new() }
    }

    fn with(mut self, member: &str, value: Value) -> Self {
        self.details.insert(member.to_owned(), value);
        self
    }

    pub(super) fn unauthenticated(denied: Denied) -> Self {
        let message = match denied {
            Denied::Missing => "Authentication credentials not found",
            Denied::Wrong => "Authentication credentials are not valid",
        };
        Self::new(401, "INVALID_AUTHENTICATION", message)
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "OBJECT_NOT_FOUND", "resource not found")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(405, "VALIDATION_ERROR", "method not allowed")
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "VALIDATION_ERROR", message)
    }

    pub(super) fn rate_limited(words: &str, policy: &str) -> Self {
        Self::new(429, "RATE_LIMITS", format!("You have reached your {words} limit."))
            .with("errorType", "RATE_LIMIT".into())
            .with("policyName", policy.into())
    }

    pub(super) fn already_exists(id: &str) -> Self {
        Self::new(409, "CONFLICT", format!("Contact already exists. Existing ID: {id}"))
    }

    pub(super) fn required(kind: ObjectType, properties: &[&str]) -> Self {
        let message = format!("Error creating {}. Some required properties were not set.", kind.name());
        Self::invalid(message).with("context", json!({ "properties": properties }))
    }

    pub(super) fn properties(problems: &[Problem]) -> Self {
        let errors: Value = problems
            .iter()
            .map(|problem| {
                let context = json!({ "propertyName": [problem.property] });
                json!({ "message": problem.message, "code": problem.code, "context": context })
            })
            .collect();
        // JSON within the text, as HubSpot has it.
        let message: Value = problems
            .iter()
            .map(|problem| {
                let Problem { property, code, message } = problem;
                json!({ "isValid": false, "message": message, "error": code, "name": property })
            })
            .collect();
        Self::invalid(format!("Property values were not valid: {message}")).with("errors", errors)
    }

    pub(super) fn association(problem: &'static str, message: &str) -> Self {
        Self::invalid("One or more associations are invalid").with("context", json!({ problem: [message] }))
    }

    /// The answer; errors of an account are numbered.
    pub(super) fn answer(self, correlation: u64) -> Answer {
        let mut body = self.details;
        body.insert("status".to_owned(), "error".into());
        body.insert("message".to_owned(), self.message.into());
        body.insert("category".to_owned(), self.category.into());
        let correlation = format!("00000000-0000-4000-8000-{correlation:012}");
        body.insert("correlationId".to_owned(), correlation.into());
        Answer::json(self.status, &Value::Object(body))
    }
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Undeclared => {
                Self::new(415, "VALIDATION_ERROR", "the content type must be application/json")
            }
            Unreadable::NotJson(error) | Unreadable::OtherShape(error) => {
                Self::invalid(format!("Invalid input JSON: {error}"))
            }
        }
    }
}
