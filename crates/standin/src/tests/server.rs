use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::json;
use tokio::time::Instant;

use super::Sender;
use crate::{Answer, Fault, Gate, HubSpot, Keep, Receiver, Request, Running, Scripted, Standin, When};

fn request(path: &'static str) -> Request {
    let (headers, body) = (HeaderMap::new(), Bytes::new());
    Request { method: Method::POST, uri: path.parse().unwrap(), headers, body }
}

async fn receiver() -> (Running<Receiver>, Sender) {
    let running = Standin::start(Receiver::default()).await.unwrap();
    let sender = Sender::to(&running, &[("x-test", "1")]);
    (running, sender)
}

/// The statuses of so many requests; 0 for a connection closed without an answer.
async fn statuses(sender: &Sender, requests: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..requests {
        statuses.push(sender.try_send("POST", "/hook", "{}").await.map_or(0, |reply| reply.status));
    }
    statuses
}

fn answer(status: u16) -> Fault {
    Fault::Answer(Answer::status(status))
}

#[tokio::test]
async fn what_is_received_is_kept_byte_for_byte() {
    let (running, sender) = receiver().await;
    sender.try_send("PUT", "/a%20b/hook?x=1&y", "{ \"a\" : 1 }\n").await.unwrap();
    let received = running.wait_for(1).await;
    let request = &received[0].request;
    assert_eq!((request.method.as_str(), request.path_and_query()), ("PUT", "/a%20b/hook?x=1&y"));
    assert_eq!(request.path(), "/a%20b/hook");
    assert_eq!(request.header("x-test"), Some("1"));
    assert_eq!(&request.body[..], b"{ \"a\" : 1 }\n");
    assert_eq!(request.json().unwrap(), json!({ "a": 1 }));
    assert_eq!(received[0].answered_status, Some(200));
}

#[tokio::test]
async fn counting_keeps_nothing_else() {
    let receiver = Receiver::answering(Answer::status(204));
    let running = Standin::start_keeping(Keep::Count, receiver).await.unwrap();
    let sender = Sender::to(&running, &[]);
    assert_eq!(statuses(&sender, 3).await, [204, 204, 204]);
    assert!(running.wait_for(3).await.is_empty());
    assert_eq!(running.count(), 3);
}

#[tokio::test]
async fn faults_take_their_turns() {
    let (running, sender) = receiver().await;
    running.script(When::next(0), answer(500));
    running.script(When::next(2), answer(429));
    running.script(When::next(1), Fault::ResetBeforeEffect);
    running.script(When::nth(5), answer(503));
    assert_eq!(statuses(&sender, 6).await, [429, 429, 0, 200, 503, 200]);
    let answered: Vec<_> = running.received().iter().map(|received| received.answered_status).collect();
    assert_eq!(answered, [Some(429), Some(429), None, Some(200), Some(503), Some(200)]);
}

#[tokio::test]
async fn a_target_that_is_down_can_be_healed() {
    let (running, sender) = receiver().await;
    running.script(When::always(), answer(503));
    assert_eq!(statuses(&sender, 3).await, [503, 503, 503]);
    running.heal();
    assert_eq!(statuses(&sender, 1).await, [200]);
}

#[tokio::test]
async fn a_fault_can_ask_for_method_and_path() {
    let (running, sender) = receiver().await;
    running.script(When::matching("POST", "/notes").times(1), answer(500));
    let mut statuses = Vec::new();
    for (method, path) in [
        ("GET", "/notes"),
        ("POST", "/notes/search"),
        ("POST", "/x?/notes"),
        ("POST", "/x/notes?y"),
        ("POST", "/notes"),
    ] {
        statuses.push(sender.try_send(method, path, "").await.unwrap().status);
    }
    assert_eq!(statuses, [200, 200, 200, 500, 200]);
}

#[tokio::test]
async fn effects_happen_or_not_as_scripted() {
    let late = Fault::Delay(Duration::from_millis(1));
    let lost = |fault: Fault| (fault, 0);
    for ((fault, status), contacts) in [
        ((answer(502), 502), 0),
        ((Fault::AnswerAfterEffect(Answer::status(502)), 502), 1),
        (lost(Fault::ResetBeforeEffect), 0),
        (lost(Fault::ResetAfterEffect), 1),
        ((late, 201), 1),
    ] {
        let running = Standin::start(HubSpot::new("t")).await.unwrap();
        let headers = [("authorization", "Bearer t"), ("content-type", "application/json")];
        let sender = Sender::to(&running, &headers);
        running.script(When::next(1), fault.clone());
        let body = r#"{"properties":{"firstname":"John"}}"#;
        let reply = sender.try_send("POST", "/crm/objects/2026-09/contacts", body).await;
        assert_eq!(reply.map_or(0, |reply| reply.status), status, "{fault:?}");
        assert_eq!(running.target().contacts().len(), contacts, "{fault:?}");
    }
}

#[tokio::test]
async fn a_request_that_hangs_ends_with_the_stand_in() {
    let (running, sender) = receiver().await;
    running.script(When::next(1), Fault::Hang);
    let hanging = tokio::spawn(async move { sender.try_send("POST", "/hook", "").await.is_err() });
    let received = running.wait_for(1).await;
    assert_eq!(received[0].answered_status, None);
    assert!(!hanging.is_finished());
    drop(running);
    assert!(hanging.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_delayed_answer_is_sent_late_but_received_at_once() {
    let scripted = Arc::new(Scripted::new(Receiver::default()));
    let pause = Duration::from_secs(3_600);
    scripted.script(When::next(1), Fault::Delay(pause));
    let started = Instant::now();
    let answer = tokio::spawn({
        let scripted = Arc::clone(&scripted);
        async move { scripted.exchange(request("/hook")).await.map(|answer| answer.code()) }
    });
    assert_eq!(scripted.wait_for(1).await[0].answered_status, Some(200));
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(answer.await.unwrap(), Some(200));
    assert_eq!(started.elapsed(), pause);
}

#[tokio::test]
async fn an_answer_that_is_held_waits_for_its_gate() {
    let (running, sender) = receiver().await;
    let gate = Gate::default();
    running.script(When::next(2), Fault::Hold(gate.clone()));
    let waiting = tokio::spawn(async move { statuses(&sender, 2).await });
    assert_eq!(running.wait_for(1).await[0].answered_status, Some(200));
    assert!(!waiting.is_finished());
    gate.open();
    assert_eq!(waiting.await.unwrap(), [200, 200]);
}

#[tokio::test]
async fn waiting_ends_with_the_request_that_was_waited_for() {
    let (running, sender) = receiver().await;
    let has_last = |path: &'static str| {
        running.wait_until(move |received| received.last().is_some_and(|last| last.request.path() == path))
    };
    let send = async {
        for path in ["/1", "/2", "/3"] {
            sender.get(path).await;
        }
    };
    let (second, third, ()) = tokio::join!(running.wait_for(2), has_last("/3"), send);
    assert!(second.len() >= 2);
    assert_eq!(third.len(), 3);
    assert_eq!(running.wait_for(0).await.len(), 3);
}
