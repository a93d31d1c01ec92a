//! Reading a reply, up to the limits and no further. A status that was read counts, whatever becomes of the rest.

use bytes::{Bytes, BytesMut};
use hookwright_model::ReceivedReply;
use hookwright_model::limits::{MAX_REPLY_BODY_BYTES, MAX_REPLY_HEADER_BYTES};
use http::{Extensions, HeaderMap, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::client::legacy::Error;
use tokio::time::{Instant, timeout_at};

use crate::coding;
use crate::tap::Beginning;

/// Reads the reply. What is beyond a limit, or has not come by the deadline, is left out, and `truncated` says so; of a
/// body that goes on, the rest is never fetched: the connection is closed.
pub(crate) async fn read(response: Response<Incoming>, deadline: Instant) -> ReceivedReply {
    let (head, mut body) = response.into_parts();
    let status = head.status.as_u16();
    let (headers, cut) = kept(&head.headers);
    let mut received = BytesMut::new();
    let mut truncated = false;
    loop {
        let frame = match timeout_at(deadline, body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame,
            // The body ended too early, or not at all.
            Ok(Some(Err(_))) | Err(_) => {
                truncated = true;
                break;
            }
        };
        let Ok(chunk) = frame.into_data() else { continue };
        let room = MAX_REPLY_BODY_BYTES - received.len();
        received.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            truncated = true;
            break;
        }
    }
    let (body, decoded_cut) = coding::decode(&head.headers, received.freeze(), truncated);
    ReceivedReply { status, headers, body, truncated: truncated || cut || decoded_cut }
}

/// The reply of which only the status line could be read, if there was one. Its body says so, and shows what came.
pub(crate) fn without_its_rest(error: &Error) -> Option<ReceivedReply> {
    let mut extras = Extensions::new();
    error.connect_info()?.get_extras(&mut extras);
    let beginning = extras.get::<Beginning>()?.bytes();
    let status = status_of(&beginning)?;
    let shown = String::from_utf8_lossy(&beginning);
    let body = format!("answered {status}, but the rest is not HTTP:\n{shown}");
    Some(ReceivedReply { status, headers: Vec::new(), body: Bytes::from(body), truncated: true })
}

/// The status of an answer that begins so: of the first line that is not a provisional one (RFC 9110, section 15.2).
fn status_of(answer: &[u8]) -> Option<u16> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let line = answer[..end].strip_prefix(b"HTTP/1.")?;
    let code = line.get(1..5)?.strip_prefix(b" ")?;
    if line.get(5).is_some_and(u8::is_ascii_digit) || !line[0].is_ascii_digit() {
        return None;
    }
    let status = std::str::from_utf8(code).ok()?.parse().ok()?;
    match status {
        100..200 => {
            let blank = answer[end..].windows(3).position(|window| window == b"\n\r\n")?;
            status_of(&answer[end + blank + 3..])
        }
        200..600 => Some(status),
        _ => None,
    }
}

/// The headers that fit, and whether there are others. One that is too large does not displace those after it: the
/// engine looks for `retry-after` and `location`, which may follow a large cookie.
fn kept(headers: &HeaderMap) -> (Vec<(String, String)>, bool) {
    let mut room = MAX_REPLY_HEADER_BYTES;
    let mut kept = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        if let Some(left) = room.checked_sub(name.as_str().len() + value.len()) {
            room = left;
            kept.push((name.as_str().to_owned(), value.into_owned()));
        }
    }
    let truncated = kept.len() < headers.len();
    (kept, truncated)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn headers_beyond_the_limit_are_left_out() {
        let mut headers = HeaderMap::new();
        headers.insert("set-cookie", HeaderValue::from_str(&"c".repeat(MAX_REPLY_HEADER_BYTES)).unwrap());
        headers.insert("retry-after", HeaderValue::from_static("7"));
        assert_eq!(kept(&headers), (vec![("retry-after".to_owned(), "7".to_owned())], true));
        headers.remove("set-cookie");
        assert!(!kept(&headers).1);
    }

    #[test]
    fn a_status_line_is_read_from_whatever_follows_it() {
        for (answer, status) in [
            ("HTTP/1.1 200 OK\r\n\0\0", Some(200)),
            ("HTTP/1.0 503\r\n", Some(503)),
            ("HTTP/1.1 204\nx", Some(204)),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n", Some(201)),
            ("HTTP/1.1 100 Continue\r\n\r\n", None),
            ("HTTP/1.1 2000 OK\r\n", None),
            ("HTTP/1.1 20", None),
            ("HTTP/1.1 abc\r\n", None),
            ("HTTP/2 200\r\n", None),
            ("220 mail.example ESMTP\r\n", None),
            ("", None),
        ] {
            assert_eq!(status_of(answer.as_bytes()), status, "{answer:?}");
        }
    }
}
