//! amoCRM's errors: problem details (RFC 7807), with a list of what is wrong when it is the shape.

use serde_json::{Value, json};

use crate::exchange::{Answer, Unreadable};

/// A request that is not carried out, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    title: &'static str,
    detail: String,
    errors: Option<Value>,
}

impl Refusal {
    fn new(status: u16, title: &'static str, detail: &str) -> Self {
        Self { status, title, detail: detail.to_owned(), errors: None }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Invalid token or account subdomain")
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "Not Found", "No such entity or method")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(405, "Method Not Allowed", "This method is not allowed here")
    }

    pub(super) fn too_many_requests() -> Self {
        Self::new(429, "Too Many Requests", "More than 7 requests in a second")
    }

    pub(super) fn blocked() -> Self {
        Self::new(403, "Forbidden", "Account or IP address is blocked")
    }

    pub(super) fn not_paid() -> Self {
        Self::new(402, "Payment Required", "Account is not paid")
    }

    /// A query that would not do what was meant.
    pub(super) fn query(problem: &str) -> Self {
        Self::new(400, "Bad Request", problem)
    }

    /// A body of the wrong shape, at this path.
    pub(super) fn invalid(path: &str, code: &'static str, detail: &str) -> Self {
        let path = path.trim_start_matches('/').replace('/', ".");
        let errors =
            json!([{ "request_id": "0", "errors": [{ "code": code, "path": path, "detail": detail }] }]);
        Self { errors: Some(errors), ..Self::new(400, "Bad Request", "Request validation failed") }
    }

    pub(super) fn answer(self) -> Answer {
        let mut body = json!({
            "title": self.title, "type": format!("https://httpstatus.es/{}", self.status), "status": self.status,
            "detail": self.detail,
        });
        if let Some(errors) = self.errors {
            body["validation-errors"] = errors;
        }
        Answer::status(self.status).header("content-type", "application/problem+json").body(body.to_string())
    }
}

/// A success, in the format of its own that amoCRM's have.
pub(super) fn success(body: &Value) -> Answer {
    Answer::status(200).header("content-type", "application/hal+json").body(body.to_string())
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Undeclared => {
                Self::new(415, "Unsupported Media Type", "The content type must be application/json")
            }
            Unreadable::NotJson(error) | Unreadable::OtherShape(error) => {
                Self::new(400, "Bad Request", &format!("Request body is not valid JSON: {error}"))
            }
        }
    }
}
