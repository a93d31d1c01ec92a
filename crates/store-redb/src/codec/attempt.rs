//! Attempts and replies.

use std::time::Duration;

use bytes::Bytes;
use hookwright_model::{
    Attempt, AttemptError, AttemptErrorKind, DeliveryId, Digest, LogLevel, LogLine, ReceivedReply, Reply,
    SentRequest, Verdict,
};
use hookwright_store::StoreError;
use serde::{Deserialize, Serialize};

use super::{Home, Kind, Raw, decode, encode, mirror, nanos, time};
use crate::schema::numbered_key;

type Headers<'a> = Vec<(&'a str, &'a str)>;

#[derive(Serialize, Deserialize)]
struct AttemptRow<'a> {
    started_at: u64,
    duration_ns: u64,
    step: Option<&'a str>,
    #[serde(borrow)]
    request: Option<RequestRow<'a>>,
    #[serde(borrow)]
    reply: Option<ReceivedRow<'a>>,
    verdict: VerdictRow,
    #[serde(borrow)]
    error: Option<(ErrorKindRow, &'a str)>,
    hint: Option<&'a str>,
    #[serde(borrow)]
    logs: Vec<(LevelRow, &'a str)>,
    component: Option<[u8; 32]>,
}

#[derive(Serialize, Deserialize)]
struct RequestRow<'a> {
    method: &'a str,
    url: &'a str,
    #[serde(borrow)]
    headers: Headers<'a>,
    #[serde(borrow)]
    body: Raw<'a>,
}

#[derive(Serialize, Deserialize)]
struct ReceivedRow<'a> {
    status: u16,
    #[serde(borrow)]
    headers: Headers<'a>,
    #[serde(borrow)]
    body: Raw<'a>,
    truncated: bool,
}

#[derive(Serialize, Deserialize)]
struct ReplyRow<'a> {
    step: &'a str,
    status: u16,
    #[serde(borrow)]
    headers: Headers<'a>,
    body: &'a str,
    truncated: bool,
}

mirror!(VerdictRow = Verdict { Succeeded, Retry, Failed, Held, Skipped });
mirror!(LevelRow = LogLevel { Debug, Info, Warn, Error });
mirror!(
    ErrorKindRow = AttemptErrorKind {
        Dns,
        Blocked,
        Connect,
        Tls,
        Timeout,
        Reset,
        Status,
        MappingPermanent,
        MappingRetry,
        MappingTrap,
        MappingLimit,
        MappingInvalid,
        MappingUnavailable,
    }
);

pub(crate) fn attempt_row(attempt: &Attempt) -> Result<Vec<u8>, StoreError> {
    let row = AttemptRow {
        started_at: attempt.started_at.as_millis(),
        duration_ns: nanos(attempt.duration),
        step: attempt.step.as_deref(),
        request: attempt.request.as_ref().map(|request| RequestRow {
            method: &request.method,
            url: &request.url,
            headers: borrowed(&request.headers),
            body: Raw(&request.body),
        }),
        reply: attempt.reply.as_ref().map(|reply| ReceivedRow {
            status: reply.status,
            headers: borrowed(&reply.headers),
            body: Raw(&reply.body),
            truncated: reply.truncated,
        }),
        verdict: attempt.verdict.into(),
        error: attempt.error.as_ref().map(|error| (error.kind.into(), &*error.message)),
        hint: attempt.hint.as_deref(),
        logs: attempt.logs.iter().map(|line| (line.level.into(), &*line.message)).collect(),
        component: attempt.component.map(Digest::to_bytes),
    };
    encode(Home::new(Kind::Attempt, &numbered_key(attempt.delivery, attempt.number)), &row)
}

pub(crate) fn attempt(delivery: DeliveryId, number: u32, bytes: &[u8]) -> Result<Attempt, StoreError> {
    let row: AttemptRow<'_> = decode(Home::new(Kind::Attempt, &numbered_key(delivery, number)), bytes)?;
    Ok(Attempt {
        delivery,
        number,
        started_at: time(row.started_at),
        duration: Duration::from_nanos(row.duration_ns),
        step: row.step.map(str::to_owned),
        request: row.request.map(|request| SentRequest {
            method: request.method.to_owned(),
            url: request.url.to_owned(),
            headers: owned(&request.headers),
            body: Bytes::copy_from_slice(request.body.0),
        }),
        reply: row.reply.map(|reply| ReceivedReply {
            status: reply.status,
            headers: owned(&reply.headers),
            body: Bytes::copy_from_slice(reply.body.0),
            truncated: reply.truncated,
        }),
        verdict: row.verdict.into(),
        error: row
            .error
            .map(|(kind, message)| AttemptError { kind: kind.into(), message: message.to_owned() }),
        hint: row.hint.map(str::to_owned),
        logs: row
            .logs
            .into_iter()
            .map(|(level, message)| LogLine { level: level.into(), message: message.to_owned() })
            .collect(),
        component: row.component.map(Digest::from_bytes),
    })
}

pub(crate) fn reply_row(key: &[u8; 20], reply: &Reply) -> Result<Vec<u8>, StoreError> {
    let row = ReplyRow {
        step: &reply.step,
        status: reply.status,
        headers: borrowed(&reply.headers),
        body: &reply.body,
        truncated: reply.truncated,
    };
    encode(Home::new(Kind::Reply, key), &row)
}

pub(crate) fn reply(key: &[u8; 20], bytes: &[u8]) -> Result<Reply, StoreError> {
    let row: ReplyRow<'_> = decode(Home::new(Kind::Reply, key), bytes)?;
    Ok(Reply {
        step: row.step.to_owned(),
        status: row.status,
        headers: owned(&row.headers),
        body: row.body.to_owned(),
        truncated: row.truncated,
    })
}

fn borrowed(headers: &[(String, String)]) -> Headers<'_> {
    headers.iter().map(|(name, value)| (&**name, &**value)).collect()
}

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
