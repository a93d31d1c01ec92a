use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::StatusCode;
use http_body::{Frame, SizeHint};

use super::*;
use crate::memory;

const TIME: Duration = Duration::from_secs(30);

/// A body that announces its length, or not, and arrives in these parts; then it ends, or nothing more comes.
struct Sent {
    announced: Option<u64>,
    parts: VecDeque<Bytes>,
    ends: bool,
}

impl axum::body::HttpBody for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.parts.pop_front() {
            Some(part) => Poll::Ready(Some(Ok(Frame::data(part)))),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

fn whole(bytes: usize) -> Sent {
    Sent { announced: Some(bytes as u64), parts: [vec![b'x'; bytes].into()].into(), ends: true }
}

/// A body that announces so much, sends so much of it, and then nothing more.
fn stalled(announced: usize, sent: usize) -> Sent {
    Sent { announced: Some(announced as u64), parts: [vec![b'x'; sent].into()].into(), ends: false }
}

/// Bodies of up to a mebibyte, whose beginnings have room for four and whose rests for two.
fn allowance() -> Allowance {
    let small = Pool::unshared(4 * memory::SMALL_BYTES);
    let large = Pool::unshared(2 << 20);
    Allowance { max_bytes: 1 << 20, time: TIME, budget: Budget { small, large } }
}

async fn receive(allowance: &Allowance, sent: Sent) -> Result<Body, StatusCode> {
    receive_with(allowance, sent, &[]).await
}

async fn receive_with(
    allowance: &Allowance,
    sent: Sent,
    headers: &[(header::HeaderName, &'static str)],
) -> Result<Body, StatusCode> {
    let mut request = Request::new(Stream::new(sent));
    request.extensions_mut().insert(allowance.clone());
    for (name, value) in headers {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    Body::from_request(request, &()).await.map_err(|problem| problem.status())
}

#[tokio::test]
async fn a_body_is_received_whole_whether_it_announces_its_length_or_not() {
    for announced in [Some(4), None] {
        let sent = Sent { announced, parts: ["le".into(), "ad".into()].into(), ends: true };
        assert_eq!(receive(&allowance(), sent).await.ok().unwrap().bytes(), "lead");
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_whether_it_announces_its_length_or_not() {
    let bytes = (1 << 20) + 1;
    for announced in [Some(bytes as u64), None] {
        let sent = Sent { announced, ..whole(bytes) };
        assert_eq!(receive(&allowance(), sent).await.err(), Some(StatusCode::PAYLOAD_TOO_LARGE));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_in_time_is_given_up_and_its_memory_with_it() {
    let allowance = allowance();
    for announced in [1 << 20, 2] {
        let begun = tokio::time::Instant::now();
        let sent = stalled(announced, announced - 1);
        assert_eq!(receive(&allowance, sent).await.err(), Some(StatusCode::REQUEST_TIMEOUT));
        assert_eq!(begun.elapsed(), TIME);
    }
    let mut kept = Vec::new();
    for _ in 0..2 {
        kept.push(receive(&allowance, whole(1 << 20)).await.ok().unwrap());
    }
}

/// Sixteen requests that announce as much as may be and send one byte: they take a byte each.
#[tokio::test(start_paused = true)]
async fn what_is_only_announced_is_in_nobodys_way() {
    let allowance = allowance();
    let silent: Vec<_> = (0..16).map(|_| tokio::spawn(silent(allowance.clone()))).collect();
    tokio::task::yield_now().await;
    for bytes in [1 << 20, 100, 1 << 20] {
        assert!(receive(&allowance, whole(bytes)).await.is_ok(), "{bytes}");
    }
    for request in silent {
        assert_eq!(request.await.unwrap(), Some(StatusCode::REQUEST_TIMEOUT));
    }
}

async fn silent(allowance: Allowance) -> Option<StatusCode> {
    receive(&allowance, stalled(1 << 20, 1)).await.err()
}

#[tokio::test(start_paused = true)]
async fn small_bodies_are_received_while_large_ones_have_taken_their_part() {
    let allowance = allowance();
    let mut kept = Vec::new();
    for _ in 0..2 {
        kept.push(receive(&allowance, whole(1 << 20)).await.ok().unwrap());
    }
    assert_eq!(receive(&allowance, whole(1 << 20)).await.err(), Some(StatusCode::SERVICE_UNAVAILABLE));
    for _ in 0..100 {
        assert!(receive(&allowance, whole(memory::SMALL_BYTES)).await.is_ok());
    }
    kept.pop();
    assert!(receive(&allowance, whole(1 << 20)).await.is_ok(), "room that is given back is there again");
}

#[tokio::test]
async fn compressed_bodies_are_refused_by_their_header() {
    let coding = |value| (header::CONTENT_ENCODING, value);
    for value in ["gzip", "br", "deflate, gzip"] {
        let received = receive_with(&allowance(), whole(4), &[coding(value)]).await;
        assert_eq!(received.err(), Some(StatusCode::UNSUPPORTED_MEDIA_TYPE), "{value}");
    }
    for value in ["identity", "", "Identity"] {
        assert!(receive_with(&allowance(), whole(4), &[coding(value)]).await.is_ok(), "{value}");
    }
}

#[test]
fn a_media_type_has_parameters_and_any_case() {
    let is_ndjson = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
        is_type(&headers, "application/x-ndjson")
    };
    assert!(is_ndjson("application/x-ndjson") && is_ndjson("Application/X-NDJSON; charset=utf-8"));
    assert!(!is_ndjson("application/json") && !is_ndjson("ndjson"));
}
