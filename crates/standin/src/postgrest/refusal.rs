//! PostgREST's errors, which are those of PostgreSQL where the database speaks.

use serde_json::{Value, json};

use crate::exchange::Answer;

/// A request that is not carried out, and why.
pub(super) struct Refusal {
    status: u16,
    body: Value,
}

impl Refusal {
    /// An error with its code: PostgREST's own or a `SQLSTATE`.
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        let body = json!({ "code": code, "message": message.into(), "details": null, "hint": null });
        Self { status, body }
    }

    /// An error of the gateway before PostgREST.
    pub(super) fn gateway(status: u16, message: &str) -> Self {
        Self { status, body: json!({ "message": message }) }
    }

    pub(super) fn details(mut self, details: &str) -> Self {
        self.body["details"] = details.into();
        self
    }

    pub(super) fn answer(self) -> Answer {
        Answer::json(self.status, &self.body)
    }
}
