//! Problem details (RFC 9457): what every error answer looks like.
//!
//! A caller decides by `code`, which never changes, and reads `detail`. Each entry of `errors` has the JSON pointer of
//! the member that is wrong; `webhooks` names those that are in the way. A 5xx says nothing internal: the cause is in the log.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use hookwright_engine::{IngestError, Invalid, PluginError, ProjectError, WebhookError};
use hookwright_model::{ErrorKind, WebhookId};
use hookwright_store::StoreError;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use tracing::error;

/// When to come back after a 503.
const RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("5");

/// An error answer.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<Invalid>,
    webhooks: Vec<WebhookId>,
}

#[derive(Serialize)]
struct Body<'a> {
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    webhooks: Vec<String>,
}

#[derive(Serialize)]
struct Entry<'a> {
    pointer: &'a str,
    detail: &'a str,
}

impl<'a> From<&'a Invalid> for Entry<'a> {
    fn from(invalid: &'a Invalid) -> Self {
        Self { pointer: &invalid.pointer, detail: &invalid.message }
    }
}

impl Problem {
    pub(crate) fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        let (status, code) = match kind {
            ErrorKind::InvalidInput => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_input"),
            ErrorKind::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            ErrorKind::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            ErrorKind::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            ErrorKind::Conflict => (StatusCode::CONFLICT, "conflict"),
            ErrorKind::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "precondition_failed"),
            ErrorKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            ErrorKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            ErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        Self { status, code, detail: detail.into(), errors: Vec::new(), webhooks: Vec::new() }
    }

    /// One member of the request is wrong.
    pub(crate) fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::all_invalid(vec![Invalid { pointer: pointer.into(), message: message.into() }])
    }

    /// Several members of the request are wrong.
    pub(crate) fn all_invalid(errors: Vec<Invalid>) -> Self {
        let messages: Vec<&str> = errors.iter().map(|invalid| invalid.message.as_str()).collect();
        let detail = messages.join("; ");
        Self { errors, ..Self::new(ErrorKind::InvalidInput, detail) }
    }

    pub(crate) fn method_not_allowed() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let detail = "this path does not take this method; `allow` lists those that it takes";
        Self { status, code: "method_not_allowed", ..Self::new(ErrorKind::InvalidInput, detail) }
    }

    /// A body did not arrive within this time.
    pub(crate) fn too_slow(time: Duration) -> Self {
        let detail = format!("the body did not arrive within {} s", time.as_secs());
        let status = StatusCode::REQUEST_TIMEOUT;
        Self { status, code: "request_timeout", ..Self::new(ErrorKind::InvalidInput, detail) }
    }

    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    #[cfg(test)]
    pub(crate) fn pointers(&self) -> Vec<&str> {
        self.errors.iter().map(|invalid| invalid.pointer.as_str()).collect()
    }

    fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        error!(error = cause, "a request failed");
        Self::new(ErrorKind::Internal, "something went wrong inside Hookwright; its log says what")
    }
}

impl From<StoreError> for Problem {
    fn from(cause: StoreError) -> Self {
        match cause.kind() {
            ErrorKind::Internal => Self::internal(&cause),
            kind => {
                let problem = Self::new(kind, cause.to_string());
                let webhooks = if let StoreError::Attached(webhooks) = cause { webhooks } else { Vec::new() };
                Self { webhooks, ..problem }
            }
        }
    }
}

impl From<ProjectError> for Problem {
    fn from(cause: ProjectError) -> Self {
        match cause {
            ProjectError::Forbidden(_) => Self::new(cause.kind(), cause.to_string()),
            ProjectError::Store(error) => error.into(),
        }
    }
}

impl From<IngestError> for Problem {
    fn from(cause: IngestError) -> Self {
        match cause {
            IngestError::Payload { error, .. } => Self::invalid(error.pointer, error.message),
            IngestError::Store(error) => error.into(),
        }
    }
}

impl From<WebhookError> for Problem {
    fn from(cause: WebhookError) -> Self {
        match cause {
            WebhookError::Invalid(errors) => Self::all_invalid(errors),
            WebhookError::Unavailable(reason) => Self::new(ErrorKind::Unavailable, reason),
            WebhookError::Store(error) => error.into(),
        }
    }
}

impl From<PluginError> for Problem {
    fn from(cause: PluginError) -> Self {
        match cause {
            PluginError::Store(error) => error.into(),
            PluginError::Invalid(errors) => Self::all_invalid(errors),
            other => Self::new(other.kind(), other.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            errors: self.errors.iter().map(Entry::from).collect(),
            webhooks: self.webhooks.iter().map(ToString::to_string).collect(),
        };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, json).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECS);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
