//! Reading a reply, up to the limits and no further.

use bytes::BytesMut;
use hookwright_model::ReceivedReply;
use hookwright_model::limits::{MAX_REPLY_BODY_BYTES, MAX_REPLY_HEADER_BYTES};
use http::HeaderMap;
use reqwest::Response;

/// Reads the reply. What is beyond a limit is left out, and `truncated` says so; of a body that goes on, the rest is never
/// fetched: the connection is closed.
pub(crate) async fn read(mut response: Response) -> Result<ReceivedReply, reqwest::Error> {
    let status = response.status().as_u16();
    let (headers, mut truncated) = kept(response.headers());
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        let room = MAX_REPLY_BODY_BYTES - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            truncated = true;
            break;
        }
    }
    Ok(ReceivedReply { status, headers, body: body.freeze(), truncated })
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
}
