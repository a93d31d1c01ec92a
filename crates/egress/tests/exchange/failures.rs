//! Why there is no answer, and whether the target may have seen the request.

use hookwright_egress::AddressPolicy;
use hookwright_engine::ports::{Reached, SendError, Sender};
use hookwright_model::AttemptErrorKind::{self, Blocked, Connect, Dns, Reset, Timeout};
use tokio::net::TcpListener;

use crate::server::{Answer, Server, reply};
use crate::{egress, failure_of, loopback, overdue, post};

fn assert_failure(error: &SendError, kind: AttemptErrorKind, reached: Reached, words: &str) {
    assert_eq!((error.kind, error.reached), (kind, reached), "{error}");
    assert!(error.message.contains(words), "{error}");
}

#[tokio::test]
async fn nothing_listens() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = failure_of(post(&format!("http://user:s3cret@{address}/?key=k3y"), b"{}")).await;
    assert_failure(&error, Connect, Reached::No, "refused");
    assert!(!error.message.contains("s3cret") && !error.message.contains("k3y"), "{error}");
}

#[tokio::test]
async fn the_connection_ends_before_the_reply() {
    let mut server = Server::start(Answer::BytesAndClose(Vec::new())).await;
    let error = failure_of(post(&server.url("/"), b"{}")).await;
    assert_failure(&error, Reset, Reached::Perhaps, "closed");
    server.request().await;
    assert_eq!(server.unread_requests(), 0);
}

#[tokio::test]
async fn the_answer_is_not_http() {
    let server = Server::start(Answer::Bytes(b"220 mail.example ESMTP\r\n".to_vec())).await;
    let error = failure_of(post(&server.url("/"), b"{}")).await;
    assert_failure(&error, Reset, Reached::Perhaps, "invalid HTTP");
}

#[tokio::test]
async fn no_reply_in_time() {
    let mut server = Server::start(Answer::Silence).await;
    for body in [b"{}".as_slice(), b""] {
        let request = post(&server.url("/"), body);
        let error = overdue(request, async { drop(server.request().await) }).await;
        assert_failure(&error, Timeout, Reached::Perhaps, "within 5s");
    }
}

#[tokio::test]
async fn no_connection_in_time() {
    // The handshake of TLS is never answered.
    let server = Server::start(Answer::Silence).await;
    let request = post(&server.url("/").replace("http:", "https:"), b"{}");
    let connected = async {
        while server.connections() == 0 {
            tokio::task::yield_now().await;
        }
    };
    let error = overdue(request, connected).await;
    assert_failure(&error, Connect, Reached::No, "within 5s");
}

#[tokio::test]
async fn a_request_is_not_sent_again_when_its_connection_ends() {
    let mut server = Server::start(Answer::BytesOnce(reply("200 OK", "", b""))).await;
    let egress = egress(loopback());
    egress.send(post(&server.url("/first"), b"{}")).await.outcome.unwrap();
    let error = egress.send(post(&server.url("/second"), b"{}")).await.outcome.unwrap_err();
    assert_failure(&error, Reset, Reached::Perhaps, "closed");
    assert!(server.request().await.line.contains("/first"));
    assert!(server.request().await.line.contains("/second"));
    assert_eq!((server.unread_requests(), server.connections()), (0, 1));
}

#[tokio::test]
async fn addresses_that_are_not_public_are_not_connected_to() {
    let server = Server::start(Answer::Bytes(reply("200 OK", "", b""))).await;
    let egress = egress(AddressPolicy::public_only());
    let port = server.address.port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0x7f.1", "[64:ff9b::7f00:1]"] {
        let request = post(&format!("http://{host}:{port}/"), b"{}");
        let error = egress.send(request).await.outcome.unwrap_err();
        assert_failure(&error, Blocked, Reached::No, "public addresses only");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_that_does_not_exist() {
    let error = failure_of(post("http://does-not-exist.invalid/", b"{}")).await;
    assert_failure(&error, Dns, Reached::No, "does-not-exist.invalid");
}
