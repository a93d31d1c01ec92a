//! What passes between the host and a mapping plugin, after the host has checked it. The field meanings are those of
//! the contract in `wit/`.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};

/// One HTTP request that a plugin wants sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRequest {
    /// Names the step within the delivery, for example `create-person`.
    pub step: String,
    /// POST unless a target needs another.
    pub method: Method,
    /// Appended to the webhook's URL; none is the URL itself.
    pub path: Option<String>,
    /// Headers that a plugin may set; none of them is reserved or a credential.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// UTF-8.
    pub body: Option<Bytes>,
    /// Statuses outside 200–299 that are a reply, not a failure.
    pub accept: Vec<u16>,
    /// Whether sending it twice does no harm.
    pub idempotent: bool,
}

/// The answer to a request, as a plugin sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The step that was answered.
    pub step: String,
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// UTF-8, cut at the host's limit.
    pub body: String,
    /// Whether the body was cut.
    pub truncated: bool,
}

/// What has happened to a delivery so far, as its plugin sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// In the order of the calls.
    pub replies: Vec<Reply>,
    /// The step whose request may have reached the target although its answer was never seen.
    pub uncertain: Option<String>,
}

/// What a delivered lead became in the target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The target's own id of the record, for example `contact/151`.
    pub reference: Option<String>,
    /// A link that opens it for a person: `http` or `https`.
    pub url: Option<String>,
}

/// What a plugin wants done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send this; a success completes the delivery.
    Deliver(StepRequest),
    /// Send this, then ask the plugin again with its reply added to the history.
    Call(StepRequest),
    /// Everything has been sent.
    Done(Receipt),
    /// The event is deliberately not delivered, and why.
    Skip(String),
}

/// Why a plugin did not answer with an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Trying again cannot help until a person changes something.
    Permanent(String),
    /// Worth trying again, after so many seconds if the target named a time.
    Retry {
        /// Why.
        reason: String,
        /// Seconds to wait; the webhook's schedule decides otherwise.
        after_secs: Option<u32>,
    },
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogLevel {
    /// For the plugin's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Odd, but handled.
    Warn,
    /// Went wrong.
    Error,
}

/// A diagnostic line that a plugin wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The text.
    pub message: String,
}
