//! Deliveries and their attempts.

use std::collections::BTreeMap;

use hookwright_model::{
    Attempt, AttemptError, Delivery, DeliveryId, DeliveryState, Event, EventId, LogLevel, LogLine, Origin,
    Receipt, ReceivedReply, SentRequest, WebhookId,
};
use hookwright_store::DeliveryFilter;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::page::PageQuery;
use crate::problem::Problem;

/// `?state=…&webhook=…&event=…`
#[derive(Debug, Default, Deserialize)]
pub(crate) struct DeliveriesQuery {
    state: Option<String>,
    webhook: Option<String>,
    event: Option<String>,
    #[serde(flatten)]
    pub(crate) page: PageQuery,
}

impl DeliveriesQuery {
    pub(crate) fn filter(&self) -> Result<DeliveryFilter, Problem> {
        let wrong = |message: String| Problem::invalid("", message);
        let state = self.state.as_deref().map(|text| {
            DeliveryState::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
                let known = DeliveryState::ALL.map(DeliveryState::as_str).join(", ");
                wrong(format!("`{text}` is not a state; the states are: {known}"))
            })
        });
        let webhook =
            self.webhook.as_deref().map(|id| id.parse::<WebhookId>().map_err(|e| wrong(e.to_string())));
        let event = self.event.as_deref().map(|id| id.parse::<EventId>().map_err(|e| wrong(e.to_string())));
        Ok(DeliveryFilter {
            state: state.transpose()?,
            webhook: webhook.transpose()?,
            event: event.transpose()?,
        })
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct DeliveryDto<'a> {
    id: String,
    event: String,
    webhook: String,
    project: String,
    /// `event` or `test`.
    origin: &'static str,
    state: &'static str,
    reason: Option<&'a str>,
    receipt: Option<ReceiptDto<'a>>,
    attempt_count: u32,
    /// Only while it is pending.
    next_attempt_at: Option<String>,
    component: Option<String>,
    created_at: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ReceiptDto<'a> {
    reference: Option<&'a str>,
    url: Option<&'a str>,
}

impl<'a> From<&'a Delivery> for DeliveryDto<'a> {
    fn from(delivery: &'a Delivery) -> Self {
        let due = (delivery.state == DeliveryState::Pending).then_some(delivery.due_at);
        Self {
            id: DeliveryId::to_string(&delivery.id),
            event: delivery.event.to_string(),
            webhook: delivery.webhook.to_string(),
            project: delivery.project.to_string(),
            origin: match delivery.origin {
                Origin::Event => "event",
                Origin::Test => "test",
            },
            state: delivery.state.as_str(),
            reason: delivery.reason.as_deref(),
            receipt: delivery.receipt.as_ref().map(ReceiptDto::from),
            attempt_count: delivery.attempts,
            next_attempt_at: due.map(|due| due.to_string()),
            component: delivery.pin.map(|pin| pin.digest.to_string()),
            created_at: delivery.created_at.to_string(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct DeliveryDetailDto<'a> {
    #[serde(flatten)]
    delivery: DeliveryDto<'a>,
    /// The event as it was received.
    payload: Option<Box<RawValue>>,
    attempts: Vec<AttemptDto<'a>>,
}

impl<'a> DeliveryDetailDto<'a> {
    pub(crate) fn new(delivery: &'a Delivery, event: &'a Event, attempts: &'a [Attempt]) -> Self {
        Self {
            delivery: delivery.into(),
            payload: serde_json::from_slice(&event.payload).ok(),
            attempts: attempts.iter().map(AttemptDto::from).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct AttemptDto<'a> {
    number: u32,
    started_at: String,
    duration_ms: u128,
    step: Option<&'a str>,
    verdict: &'static str,
    error: Option<ErrorDto<'a>>,
    hint: Option<&'a str>,
    request: Option<RequestDto<'a>>,
    reply: Option<ReplyDto<'a>>,
    logs: Vec<LogDto<'a>>,
    component: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ErrorDto<'a> {
    kind: &'static str,
    message: &'a str,
}

#[derive(Debug, Serialize)]
struct RequestDto<'a> {
    method: &'a str,
    url: &'a str,
    headers: BTreeMap<&'a str, &'a str>,
    /// As text; bytes that are none are replaced.
    body: String,
}

#[derive(Debug, Serialize)]
struct ReplyDto<'a> {
    status: u16,
    headers: BTreeMap<&'a str, &'a str>,
    /// As text; bytes that are none are replaced.
    body: String,
    truncated: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct LogDto<'a> {
    level: &'static str,
    message: &'a str,
}

impl<'a> From<&'a Attempt> for AttemptDto<'a> {
    fn from(attempt: &'a Attempt) -> Self {
        Self {
            number: attempt.number,
            started_at: attempt.started_at.to_string(),
            duration_ms: attempt.duration.as_millis(),
            step: attempt.step.as_deref(),
            verdict: attempt.verdict.as_str(),
            error: attempt.error.as_ref().map(ErrorDto::from),
            hint: attempt.hint.as_deref(),
            request: attempt.request.as_ref().map(RequestDto::from),
            reply: attempt.reply.as_ref().map(ReplyDto::from),
            logs: attempt.logs.iter().map(LogDto::from).collect(),
            component: attempt.component.map(|digest| digest.to_string()),
        }
    }
}

impl<'a> From<&'a Receipt> for ReceiptDto<'a> {
    fn from(receipt: &'a Receipt) -> Self {
        Self { reference: receipt.reference.as_deref(), url: receipt.url.as_deref() }
    }
}

impl<'a> From<&'a AttemptError> for ErrorDto<'a> {
    fn from(error: &'a AttemptError) -> Self {
        Self { kind: error.kind.as_str(), message: &error.message }
    }
}

impl<'a> From<&'a LogLine> for LogDto<'a> {
    fn from(line: &'a LogLine) -> Self {
        let level = match line.level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        };
        Self { level, message: &line.message }
    }
}

impl<'a> From<&'a SentRequest> for RequestDto<'a> {
    fn from(request: &'a SentRequest) -> Self {
        Self {
            method: &request.method,
            url: &request.url,
            headers: headers(&request.headers),
            body: String::from_utf8_lossy(&request.body).into_owned(),
        }
    }
}

impl<'a> From<&'a ReceivedReply> for ReplyDto<'a> {
    fn from(reply: &'a ReceivedReply) -> Self {
        Self {
            status: reply.status,
            headers: headers(&reply.headers),
            body: String::from_utf8_lossy(&reply.body).into_owned(),
            truncated: reply.truncated,
        }
    }
}

pub(super) fn headers(headers: &[(String, String)]) -> BTreeMap<&str, &str> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
