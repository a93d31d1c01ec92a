//! Attempts: the log of a delivery.

use std::time::Duration;

use bytes::Bytes;

use crate::contract::LogLine;
use crate::id::DeliveryId;
use crate::plugin::Digest;
use crate::time::Timestamp;

/// One request, or one answer of the mapping that led to none. It holds no credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// 1, 2, 3 … within the delivery.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// The plugin's name of the step; none without a plugin or without a request.
    pub step: Option<String>,
    /// What was sent; none when the mapping gave no request.
    pub request: Option<SentRequest>,
    /// What came back, if anything did.
    pub reply: Option<ReceivedReply>,
    /// What came of it.
    pub verdict: Verdict,
    /// What went wrong, if something did.
    pub error: Option<AttemptError>,
    /// What a person can do about it, or should know about what the target took.
    pub hint: Option<String>,
    /// What the plugin wrote while it made this request or answered its reply.
    pub logs: Vec<LogLine>,
    /// The component that made the request.
    pub component: Option<Digest>,
}

/// A request as it was sent, credentials masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRequest {
    /// The method.
    pub method: String,
    /// The URL, masked.
    pub url: String,
    /// Names in lower case; values that may be credentials masked.
    pub headers: Vec<(String, String)>,
    /// The bytes sent.
    pub body: Bytes,
}

/// A reply as it came, cut at the host's limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedReply {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes, as far as they were read.
    pub body: Bytes,
    /// Whether more would have come.
    pub truncated: bool,
}

/// What comes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The target took it.
    Succeeded,
    /// Will be tried again.
    Retry,
    /// Given up.
    Failed,
    /// Waits for a person.
    Held,
    /// The plugin decided not to deliver.
    Skipped,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 5] = [Self::Succeeded, Self::Retry, Self::Failed, Self::Held, Self::Skipped];

    /// The name in the API and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Retry => "retry",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Skipped => "skipped",
        }
    }
}

/// What went wrong in an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptError {
    /// The kind, for filters and counts.
    pub kind: AttemptErrorKind,
    /// The details, for people.
    pub message: String,
}

/// The kinds of things that go wrong in an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptErrorKind {
    /// The host name has no address.
    Dns,
    /// The address is not a public one.
    Blocked,
    /// No connection.
    Connect,
    /// No secure connection.
    Tls,
    /// No complete answer in time.
    Timeout,
    /// The connection ended before the answer was complete.
    Reset,
    /// The target answered with a status that is not a success.
    Status,
    /// The plugin said that it cannot go on.
    MappingPermanent,
    /// The plugin said that it wants to try again.
    MappingRetry,
    /// The plugin crashed.
    MappingTrap,
    /// The plugin exceeded a limit.
    MappingLimit,
    /// The plugin's answer broke a rule.
    MappingInvalid,
    /// The plugin could not be loaded.
    MappingUnavailable,
}

impl AttemptErrorKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Dns,
        Self::Blocked,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Reset,
        Self::Status,
        Self::MappingPermanent,
        Self::MappingRetry,
        Self::MappingTrap,
        Self::MappingLimit,
        Self::MappingInvalid,
        Self::MappingUnavailable,
    ];

    /// The name in the API and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Blocked => "blocked",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Status => "status",
            Self::MappingPermanent => "mapping_permanent",
            Self::MappingRetry => "mapping_retry",
            Self::MappingTrap => "mapping_trap",
            Self::MappingLimit => "mapping_limit",
            Self::MappingInvalid => "mapping_invalid",
            Self::MappingUnavailable => "mapping_unavailable",
        }
    }
}
