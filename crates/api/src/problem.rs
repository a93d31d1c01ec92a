//! Error answers, as problem details (RFC 9457).
//!
//! A caller decides by `code`, which never changes, and reads `detail`. Each entry of `errors` has the JSON pointer of
//! the member that is wrong; `webhooks` names those that are in the way. A 5xx says nothing internal: the cause is in the log.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use hookwright_api_types::media_type;
use hookwright_api_types::problem::{Code, InvalidBody, ProblemBody};
use hookwright_engine::{
    DeliverError, Field, IngestError, Invalid, PluginError, Principal, ProjectError, Remedy, TestError,
    WebhookError,
};
use hookwright_model::{ErrorKind, WebhookId};
use hookwright_store::StoreError;
use http::{HeaderValue, StatusCode, header};
use tracing::error;

use crate::failures::TooMany;
use crate::parse::joined;

/// When to come back after a 503 or 429.
const RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("5");

/// An error answer.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    errors: Vec<InvalidBody>,
    webhooks: Vec<WebhookId>,
}

impl Problem {
    pub(crate) fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        let code = match kind {
            ErrorKind::InvalidInput => Code::InvalidInput,
            ErrorKind::Unauthorized => Code::Unauthorized,
            ErrorKind::Forbidden => Code::Forbidden,
            ErrorKind::NotFound => Code::NotFound,
            ErrorKind::Conflict => Code::Conflict,
            ErrorKind::PreconditionFailed => Code::PreconditionFailed,
            ErrorKind::TooLarge => Code::TooLarge,
            ErrorKind::Unavailable => Code::Unavailable,
            ErrorKind::Internal => Code::Internal,
        };
        Self::with_code(code, detail)
    }

    fn with_code(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), webhooks: Vec::new() }
    }

    /// One member of the request is wrong.
    pub(crate) fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::all_invalid(vec![InvalidBody { pointer: pointer.into(), detail: message.into() }])
    }

    /// Several members of the request are wrong.
    pub(crate) fn all_invalid(errors: Vec<InvalidBody>) -> Self {
        let details: Vec<&str> = errors.iter().map(|wrong| wrong.detail.as_str()).collect();
        let detail = details.join("; ");
        Self { errors, ..Self::new(ErrorKind::InvalidInput, detail) }
    }

    pub(crate) fn method_not_allowed() -> Self {
        let detail = "this path does not accept this method; `allow` lists those that it accepts";
        Self::with_code(Code::MethodNotAllowed, detail)
    }

    /// The body is in a format that the path does not accept.
    pub(crate) fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::with_code(Code::UnsupportedMediaType, detail)
    }

    /// A body did not arrive within this time.
    pub(crate) fn too_slow(time: Duration) -> Self {
        let detail = format!("the body did not arrive within {} s", time.as_secs());
        Self::with_code(Code::RequestTimeout, detail)
    }

    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status_code()
    }

    #[cfg(test)]
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    #[cfg(test)]
    pub(crate) fn pointers(&self) -> Vec<&str> {
        self.errors.iter().map(|wrong| wrong.pointer.as_str()).collect()
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

impl From<DeliverError> for Problem {
    fn from(cause: DeliverError) -> Self {
        match cause {
            DeliverError::Store(error) => error.into(),
            DeliverError::NoWebhook => Self::new(cause.kind(), cause.to_string()),
        }
    }
}

impl From<TestError> for Problem {
    fn from(cause: TestError) -> Self {
        match cause {
            TestError::Store(error) => error.into(),
            other => Self::new(other.kind(), other.to_string()),
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

/// Where a webhook's body has the field.
fn in_webhook(field: &Field) -> String {
    match field {
        Field::Url => "/url".to_owned(),
        Field::Plugin => "/mapping/plugin".to_owned(),
        Field::PluginVersion => "/mapping/version".to_owned(),
        Field::Settings(pointer) => joined("/mapping/settings", pointer),
        // A webhook has no event.
        Field::Event(_) => String::new(),
    }
}

/// Where the body of a preview has the field.
fn in_preview(field: &Field) -> String {
    match field {
        Field::Url => "/url".to_owned(),
        Field::PluginVersion => "/version".to_owned(),
        Field::Settings(pointer) => joined("/settings", pointer),
        Field::Event(pointer) => joined("/event", pointer),
        // The path names the plugin.
        Field::Plugin => String::new(),
    }
}

/// What an operator can do. Nobody else is told of flags.
fn advice(remedy: Remedy, caller: &Principal) -> Option<String> {
    let Remedy::AllowTarget(address) = remedy;
    caller.is_operator().then(|| match address {
        Some(address) => {
            let prefix = if address.is_ipv4() { 32 } else { 128 };
            format!("to allow this one, start Hookwright with `--allow-target {address}/{prefix}`")
        }
        None => "to allow it, give the name an address here and start Hookwright with `--allow-target` and \
                 that address"
            .to_owned(),
    })
}

fn wrong(invalid: Invalid, place: fn(&Field) -> String, caller: &Principal) -> InvalidBody {
    let Invalid { field, message, remedy } = invalid;
    let advice = remedy.and_then(|remedy| advice(remedy, caller));
    let detail = advice.map_or(message.clone(), |advice| format!("{message}; {advice}"));
    InvalidBody { pointer: place(&field), detail }
}

impl Problem {
    /// A webhook was not stored.
    pub(crate) fn of_webhook(cause: WebhookError, caller: &Principal) -> Self {
        match cause {
            WebhookError::Invalid(errors) => {
                Self::all_invalid(errors.into_iter().map(|one| wrong(one, in_webhook, caller)).collect())
            }
            WebhookError::Unavailable(reason) => Self::new(ErrorKind::Unavailable, reason),
            WebhookError::Store(error) => error.into(),
        }
    }

    /// Something was not done with a plugin.
    pub(crate) fn of_plugin(cause: PluginError, caller: &Principal) -> Self {
        match cause {
            PluginError::Store(error) => error.into(),
            PluginError::Invalid(errors) => {
                Self::all_invalid(errors.into_iter().map(|one| wrong(one, in_preview, caller)).collect())
            }
            other => Self::new(other.kind(), other.to_string()),
        }
    }

    /// An event was not accepted.
    pub(crate) fn of_event(cause: IngestError) -> Self {
        match refused_event(cause) {
            Ok((_, InvalidBody { pointer, detail })) => Self::invalid(pointer, detail),
            Err(problem) => problem,
        }
    }

    /// Events were not accepted. The pointer begins with the index of the wrong one, as if the lines were an array.
    pub(crate) fn of_batch(cause: IngestError) -> Self {
        match refused_event(cause) {
            Ok((index, InvalidBody { pointer, detail })) => {
                let detail = format!("event {} of the batch: {detail}", index + 1);
                Self::invalid(format!("/{index}{pointer}"), detail)
            }
            Err(problem) => problem,
        }
    }
}

/// The event that is wrong, and where; or what else happened.
fn refused_event(cause: IngestError) -> Result<(usize, InvalidBody), Problem> {
    match cause {
        IngestError::Store(error) => Err(error.into()),
        IngestError::TooManyDeliveries { .. } => Err(Problem::new(cause.kind(), cause.to_string())),
        IngestError::Payload { index, error } => {
            Ok((index, InvalidBody { pointer: error.pointer, detail: error.message }))
        }
        IngestError::UnknownProject { index, project } => {
            let detail = format!("there is no project {project}; create it with POST /v1/projects");
            Ok((index, InvalidBody { pointer: "/project_id".to_owned(), detail }))
        }
    }
}

impl From<TooMany> for Problem {
    fn from(TooMany: TooMany) -> Self {
        let detail = "too many requests came with a wrong key: try again in some seconds";
        Self::with_code(Code::TooManyRequests, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status_code();
        let body = ProblemBody {
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            code: self.code,
            detail: self.detail,
            errors: self.errors,
            webhooks: self.webhooks.iter().map(ToString::to_string).collect(),
        };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (status, json).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type::PROBLEM));
        if matches!(self.code, Code::Unavailable | Code::TooManyRequests) {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECS);
        }
        if self.code == Code::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
