//! Deliveries and their attempts.

use std::collections::BTreeMap;

use hookwright_model::{
    Attempt, AttemptError, Delivery, DeliveryState, LogLevel, LogLine, Origin, Receipt, ReceivedReply,
    SentRequest,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::event::LeadBody;
use crate::page::PageQuery;
use crate::raw;

/// The query of a list of deliveries.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct DeliveriesQuery {
    /// Only those in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = crate::schema::DeliveryState, required = false)]
    pub state: Option<String>,
    /// Only those of this webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = crate::schema::WebhookId, required = false)]
    pub webhook: Option<String>,
    /// Only those of this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = crate::schema::EventId, required = false)]
    pub event: Option<String>,
    /// Which page.
    #[serde(flatten)]
    pub page: PageQuery,
}

/// One event for one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryBody {
    /// Its id, the `webhook-id` of every attempt.
    #[schema(value_type = crate::schema::DeliveryId)]
    pub id: String,
    /// The event.
    #[schema(value_type = crate::schema::EventId)]
    pub event: String,
    /// The webhook.
    #[schema(value_type = crate::schema::WebhookId)]
    pub webhook: String,
    /// The project of both.
    #[schema(value_type = crate::schema::ProjectId)]
    pub project: String,
    /// `event` or `test`.
    #[schema(value_type = crate::schema::Origin)]
    pub origin: String,
    /// Where it stands.
    #[schema(value_type = crate::schema::DeliveryState)]
    pub state: String,
    /// Why it stands there.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// What the lead became in the target.
    #[schema(required = true)]
    pub receipt: Option<ReceiptBody>,
    /// How many attempts there were.
    pub attempt_count: u32,
    /// When it is tried next; only while it is pending.
    #[schema(required = true, format = DateTime)]
    pub next_attempt_at: Option<String>,
    /// The digest of the component that it is mapped with.
    #[schema(value_type = Option<crate::schema::Digest>, required = true)]
    pub component: Option<String>,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The person whom the event is about; null when the event is not readable any more.
    #[schema(required = true)]
    pub lead: Option<LeadBody>,
}

impl DeliveryBody {
    /// The delivery of an event about this person.
    pub fn of(delivery: &Delivery, lead: Option<LeadBody>) -> Self {
        Self { lead, ..Self::from(delivery) }
    }

    /// Whether it is in this state.
    pub fn is(&self, state: DeliveryState) -> bool {
        self.state == state.as_str()
    }

    /// Whether it is a test send.
    pub fn is_test(&self) -> bool {
        self.origin == origin(Origin::Test)
    }
}

/// What a lead became in the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptBody {
    /// Its name there, for example `contact/151`.
    #[schema(required = true)]
    pub reference: Option<String>,
    /// A link to it.
    #[schema(required = true, format = "uri")]
    pub url: Option<String>,
}

pub(crate) fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Event => "event",
        Origin::Test => "test",
    }
}

pub(crate) fn level(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

impl From<&Delivery> for DeliveryBody {
    fn from(delivery: &Delivery) -> Self {
        let due = (delivery.state == DeliveryState::Pending).then_some(delivery.due_at);
        Self {
            id: delivery.id.to_string(),
            event: delivery.event.to_string(),
            webhook: delivery.webhook.to_string(),
            project: delivery.project.to_string(),
            origin: origin(delivery.origin).to_owned(),
            state: delivery.state.as_str().to_owned(),
            reason: delivery.reason.clone(),
            receipt: delivery.receipt.as_ref().map(ReceiptBody::from),
            attempt_count: delivery.attempts,
            next_attempt_at: due.map(|due| due.to_string()),
            component: delivery.pin.map(|pin| pin.digest.to_string()),
            created_at: delivery.created_at.to_string(),
            lead: None,
        }
    }
}

impl From<&Receipt> for ReceiptBody {
    fn from(receipt: &Receipt) -> Self {
        Self { reference: receipt.reference.clone(), url: receipt.url.clone() }
    }
}

/// A delivery with its event and attempts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Box<RawValue>")]
pub struct DeliveryDetail {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryBody,
    /// What happened.
    #[serde(flatten)]
    pub story: DeliveryStory,
}

/// What a delivery was made of, and what happened to it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeliveryStory {
    /// The event as it was received.
    #[schema(value_type = Option<Object>, required = true)]
    pub payload: Option<Box<RawValue>>,
    /// Each attempt.
    pub attempts: Vec<AttemptBody>,
}

impl TryFrom<Box<RawValue>> for DeliveryDetail {
    type Error = serde_json::Error;

    fn try_from(json: Box<RawValue>) -> Result<Self, Self::Error> {
        let (delivery, story) = raw::two(&json)?;
        Ok(Self { delivery, story })
    }
}

/// One request, or one failure of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttemptBody {
    /// Counts from 1.
    #[schema(minimum = 1)]
    pub number: u32,
    /// When it began.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// How long it took.
    pub duration_ms: u64,
    /// The plugin's name for the request.
    #[schema(required = true)]
    pub step: Option<String>,
    /// What followed from it.
    #[schema(value_type = crate::schema::Verdict)]
    pub verdict: String,
    /// What went wrong.
    #[schema(required = true)]
    pub error: Option<AttemptErrorBody>,
    /// What to do about it.
    #[schema(required = true)]
    pub hint: Option<String>,
    /// The request.
    #[schema(required = true)]
    pub request: Option<SentRequestBody>,
    /// The target's reply.
    #[schema(required = true)]
    pub reply: Option<ReceivedReplyBody>,
    /// What the plugin logged.
    pub logs: Vec<LogLineBody>,
    /// The digest of the component.
    #[schema(value_type = Option<crate::schema::Digest>, required = true)]
    pub component: Option<String>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttemptErrorBody {
    /// The kind of failure.
    #[schema(value_type = crate::schema::AttemptErrorKind)]
    pub kind: String,
    /// What happened, for people.
    pub message: String,
}

/// A request as it was sent, secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SentRequestBody {
    /// Its method.
    pub method: String,
    /// Its URL.
    #[schema(format = "uri")]
    pub url: String,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// Its body as text; bytes that are no text are replaced.
    pub body: String,
}

/// A reply as it was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceivedReplyBody {
    /// Its status.
    #[schema(minimum = 100, maximum = 999)]
    pub status: u16,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// Its body as text; bytes that are no text are replaced.
    pub body: String,
    /// Whether the body was longer than what is kept.
    pub truncated: bool,
}

/// A line that a plugin logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLineBody {
    /// `debug`, `info`, `warn` or `error`.
    #[schema(value_type = crate::schema::LogLevel)]
    pub level: String,
    /// Its text.
    pub message: String,
}

impl From<&Attempt> for AttemptBody {
    fn from(attempt: &Attempt) -> Self {
        Self {
            number: attempt.number,
            started_at: attempt.started_at.to_string(),
            duration_ms: u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX),
            step: attempt.step.clone(),
            verdict: attempt.verdict.as_str().to_owned(),
            error: attempt.error.as_ref().map(AttemptErrorBody::from),
            hint: attempt.hint.clone(),
            request: attempt.request.as_ref().map(SentRequestBody::from),
            reply: attempt.reply.as_ref().map(ReceivedReplyBody::from),
            logs: attempt.logs.iter().map(LogLineBody::from).collect(),
            component: attempt.component.map(|digest| digest.to_string()),
        }
    }
}

impl From<&AttemptError> for AttemptErrorBody {
    fn from(error: &AttemptError) -> Self {
        Self { kind: error.kind.as_str().to_owned(), message: error.message.clone() }
    }
}

impl From<&LogLine> for LogLineBody {
    fn from(line: &LogLine) -> Self {
        Self { level: level(line.level).to_owned(), message: line.message.clone() }
    }
}

impl From<&SentRequest> for SentRequestBody {
    fn from(request: &SentRequest) -> Self {
        Self {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: headers(&request.headers),
            body: String::from_utf8_lossy(&request.body).into_owned(),
        }
    }
}

impl From<&ReceivedReply> for ReceivedReplyBody {
    fn from(reply: &ReceivedReply) -> Self {
        Self {
            status: reply.status,
            headers: headers(&reply.headers),
            body: String::from_utf8_lossy(&reply.body).into_owned(),
            truncated: reply.truncated,
        }
    }
}

/// Headers by name. Several values of one name are joined by commas, and several cookies by line breaks (RFC 9110,
/// section 5.3): one of them must not hide another.
pub fn headers(headers: &[(String, String)]) -> BTreeMap<String, String> {
    let mut by_name: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let between = if name == "set-cookie" { "\n" } else { ", " };
        by_name
            .entry(name.clone())
            .and_modify(|values| {
                values.push_str(between);
                values.push_str(value);
            })
            .or_insert_with(|| value.clone());
    }
    by_name
}
