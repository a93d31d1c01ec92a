//! A target that fails: its deliveries are tried again, and nobody else waits for it.

use std::net::TcpListener;
use std::time::Duration;

use hookwright_model::Timestamp;
use hookwright_standin::{Answer, Fault, N8n, Receiver, Running, Standin, When};
use serde_json::{Value, json};

use crate::harness::{Home, Server, lead};

/// A server with one webhook for a receiver.
async fn one_webhook() -> (Running<Receiver>, Home, Server, String) {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let home = Home::new();
    let server = home.start().await;
    let project = server.api.project().await;
    server.api.webhook(&project, &json!({ "url": target.url() })).await;
    (target, home, server, project)
}

fn verdicts(delivery: &Value) -> Vec<&str> {
    let attempts = delivery["attempts"].as_array().unwrap();
    attempts.iter().map(|attempt| attempt["verdict"].as_str().unwrap()).collect()
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// The time from the start of the first attempt to that of the second.
fn pause(delivery: &Value) -> Duration {
    let started = |index: usize| time(&delivery["attempts"][index]["started_at"]);
    started(1).since(started(0))
}

#[tokio::test]
async fn what_failed_shows_why_and_when_it_is_tried_again() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::new().start().await;
    let project = server.api.project().await;
    let hourly = json!({ "first_secs": 3_600, "factor": 1, "max_secs": 3_600, "jitter_percent": 0 });
    server.api.webhook(&project, &json!({ "url": target.url(), "retry": hourly })).await;
    target.script(When::next(1), Fault::Answer(Answer::status(503).body("maintenance")));
    let id = server.api.one_delivery(&project, &lead::sample()).await;

    let failed = server.api.delivery_when(&id, |delivery| delivery["attempt_count"] == 1).await;
    assert_eq!(
        (&failed["state"], &failed["reason"]),
        (&json!("pending"), &json!("the target answered 503: maintenance"))
    );
    let attempt = &failed["attempts"][0];
    let an_hour = Duration::from_secs(3_600);
    assert!(time(&failed["next_attempt_at"]) >= time(&attempt["started_at"]).after(an_hour));
    assert_eq!(
        (&attempt["reply"]["status"], &attempt["reply"]["body"]),
        (&json!(503), &json!("maintenance"))
    );
}

#[tokio::test]
async fn what_fails_is_tried_again_until_it_succeeds() {
    let (target, _home, server, project) = one_webhook().await;
    target.script(When::next(1), Fault::Answer(Answer::status(503)));
    target.script(When::next(1), Fault::ResetBeforeEffect);
    let id = server.api.one_delivery(&project, &lead::sample()).await;

    let delivered = server.api.settled(&id).await;
    assert_eq!(delivered["state"], "delivered");
    assert_eq!(verdicts(&delivered), ["retry", "retry", "succeeded"]);
    assert_eq!(delivered["attempts"][1]["error"]["kind"], "reset");
    assert!(pause(&delivered) >= Duration::from_secs(1));
    let received = target.received();
    assert_eq!(received.len(), 3);
    let expected = lead::event(&project, &lead::sample()).to_string();
    assert!(received.iter().all(|received| received.request.header("webhook-id") == Some(&id)));
    assert!(received.iter().all(|received| received.request.body == *expected));
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let (target, _home, server, project) = one_webhook().await;
    // The webhook's own schedule would come back after one second.
    target.script(When::next(1), Fault::Answer(Answer::status(429).header("retry-after", "2")));
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    let delivered = server.api.delivery_in(&id, "delivered").await;
    assert_eq!(verdicts(&delivered), ["retry", "succeeded"]);
    assert!(pause(&delivered) >= Duration::from_secs(2), "{:?}", pause(&delivered));
}

#[tokio::test]
async fn a_pause_holds_for_the_whole_webhook_and_is_shown_on_it() {
    let (target, _home, server, project) = one_webhook().await;
    target.script(When::next(1), Fault::Answer(Answer::status(429).header("retry-after", "49.5")));
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    server.api.delivery_when(&id, |delivery| delivery["attempt_count"] == 1).await;
    let next = server.api.one_delivery(&project, &lead::saying("and another one")).await;
    let delivery = server.api.delivery(&id).await;
    let path = format!("/v1/webhooks/{}", delivery["webhook"].as_str().unwrap());
    let webhook = server.api.get(&path).await.json(200);
    assert_eq!(webhook["lane"]["reason"], "127.0.0.1 asked for a pause", "{webhook}");
    let pause = time(&webhook["lane"]["resting_until"]).since(time(&delivery["attempts"][0]["started_at"]));
    assert!(pause >= Duration::from_secs(49), "{pause:?}");
    assert_eq!(server.api.delivery(&next).await["attempt_count"], 0);
    assert_eq!(target.received().len(), 1);
}

#[tokio::test]
async fn answers_that_no_waiting_fixes_end_the_delivery_with_a_hint() {
    let (target, _home, server, project) = one_webhook().await;
    let moved = Answer::status(301).header("location", "https://elsewhere.example/");
    for (answer, hint) in [
        (Answer::status(422).body("phone is not a phone"), "its answer says why"),
        (moved, "https://elsewhere.example/"),
    ] {
        target.script(When::next(1), Fault::Answer(answer));
        let id = server.api.one_delivery(&project, &lead::sample()).await;
        let failed = server.api.settled(&id).await;
        assert_eq!((&failed["state"], &failed["attempt_count"]), (&json!("failed"), &json!(1)));
        let said = failed["attempts"][0]["hint"].as_str().unwrap();
        assert!(said.contains(hint), "{said}");
    }

    target.script(When::next(1), Fault::Answer(Answer::status(401)));
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    let refused = server.api.delivery_when(&id, |delivery| delivery["attempt_count"] == 1).await;
    assert_eq!(refused["state"], "pending");
    assert!(refused["attempts"][0]["hint"].as_str().unwrap().contains("authorization header"), "{refused}");

    target.script(When::next(1), Fault::Answer(Answer::status(404)));
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    let missing = server.api.delivery_when(&id, |delivery| delivery["attempt_count"] == 1).await;
    assert_eq!(missing["state"], "pending", "it may be in the middle of a deployment");
    assert!(
        missing["attempts"][0]["hint"].as_str().unwrap().contains("check the webhook's URL"),
        "{missing}"
    );

    let half_an_hour = Duration::from_secs(30 * 60);
    assert!(time(&refused["next_attempt_at"]) >= time(&refused["created_at"]).after(half_an_hour));
}

#[tokio::test]
async fn n8n_is_tried_again_while_it_reloads_a_workflow() {
    let (target, _home, server, project) = one_webhook().await;
    target.script(When::next(1), Fault::Answer(N8n::not_registered("leads")));
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    let delivered = server.api.settled(&id).await;
    assert_eq!(
        (&delivered["state"], verdicts(&delivered)),
        (&json!("delivered"), vec!["retry", "succeeded"])
    );
    let hint = delivered["attempts"][0]["hint"].as_str().unwrap();
    assert!(hint.contains("activate the workflow"), "{hint}");
}

#[tokio::test]
async fn a_target_that_is_gone_is_left_alone() {
    let (target, _home, server, project) = one_webhook().await;
    target.script(When::next(1), Fault::Answer(Answer::status(410)));
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    assert_eq!(server.api.settled(&id).await["state"], "failed");
    let webhooks = server.api.get(&format!("/v1/projects/{project}/webhooks")).await.json(200);
    let webhook = &webhooks["data"][0];
    assert_eq!((&webhook["state"], &webhook["disabled_reason"]), (&json!("disabled"), &json!("gone")));
    let waiting = server.api.one_delivery(&project, &lead::sample()).await;
    assert_eq!(server.api.delivery(&waiting).await["state"], "pending");
    assert_eq!(target.received().len(), 1);
}

#[tokio::test]
async fn a_target_that_is_down_delays_nobody_else() {
    const EVENTS: u64 = 30;
    let [first, second, hanging] = [
        Standin::start(Receiver::default()).await.unwrap(),
        Standin::start(Receiver::default()).await.unwrap(),
        Standin::start(Receiver::default()).await.unwrap(),
    ];
    hanging.script(When::always(), Fault::Hang);
    let server = Home::new().start().await;
    let project = server.api.project().await;
    // Longer than anything else in this test may take: none of its requests ends.
    let timeout = json!({ "timeout_secs": 60 });
    server.api.webhook(&project, &json!({ "url": closed_port() })).await;
    let slow = server.api.webhook(&project, &json!({ "url": hanging.url(), "limits": timeout })).await;
    for target in [&first, &second] {
        server.api.webhook(&project, &json!({ "url": target.url() })).await;
    }
    for n in 0..EVENTS {
        server.api.event(&project, &lead::saying(&n.to_string())).await;
    }
    first.wait_for(EVENTS).await;
    second.wait_for(EVENTS).await;

    let id = slow["id"].as_str().unwrap();
    let page = server.api.get(&format!("/v1/projects/{project}/deliveries?webhook={id}&limit=200")).await;
    let page = page.json(200);
    let waiting = page["data"].as_array().unwrap();
    assert_eq!(waiting.len() as u64, EVENTS);
    assert!(waiting.iter().all(|delivery| delivery["attempt_count"] == 0), "{page}");
}

#[tokio::test]
async fn a_target_without_an_answer_is_named_with_a_hint() {
    let hanging = Standin::start(Receiver::default()).await.unwrap();
    hanging.script(When::always(), Fault::Hang);
    let server = Home::new().start().await;
    for (url, kind, hint) in [
        (closed_port(), "connect", "Nothing answers at this address"),
        (hanging.url(), "timeout", "took too long to answer"),
    ] {
        let project = server.api.project().await;
        let members = json!({ "url": url, "limits": { "timeout_secs": 1 } });
        server.api.webhook(&project, &members).await;
        let id = server.api.one_delivery(&project, &lead::sample()).await;
        let failing = server.api.delivery_when(&id, |delivery| delivery["attempt_count"] != 0).await;
        let attempt = &failing["attempts"][0];
        assert_eq!(
            (&attempt["error"]["kind"], &attempt["verdict"]),
            (&json!(kind), &json!("retry")),
            "{attempt}"
        );
        assert!(attempt["hint"].as_str().unwrap().contains(hint), "{attempt}");
        assert!(failing["state"] != "pending" || failing["next_attempt_at"].is_string(), "{failing}");
    }
}

/// A URL at which nothing listens.
fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
