//! `/v1/events`

use axum::response::Response;
use bytes::Bytes;
use hookwright_engine::{Incoming, ScopedEngine};
use hookwright_model::ErrorKind;
use hookwright_model::event::without_bom;
use hookwright_store::{Accepted, IdempotencyKey};
use http::{HeaderMap, StatusCode, header};

use crate::auth::Caller;
use crate::body;
use crate::dto::event::{AcceptedDto, AcceptedManyDto};
use crate::intake::Body;
use crate::problem::Problem;

/// The most bytes of one event: a lead with a long message, many times over.
pub(crate) const MAX_EVENT_BYTES: usize = 256 * 1024;
/// The most bytes of a body with many events.
pub(crate) const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// The most events of one body.
pub(crate) const MAX_EVENTS: usize = 1_000;

/// One event as JSON, or many as `application/x-ndjson`: all are accepted, or none.
pub(crate) async fn accept(
    Caller(engine): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let idempotency = idempotency(&headers)?;
    if is_ndjson(&headers) {
        if idempotency.is_some() {
            let message = "`idempotency-key` names one event; send events with a key one by one";
            return Err(Problem::new(ErrorKind::InvalidInput, message));
        }
        return accept_many(&engine, body.bytes()).await;
    }
    let event = body.bytes().slice_ref(without_bom(body.bytes()));
    check_size(&event)?;
    let incoming = Incoming { body: event, idempotency };
    let accepted = engine.ingest(vec![incoming]).await.map_err(Problem::of_event)?;
    let accepted: Vec<AcceptedDto> = accepted.iter().map(AcceptedDto::from).collect();
    match accepted.into_iter().next() {
        Some(accepted) => Ok(body::json(StatusCode::ACCEPTED, &accepted)),
        None => Err(Problem::new(ErrorKind::Internal, "the store gave no answer")),
    }
}

async fn accept_many(engine: &ScopedEngine, body: &Bytes) -> Result<Response, Problem> {
    let lines: Vec<Bytes> = without_bom(body)
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .map(|line| body.slice_ref(line.trim_ascii()))
        .collect();
    if lines.is_empty() {
        return Err(Problem::invalid("", "there is no event: each line is one, as JSON"));
    }
    if lines.len() > MAX_EVENTS {
        let message = format!("there are {} events; at most {MAX_EVENTS} are taken at once", lines.len());
        return Err(Problem::new(ErrorKind::TooLarge, message));
    }
    lines.iter().try_for_each(|line| check_size(line))?;
    let batch = lines.into_iter().map(|body| Incoming { body, idempotency: None }).collect();
    let accepted: Vec<Accepted> = engine.ingest(batch).await.map_err(Problem::of_batch)?;
    Ok(body::json(StatusCode::ACCEPTED, &AcceptedManyDto::from(accepted.as_slice())))
}

fn check_size(event: &[u8]) -> Result<(), Problem> {
    if event.len() <= MAX_EVENT_BYTES {
        return Ok(());
    }
    let message = format!("the event has {} bytes; at most {MAX_EVENT_BYTES} are taken", event.len());
    Err(Problem::new(ErrorKind::TooLarge, message))
}

fn is_ndjson(headers: &HeaderMap) -> bool {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-ndjson")
}

fn idempotency(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().and_then(|text| IdempotencyKey::parse(text).ok());
    key.map(Some).ok_or_else(|| {
        Problem::new(ErrorKind::InvalidInput, hookwright_store::IdempotencyKeyError.to_string())
    })
}
