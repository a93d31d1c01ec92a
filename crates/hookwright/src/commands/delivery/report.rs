//! A delivery, told to people.

use std::collections::BTreeMap;

use hookwright_api_types::delivery::{
    AttemptBody, DeliveryBody, DeliveryDetail, DeliveryStory, LogLineBody, ReceiptBody,
};
use hookwright_api_types::event::LeadBody;

use crate::commands::output;

/// How far the parts of an attempt stand to the right of its head.
const INDENT: usize = 2;

/// Everything: the delivery, its event, and each attempt with request and reply.
pub(crate) fn whole(detail: &DeliveryDetail) -> String {
    let mut text = facts(&detail.delivery);
    if let Some(payload) = &detail.story.payload {
        text += "\nPayload\n";
        text += &body(payload.get());
    }
    for attempt in &detail.story.attempts {
        text += "\n";
        text += &head(attempt);
        text += &output::shifted(&exchange(attempt), INDENT);
        text += &output::shifted(&remarks(attempt), INDENT);
    }
    text
}

/// The result of a test send: each attempt with request and reply, without the payload.
pub(crate) fn outcome(detail: &DeliveryDetail) -> String {
    let DeliveryDetail { delivery, story: DeliveryStory { attempts, .. } } = detail;
    let attempts = attempts.iter().map(|attempt| {
        let [exchange, remarks] = [exchange(attempt), remarks(attempt)];
        format!("{}{}", head(attempt), output::shifted(&(exchange + &remarks), INDENT))
    });
    let end = output::fields([
        (delivery.state.as_str(), Some(summary(delivery))),
        ("delivery", Some(delivery.id.clone())),
    ]);
    format!("{}\n{end}", attempts.collect::<String>())
}

/// What matters of a delivery in a few words: its receipt, its next attempt or its problem.
pub(crate) fn summary(delivery: &DeliveryBody) -> String {
    let next = delivery.next_attempt_at.as_ref().filter(|_| delivery.attempt_count > 0);
    let next = next.map(|time| format!("next attempt at {}", output::to_second(time)));
    let receipt = delivery.receipt.as_ref().and_then(reference);
    [receipt, next, delivery.reason.clone()].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn reference(receipt: &ReceiptBody) -> Option<String> {
    receipt.reference.clone().or_else(|| receipt.url.clone())
}

/// `John Smith, john@example.com`
fn lead(lead: &LeadBody) -> String {
    let known = [&lead.name, &lead.email, &lead.phone].into_iter().flatten().cloned();
    let known = known.collect::<Vec<_>>().join(", ");
    if known.is_empty() { "without name, email and phone".to_owned() } else { known }
}

fn facts(delivery: &DeliveryBody) -> String {
    let receipt = delivery.receipt.as_ref().map(|receipt| {
        let parts = [receipt.reference.as_deref(), receipt.url.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
    });
    let not_collected = delivery.lead.as_ref().map(|lead| lead.not_collected.join(", "));
    let not_collected = not_collected.filter(|fields| !fields.is_empty());
    let test = delivery.is_test().then(|| "test".to_owned());
    output::fields([
        ("delivery", Some(delivery.id.clone())),
        ("state", Some(delivery.state.clone())),
        ("reason", delivery.reason.clone()),
        ("receipt", receipt),
        ("next attempt", delivery.next_attempt_at.as_deref().map(output::to_second)),
        ("attempts", Some(delivery.attempt_count.to_string())),
        ("origin", test),
        ("lead", delivery.lead.as_ref().map(lead)),
        ("not collected", not_collected),
        ("event", Some(delivery.event.clone())),
        ("webhook", Some(delivery.webhook.clone())),
        ("component", delivery.component.clone()),
        ("created", Some(output::to_second(&delivery.created_at))),
    ])
}

/// `Attempt 2 (create-note): 503, retry; 2026-05-31T10:00:00Z, 12 ms`
fn head(attempt: &AttemptBody) -> String {
    let AttemptBody { number, verdict, duration_ms, .. } = attempt;
    let step = attempt.step.as_ref().map(|step| format!(" ({step})")).unwrap_or_default();
    let status = attempt.reply.as_ref().map(|reply| format!("{}, ", reply.status)).unwrap_or_default();
    let started = output::to_second(&attempt.started_at);
    format!("Attempt {number}{step}: {status}{verdict}; {started}, {duration_ms} ms\n")
}

/// What went wrong, what to do about it, and what the plugin wrote.
fn remarks(attempt: &AttemptBody) -> String {
    let error = attempt.error.as_ref().map(|error| format!("{} ({})", error.message, error.kind));
    let log = |line: &LogLineBody| format!("{}: {}", line.level, line.message);
    let logs = attempt.logs.iter().map(|line| ("log", Some(log(line))));
    output::fields([("error", error), ("hint", attempt.hint.clone())].into_iter().chain(logs))
}

fn exchange(attempt: &AttemptBody) -> String {
    let mut text = String::new();
    if let Some(request) = &attempt.request {
        text += &format!("{} {}\n", request.method, request.url);
        text += &headers(&request.headers);
        text += &body(&request.body);
    }
    if let Some(reply) = &attempt.reply {
        text += &format!("Reply {}\n", reply.status);
        text += &headers(&reply.headers);
        text += &body(&reply.body);
        if reply.truncated {
            text += "  (cut here: the reply was longer than what is kept)\n";
        }
    }
    text
}

fn headers(headers: &BTreeMap<String, String>) -> String {
    headers.iter().map(|(name, value)| format!("  {name}: {value}\n")).collect()
}

fn body(body: &str) -> String {
    output::shifted(&output::indented_json(body), INDENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD_UP: &str = r#"{"id": "dlv_1", "event": "evt_1", "webhook": "whk_1", "project": "p", "origin": "event",
        "state": "pending", "reason": "the target answered 429", "receipt": null, "attempt_count": 1,
        "next_attempt_at": "2026-05-31T10:00:06.5Z", "component": "sha256:ab", "created_at": "2026-05-31T10:00:00Z",
        "lead": {"name": "Ann", "email": null, "phone": null, "not_collected": ["phone", "email"]},
        "payload": {"event":"lead.created","lead":{"name":"Ann"}},
        "attempts": [{"number": 1, "started_at": "2026-05-31T10:00:00.2Z", "duration_ms": 12, "step": "create-contact",
            "verdict": "retry", "error": {"kind": "status", "message": "the target answered 429"},
            "hint": "The target wants fewer requests", "request": {"method": "POST", "url": "https://example.com/x",
                "headers": {"authorization": "***", "content-type": "application/json"}, "body": "{\"email\":\"a@b\"}"},
            "reply": {"status": 429, "headers": {"retry-after": "5"}, "body": "slow down", "truncated": true},
            "logs": [{"level": "info", "message": "no email"}], "component": "sha256:ab"}]}"#;

    fn held_up() -> DeliveryDetail {
        serde_json::from_str(HELD_UP).unwrap()
    }

    #[test]
    fn the_whole_story_has_payload_request_reply_and_hint() {
        let expected = r#"delivery       dlv_1
state          pending
reason         the target answered 429
next attempt   2026-05-31T10:00:06Z
attempts       1
lead           Ann
not collected  phone, email
event          evt_1
webhook        whk_1
component      sha256:ab
created        2026-05-31T10:00:00Z

Payload
  {
    "event": "lead.created",
    "lead": {
      "name": "Ann"
    }
  }

Attempt 1 (create-contact): 429, retry; 2026-05-31T10:00:00Z, 12 ms
  POST https://example.com/x
    authorization: ***
    content-type: application/json
    {
      "email": "a@b"
    }
  Reply 429
    retry-after: 5
    slow down
    (cut here: the reply was longer than what is kept)
  error  the target answered 429 (status)
  hint   The target wants fewer requests
  log    info: no email
"#;
        assert_eq!(whole(&held_up()), expected);
    }

    #[test]
    fn the_outcome_has_requests_replies_and_hints() {
        let expected = "\
            Attempt 1 (create-contact): 429, retry; 2026-05-31T10:00:00Z, 12 ms\n\
            \x20 POST https://example.com/x\n\
            \x20   authorization: ***\n\
            \x20   content-type: application/json\n\
            \x20   {\n\
            \x20     \"email\": \"a@b\"\n\
            \x20   }\n\
            \x20 Reply 429\n\
            \x20   retry-after: 5\n\
            \x20   slow down\n\
            \x20   (cut here: the reply was longer than what is kept)\n\
            \x20 error  the target answered 429 (status)\n\
            \x20 hint   The target wants fewer requests\n\
            \x20 log    info: no email\n\
            \n\
            pending   next attempt at 2026-05-31T10:00:06Z; the target answered 429\n\
            delivery  dlv_1\n";
        assert_eq!(outcome(&held_up()), expected);
    }

    #[test]
    fn the_summary_of_a_success_is_its_receipt() {
        let mut delivery = held_up().delivery;
        delivery.next_attempt_at = None;
        delivery.reason = None;
        delivery.receipt = Some(ReceiptBody { reference: Some("contact/151".to_owned()), url: None });
        assert_eq!(summary(&delivery), "contact/151");
    }
}
