//! `/v1/events`

use axum::Json;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hookwright_api_types::event::{AcceptedBody, AcceptedMany};
use hookwright_api_types::header::IDEMPOTENCY_KEY;
use hookwright_api_types::limits::{MAX_BATCH_EVENTS, MAX_EVENT_BYTES};
use hookwright_api_types::media_type;
use hookwright_engine::{Incoming, ScopedEngine};
use hookwright_model::ErrorKind;
use hookwright_model::event::without_bom;
use hookwright_store::{Accepted, FanOut, IdempotencyKey, IdempotencyKeyError};
use http::{HeaderMap, StatusCode};

use crate::auth::Caller;
use crate::intake::{self, Body};
use crate::problem::Problem;

/// The answer to one event or many.
pub(crate) enum Answer {
    One(AcceptedBody),
    Many(AcceptedMany),
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::One(accepted) => (StatusCode::ACCEPTED, Json(accepted)).into_response(),
            Self::Many(accepted) => (StatusCode::ACCEPTED, Json(accepted)).into_response(),
        }
    }
}

/// One event as JSON, or many as `application/x-ndjson`: all are accepted, or none.
pub(crate) async fn accept(
    Caller(engine): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, Problem> {
    let idempotency = idempotency(&headers)?;
    let events = body.bytes().slice_ref(without_bom(body.bytes()));
    if intake::is_type(&headers, media_type::NDJSON) {
        if idempotency.is_some() {
            let message = "`idempotency-key` names one event: send events with a key one by one";
            return Err(Problem::new(ErrorKind::InvalidInput, message));
        }
        return accept_many(&engine, &events).await.map(Answer::Many);
    }
    check_size(&events)?;
    let incoming = Incoming { body: events, idempotency };
    let accepted = engine.ingest(vec![incoming]).await.map_err(Problem::of_event)?;
    match accepted.first() {
        Some(accepted) => Ok(Answer::One(shown(accepted))),
        None => Err(Problem::new(ErrorKind::Internal, "the store gave no answer")),
    }
}

async fn accept_many(engine: &ScopedEngine, body: &Bytes) -> Result<AcceptedMany, Problem> {
    let lines: Vec<Bytes> = body
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .map(|line| body.slice_ref(line.trim_ascii()))
        .collect();
    if lines.is_empty() {
        return Err(Problem::invalid("", "there is no event: each line is one, as JSON"));
    }
    if lines.len() > MAX_BATCH_EVENTS {
        let message =
            format!("the body has {} events; at most {MAX_BATCH_EVENTS} are accepted at once", lines.len());
        return Err(Problem::new(ErrorKind::TooLarge, message));
    }
    lines.iter().try_for_each(|line| check_size(line))?;
    let batch = lines.into_iter().map(|body| Incoming { body, idempotency: None }).collect();
    let accepted = engine.ingest(batch).await.map_err(Problem::of_batch)?;
    Ok(AcceptedMany { data: accepted.iter().map(shown).collect() })
}

fn shown(accepted: &Accepted) -> AcceptedBody {
    AcceptedBody {
        id: accepted.event.to_string(),
        deliveries: accepted.deliveries.iter().map(|(delivery, _)| delivery.to_string()).collect(),
        more_deliveries: accepted.fan_out != FanOut::Complete,
    }
}

fn check_size(event: &[u8]) -> Result<(), Problem> {
    if event.len() <= MAX_EVENT_BYTES {
        return Ok(());
    }
    let message = format!("the event has {} bytes; at most {MAX_EVENT_BYTES} are accepted", event.len());
    Err(Problem::new(ErrorKind::TooLarge, message))
}

fn idempotency(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().and_then(|text| IdempotencyKey::parse(text).ok());
    key.map(Some).ok_or_else(|| Problem::new(ErrorKind::InvalidInput, IdempotencyKeyError.to_string()))
}
