//! Replies as real servers write them: a status that was read counts, whatever follows it.

use hookwright_engine::ports::Sender;

use crate::server::{Answer, Server, reply};
use crate::{egress, loopback, overdue_exchange, post, reply_to};

/// The reply to one request that is answered with these bytes, after which the connection is closed.
async fn answered(bytes: impl Into<Vec<u8>>) -> hookwright_model::ReceivedReply {
    let server = Server::start(Answer::BytesAndClose(bytes.into())).await;
    reply_to(post(&server.url("/"), b"{}")).await
}

#[tokio::test]
async fn heads_that_break_the_rules_are_read() {
    let many: String = (0..150).map(|number| format!("x-{number}: {number}\r\n")).collect();
    let large = format!("set-cookie: {}\r\n", "c".repeat(100_000));
    for headers in [
        "Server : x\r\n",
        "Server: x\r\n  folded y\r\n\tand z\r\n",
        "<br />\n<b>Warning</b>:  Cannot modify header information in <b>/www/hook.php</b> on line <b>3</b><br />\r\n",
        "PHP Warning:  Undefined array key in /www/hook.php on line 3\r\n",
        "no colon at all\r\n",
        ": no name\r\n",
        "x-latin: gr\u{f6}\u{df}e\r\n",
        "x-(odd): 1\r\n",
        &many,
        &large,
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{headers}content-length: 2\r\nretry-after: 7\r\n\r\nok");
        let reply = answered(answer).await;
        assert_eq!((reply.status, &reply.body[..]), (200, &b"ok"[..]), "{headers:.80}");
        assert!(reply.headers.contains(&("retry-after".to_owned(), "7".to_owned())), "{headers:.80}");
    }
}

#[tokio::test]
async fn line_ends_may_be_bare() {
    let reply = answered("HTTP/1.0 204 No Content\nx-a: 1\n\n").await;
    assert_eq!(reply.status, 204);
}

#[tokio::test]
async fn a_status_counts_even_if_the_rest_is_not_http() {
    for rest in [
        "content-length: 2\r\ncontent-length: 3\r\n\r\nok",
        "content-length: many\r\n\r\nok",
        "content-length: -1\r\n\r\nok",
        "transfer-encoding: chunked, identity\r\ntransfer-encoding: what\r\n\r\nok",
        "x\0: 1\r\r\r",
        "x: 1\r\n",
    ] {
        for status in [200, 503] {
            let reply = answered(format!("HTTP/1.1 {status} Whatever\r\n{rest}")).await;
            assert_eq!(reply.status, status, "{rest:?}");
            let body = String::from_utf8_lossy(&reply.body);
            let is_whole = !reply.truncated && body == "ok";
            let words = format!("answered {status}, but the rest is not HTTP");
            assert!(is_whole || (reply.truncated && body.starts_with(&words)), "{rest:?}: {body}");
        }
    }
    let endless_head = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(1_000_000));
    let reply = answered(endless_head).await;
    assert_eq!((reply.status, reply.truncated), (200, true));
}

#[tokio::test]
async fn the_status_is_that_of_this_answer_and_not_of_the_one_before() {
    let server = Server::start(Answer::BytesInTurn(vec![
        reply("201 Created", "", b"ok"),
        b"HTTP/1.1 429 Too Many\r\ncontent-length: x\r\n\r\n".to_vec(),
    ]))
    .await;
    let egress = egress(loopback());
    assert_eq!(egress.send(post(&server.url("/"), b"{}")).await.outcome.unwrap().status, 201);
    assert_eq!(egress.send(post(&server.url("/"), b"{}")).await.outcome.unwrap().status, 429);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_body_that_ends_too_early_is_cut_off() {
    for rest in [
        "content-length: 9\r\n\r\npart",
        "transfer-encoding: chunked\r\n\r\n4\r\npart\r\n",
        "transfer-encoding: chunked\r\n\r\n4\r\npart\r\nnot a length",
    ] {
        let reply = answered(format!("HTTP/1.1 200 OK\r\n{rest}")).await;
        assert_eq!((reply.status, &reply.body[..], reply.truncated), (200, &b"part"[..], true), "{rest:?}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off_when_the_time_is_up() {
    let endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n".to_vec();
    let mut server = Server::start(Answer::Bytes(endless)).await;
    let request = post(&server.url("/"), b"{}");
    let exchange = overdue_exchange(request, async { drop(server.request().await) }).await;
    match exchange.outcome {
        Ok(reply) => assert_eq!((reply.status, reply.truncated), (200, true)),
        // The clock may jump before the head was read.
        Err(error) => assert!(error.message.contains("within 5s"), "{error}"),
    }
}

#[tokio::test]
async fn packed_replies_are_unpacked_or_named() {
    // `printf ok | gzip -n`
    let packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\xcf\x06\x00\x47\xdd\xdc\x79\x02\x00\x00\x00";
    let body = answered(reply("200 OK", "content-encoding: gzip\r\n", packed)).await.body;
    assert_eq!(body, b"ok".as_slice());
    let body = answered(reply("500 Oops", "content-encoding: x-mystery\r\n", packed)).await.body;
    assert_eq!(body, b"(22 bytes in the content coding `x-mystery`)".as_slice());
}
