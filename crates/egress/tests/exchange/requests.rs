//! What is sent, and what comes back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use hookwright_engine::ports::Sender;
use hookwright_model::CustomHeaders;
use http::{HeaderName, HeaderValue, Method};
use sha2::Sha256;

use crate::server::{Answer, Server, reply};
use crate::{egress, exchange, loopback, post, reply_to, secret};

#[tokio::test]
async fn bytes_arrive_as_they_are_and_are_shown_so() {
    let mut server = Server::start(Answer::Bytes(reply("200 OK", "x-a: 1\r\n", b"thanks"))).await;
    let body = b"{ \"b\":1,\n\t\"a\" : \"\xc3\xa9\" }\n";
    let exchange = exchange(post(&server.url("/hook?k=v"), body)).await;

    let seen = server.request().await;
    assert_eq!(seen.line, "POST /hook?k=v HTTP/1.1");
    assert_eq!(seen.body, body);
    assert_eq!(seen.header("content-length"), Some(body.len().to_string().as_str()));
    assert_eq!(seen.header("transfer-encoding"), None);
    assert_eq!(seen.header("user-agent"), Some(concat!("Hookwright/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(seen.header("accept-encoding"), Some("identity"));

    assert_eq!(exchange.request.method, "POST");
    assert_eq!(exchange.request.url, server.url("/hook?k=…"));
    assert_eq!(exchange.request.body, body.as_slice());
    for (name, value) in &exchange.request.headers {
        assert_eq!(seen.header(name), Some(value.as_str()), "{name}");
    }

    let reply = exchange.outcome.unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, b"thanks".as_slice());
    assert!(reply.headers.contains(&("x-a".to_owned(), "1".to_owned())), "{:?}", reply.headers);
    assert!(!reply.truncated);
    assert!(!exchange.duration.is_zero());
}

#[tokio::test]
async fn the_signature_covers_the_bytes_that_arrive() {
    let mut server = Server::start(Answer::Bytes(reply("204 No Content", "", b""))).await;
    reply_to(post(&server.url("/"), b"{\"x\":1}")).await;

    let seen = server.request().await;
    let (id, timestamp) = (seen.header("webhook-id").unwrap(), seen.header("webhook-timestamp").unwrap());
    assert_eq!(timestamp, "1700000000");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret().key()).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(&seen.body);
    let signature = seen.header("webhook-signature").unwrap().strip_prefix("v1,").unwrap();
    mac.verify_slice(&STANDARD.decode(signature).unwrap()).unwrap();
}

#[tokio::test]
async fn credentials_are_sent_and_not_shown() {
    let mut server = Server::start(Answer::Bytes(reply("200 OK", "", b""))).await;
    let url = server.url("/").replace("http://", "http://alice:s3cret@");
    let mut request = post(&url, b"{}");
    request.custom_headers = CustomHeaders::parse([("x-token", "t0ken")]).unwrap();
    request.plugin_headers = vec![
        (HeaderName::from_static("x-token"), HeaderValue::from_static("of the plugin")),
        (HeaderName::from_static("prefer"), HeaderValue::from_static("minimal")),
    ];
    let exchange = exchange(request).await;

    let seen = server.request().await;
    assert_eq!(seen.header("authorization"), Some("Basic YWxpY2U6czNjcmV0"));
    assert_eq!(seen.header("x-token"), Some("t0ken"));
    assert_eq!(seen.header("prefer"), Some("minimal"));
    assert_eq!(seen.header("host"), Some(server.address.to_string().as_str()));

    let shown = format!("{:?}", exchange.request);
    assert!(shown.contains(r#"("prefer", "minimal")"#) && shown.contains(r#"("x-token", "***")"#), "{shown}");
    for secret in ["s3cret", "alice", "YWxpY2U6", "t0ken"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn a_request_without_a_body_has_none() {
    let mut server = Server::start(Answer::Bytes(reply("200 OK", "", b""))).await;
    let mut request = post(&server.url("/contacts"), b"");
    request.body = None;
    request.method = Method::GET;
    reply_to(request).await;
    let seen = server.request().await;
    assert_eq!(seen.line, "GET /contacts HTTP/1.1");
    assert_eq!((seen.header("content-length"), seen.header("content-type")), (None, None));
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let elsewhere = Server::start(Answer::Bytes(reply("200 OK", "", b""))).await;
    let location = format!("location: {}\r\n", elsewhere.url("/"));
    let server = Server::start(Answer::Bytes(reply("307 Temporary Redirect", &location, b""))).await;
    let reply = reply_to(post(&server.url("/"), b"{}")).await;
    assert_eq!(reply.status, 307);
    assert!(reply.headers.contains(&("location".to_owned(), elsewhere.url("/"))));
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_reply_is_read_up_to_the_limit() {
    const LIMIT: usize = 64 * 1024;
    for (sent, kept, truncated) in
        [(LIMIT, LIMIT, false), (LIMIT + 1, LIMIT, true), (1 << 20, LIMIT, true), (0, 0, false)]
    {
        let server = Server::start(Answer::Bytes(reply("200 OK", "", &vec![b'x'; sent]))).await;
        let reply = reply_to(post(&server.url("/"), b"{}")).await;
        assert_eq!((reply.body.len(), reply.truncated), (kept, truncated), "{sent} bytes");
    }
    let server = Server::start(Answer::Flood).await;
    let reply = reply_to(post(&server.url("/"), b"{}")).await;
    assert_eq!((reply.body.len(), reply.truncated), (LIMIT, true));
}

#[tokio::test]
async fn requests_share_a_connection() {
    let server = Server::start(Answer::Bytes(reply("200 OK", "", b"ok"))).await;
    let egress = egress(loopback());
    for _ in 0..3 {
        egress.send(post(&server.url("/"), b"{}")).await.outcome.unwrap();
    }
    assert_eq!(server.connections(), 1);
}
