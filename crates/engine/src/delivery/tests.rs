mod waits;

use std::time::Duration;

use bytes::Bytes;
use hookwright_model::{
    Action, AttemptErrorKind, DeliveryId, DeliveryState, Digest, DisableReason, EventId, Failure, LogLevel,
    LogLine, Origin, ProjectId, Receipt, ReceivedReply, SentRequest, StepRequest, Verdict, WebhookId,
};
use hookwright_store::ClaimAfter;
use http::Method;

use super::*;
use crate::ports::{Exchange, Mapped, Reached, SendError, Usage};

const NOW: Timestamp = Timestamp::EPOCH;
const MOMENT: Moment = Moment { now: NOW, jitter: u64::MAX / 2 };

fn delivery() -> Delivery {
    let bytes = [1; 16];
    let (id, event) = (DeliveryId::from_bytes(bytes), EventId::from_bytes(bytes));
    Delivery::new(id, event, WebhookId::from_bytes(bytes), ProjectId::from_bytes(bytes), Origin::Event, NOW)
}

fn rules() -> Rules {
    let url = TargetUrl::parse("https://crm.example/api").unwrap();
    Rules { url, retry: RetryPolicy::default(), credentials: Credentials::default() }
}

fn pin() -> Pin {
    Pin { digest: Digest::of(b"component"), mapping_revision: 1 }
}

fn begin(delivery: Delivery, replies: Vec<Reply>) -> Next {
    let shape = Shape::Mapped(Pinned { pin: pin(), settings: Settings::default() });
    start(delivery, replies, rules(), shape, NOW)
}

fn step(name: &str, idempotent: bool) -> StepRequest {
    StepRequest {
        step: name.to_owned(),
        method: Method::POST,
        path: Some(format!("/{name}")),
        headers: Vec::new(),
        body: None,
        accept: Vec::new(),
        idempotent,
    }
}

/// A call whose answer with this status is for the plugin.
fn accepting(status: u16) -> StepRequest {
    StepRequest { accept: vec![status], ..step("create", false) }
}

fn mapped(action: Action) -> Mapped {
    Mapped { outcome: Ok(action), logs: Vec::new(), usage: Usage::default() }
}

fn exchange(outcome: Result<u16, Reached>) -> Exchange {
    exchanged(outcome, "{}")
}

/// What came of a request that was answered, if it was, with this body.
fn exchanged(outcome: Result<u16, Reached>, body: &'static str) -> Exchange {
    let request = SentRequest {
        method: "POST".to_owned(),
        url: "https://crm.example/api".to_owned(),
        headers: Vec::new(),
        body: Bytes::new(),
    };
    let outcome = match outcome {
        Ok(status) => {
            Ok(ReceivedReply { status, headers: Vec::new(), body: Bytes::from(body), truncated: false })
        }
        Err(reached) => Err(SendError {
            kind: AttemptErrorKind::Reset,
            message: "the connection broke".to_owned(),
            reached,
        }),
    };
    Exchange { request, outcome, duration: Duration::from_millis(5) }
}

impl Next {
    fn answer(self, mapped: Mapped) -> Transition {
        match self {
            Self::Transform(transforming) => transforming.step(mapped, MOMENT),
            other => panic!("the plugin is not asked: {other:?}"),
        }
    }

    fn reply(self, outcome: Result<u16, Reached>) -> Transition {
        match self {
            Self::Send(sending) => sending.step(exchange(outcome), MOMENT),
            other => panic!("nothing is sent: {other:?}"),
        }
    }

    fn history(&self) -> hookwright_model::History {
        match self {
            Self::Transform(transforming) => transforming.history(),
            other => panic!("the plugin is not asked: {other:?}"),
        }
    }
}

impl Transition {
    /// The record that ends the run.
    fn last(self) -> AttemptRecord {
        assert!(matches!(self.next, Next::End), "goes on: {:?}", self.next);
        let record = *self.record.expect("a record");
        assert_eq!(record.claim, ClaimAfter::Release);
        record
    }

    /// The record before the run goes on.
    fn written(&self) -> &AttemptRecord {
        let record = self.record.as_deref().expect("a record");
        assert_eq!((record.claim, record.delivery.state), (ClaimAfter::Keep, DeliveryState::Pending));
        record
    }
}

#[test]
fn without_a_mapping_one_success_delivers() {
    let next = start(delivery(), Vec::new(), rules(), Shape::Payload, NOW);
    let Next::Send(sending) = &next else { panic!("nothing is sent") };
    assert_eq!(sending.outgoing(), &Outgoing { url: rules().url, step: None });
    let record = next.reply(Ok(204)).last();
    let attempt = record.attempt.unwrap();
    assert_eq!((record.delivery.state, record.delivery.attempts), (DeliveryState::Delivered, 1));
    assert_eq!((attempt.number, attempt.verdict, attempt.component), (1, Verdict::Succeeded, None));
}

#[test]
fn calls_are_kept_one_by_one_and_done_ends_with_the_receipt() {
    let sent = begin(delivery(), Vec::new()).answer(mapped(Action::Call(step("one", true))));
    assert!(sent.record.is_none(), "an idempotent first step needs no write before it");
    let asked = sent.next.reply(Ok(201));
    assert!(asked.record.is_none(), "a reply is kept once the plugin has answered it");
    assert_eq!(asked.next.history().replies[0].step, "one");

    let sent = asked.next.answer(mapped(Action::Call(step("two", false))));
    let written = sent.written();
    assert_eq!(written.reply.as_ref().map(|reply| reply.status), Some(201));
    assert_eq!(written.attempt.as_ref().map(|attempt| attempt.verdict), Some(Verdict::Succeeded));
    assert_eq!(written.delivery.uncertain.as_deref(), Some("two"));
    assert_eq!((written.delivery.replies, written.delivery.pin), (1, Some(pin())));

    let receipt = Receipt { reference: Some("contact/151".to_owned()), url: None };
    let record = sent.next.reply(Ok(200)).next.answer(mapped(Action::Done(receipt.clone()))).last();
    assert_eq!((record.delivery.state, record.delivery.receipt), (DeliveryState::Delivered, Some(receipt)));
    assert_eq!((record.delivery.uncertain, record.delivery.attempts), (None, 2));
}

#[test]
fn a_first_step_that_is_not_idempotent_is_written_down_before_it_is_sent() {
    let sent = begin(delivery(), Vec::new()).answer(mapped(Action::Call(step("create", false))));
    let written = sent.written();
    assert_eq!((written.delivery.uncertain.as_deref(), written.delivery.attempts), (Some("create"), 0));
    assert!(written.attempt.is_none());
}

#[test]
fn only_a_lost_answer_leaves_a_step_uncertain() {
    for (outcome, uncertain) in [
        (Err(Reached::Perhaps), Some("create")),
        (Ok(502), Some("create")),
        (Ok(429), None),
        (Ok(400), None),
        (Err(Reached::No), None),
    ] {
        let sent = begin(delivery(), Vec::new()).answer(mapped(Action::Call(step("create", false))));
        let record = sent.next.reply(outcome).last();
        assert_eq!(record.delivery.uncertain.as_deref(), uncertain, "{outcome:?}");
    }
}

#[test]
fn a_refusal_that_the_plugin_reads_leaves_nothing_uncertain() {
    for (status, uncertain) in
        [(429, None), (409, None), (403, None), (400, None), (200, Some("create")), (503, Some("create"))]
    {
        let sent = begin(delivery(), Vec::new()).answer(mapped(Action::Call(accepting(status))));
        assert_eq!(sent.written().delivery.uncertain.as_deref(), Some("create"));
        let failure = Failure::Retry { reason: "later".to_owned(), after_secs: Some(1) };
        let asked = sent.next.reply(Ok(status)).next;
        let record = asked.answer(Mapped::not_run(MapError::Plugin(failure))).last();
        assert_eq!(record.delivery.uncertain.as_deref(), uncertain, "{status}");
    }
}

#[test]
fn uncertainty_survives_a_refused_second_try_and_ends_with_the_next_kept_reply() {
    let lost = Delivery { uncertain: Some("create".to_owned()), ..delivery() };
    let refused = begin(lost.clone(), Vec::new()).answer(mapped(Action::Call(step("create", false))));
    let record = refused.next.reply(Ok(429)).last();
    assert_eq!(record.delivery.uncertain.as_deref(), Some("create"));

    let asked = begin(lost.clone(), Vec::new());
    assert_eq!(asked.history().uncertain.as_deref(), Some("create"));
    let looked = asked.answer(mapped(Action::Call(step("look", true)))).next.reply(Ok(200));
    assert_eq!(looked.next.history().uncertain, None);
    let failure = MapError::Plugin(Failure::Retry { reason: "not indexed yet".to_owned(), after_secs: None });
    let again =
        begin(lost.clone(), Vec::new()).answer(mapped(Action::Call(step("look", true)))).next.reply(Ok(200));
    let record = again.next.answer(Mapped::not_run(failure)).last();
    assert_eq!(record.delivery.uncertain.as_deref(), Some("create"), "the doubt outlives a failure");

    let sent = looked.next.answer(mapped(Action::Call(step("next", true))));
    assert_eq!(sent.written().delivery.uncertain, None);
}

#[test]
fn a_failure_of_the_plugin_drops_the_reply_that_it_saw() {
    let asked =
        begin(delivery(), Vec::new()).answer(mapped(Action::Call(step("look", true)))).next.reply(Ok(200));
    let failure = Failure::Retry { reason: "not yet".to_owned(), after_secs: Some(7) };
    let line = LogLine { level: LogLevel::Warn, message: "hm".to_owned() };
    let answer = Mapped { logs: vec![line.clone()], ..Mapped::not_run(MapError::Plugin(failure)) };
    let record = asked.next.answer(answer).last();
    assert_eq!((record.delivery.state, record.delivery.replies), (DeliveryState::Pending, 0));
    assert_eq!(record.delivery.due_at, NOW.after(Duration::from_millis(7_700)));
    assert!(record.reply.is_none());
    let attempt = record.attempt.unwrap();
    assert_eq!((attempt.verdict, attempt.logs), (Verdict::Retry, vec![line]));
    assert_eq!(attempt.reply.map(|reply| reply.status), Some(200));
}

#[test]
fn what_a_person_must_fix_is_held() {
    for (error, kind) in [
        (MapError::Plugin(Failure::Permanent("no pipeline".into())), AttemptErrorKind::MappingPermanent),
        (MapError::Trap("unreachable".into()), AttemptErrorKind::MappingTrap),
        (MapError::Limit("fuel".into()), AttemptErrorKind::MappingLimit),
        (MapError::Invalid("path".into()), AttemptErrorKind::MappingInvalid),
    ] {
        let record = begin(delivery(), Vec::new()).answer(Mapped::not_run(error)).last();
        assert_eq!(record.delivery.state, DeliveryState::Held);
        assert!(record.delivery.reason.is_some());
        let attempt = record.attempt.unwrap();
        assert_eq!((attempt.verdict, attempt.error.unwrap().kind), (Verdict::Held, kind));
        assert!(attempt.request.is_none() && attempt.hint.unwrap().contains("Fix the plugin"));
    }
}

#[test]
fn what_a_target_refused_is_not_the_plugins_fault() {
    let refused = |status, body| {
        let sent = begin(delivery(), Vec::new()).answer(mapped(Action::Call(accepting(status))));
        let Next::Send(sending) = sent.next else { panic!("nothing is sent") };
        let failure = MapError::Plugin(Failure::Permanent("the account is not paid".into()));
        let record =
            sending.step(exchanged(Ok(status), body), MOMENT).next.answer(Mapped::not_run(failure)).last();
        assert_eq!(record.delivery.state, DeliveryState::Held);
        record.attempt.unwrap().hint.unwrap()
    };
    let unpaid = refused(402, "{}");
    assert!(unpaid.contains("The target refused") && !unpaid.contains("plugin"), "{unpaid}");
    let page = refused(404, "<!doctype html>");
    assert!(page.contains("web page") && page.contains("URL"), "{page}");
    assert!(refused(200, "{}").contains("Fix the plugin"));
}

#[test]
fn a_host_that_cannot_run_a_plugin_tries_again() {
    let error = MapError::Unavailable("no memory".into());
    let record = begin(delivery(), Vec::new()).answer(Mapped::not_run(error)).last();
    assert_eq!((record.delivery.state, record.delivery.failures), (DeliveryState::Pending, 1));
}

#[test]
fn answers_that_break_a_rule_are_held() {
    let done = begin(delivery(), Vec::new()).answer(mapped(Action::Done(Receipt::default()))).last();
    assert_eq!(done.delivery.state, DeliveryState::Held);
    let outside = StepRequest { path: Some("/../admin".to_owned()), ..step("x", true) };
    let outside = begin(delivery(), Vec::new()).answer(mapped(Action::Deliver(outside))).last();
    assert_eq!(outside.delivery.state, DeliveryState::Held);
    assert!(outside.delivery.reason.unwrap().contains(".."));
}

#[test]
fn a_plugin_that_never_stops_calling_is_held() {
    let mut next = begin(delivery(), Vec::new());
    for call in 0..hookwright_model::limits::MAX_CALLS {
        let sent = next.answer(mapped(Action::Call(step(&format!("call-{call}"), true))));
        next = sent.next.reply(Ok(200)).next;
    }
    let record = next.answer(mapped(Action::Call(step("one-more", true)))).last();
    assert_eq!(record.delivery.state, DeliveryState::Held);
    assert_eq!(record.attempt.unwrap().error.unwrap().kind, AttemptErrorKind::MappingLimit);
}

/// A delivery as a later run finds it, with its replies.
fn kept(record: &AttemptRecord, replies: &mut Vec<Reply>) -> Delivery {
    replies.extend(record.reply.clone());
    record.delivery.clone()
}

#[test]
fn doubts_and_outages_use_up_no_calls_and_the_waits_between_them_grow() {
    // Seven calls are kept; the eighth creates, and its answer is lost again and again.
    let (mut row, mut replies) = (delivery(), Vec::new());
    let mut next = begin(row.clone(), Vec::new());
    for call in 0..7 {
        let sent = next.answer(mapped(Action::Call(step(&format!("call-{call}"), true))));
        if let Some(record) = &sent.record {
            row = kept(record, &mut replies);
        }
        next = sent.next.reply(Ok(200)).next;
    }
    let mut sent = next.answer(mapped(Action::Call(step("create", false))));
    let mut waits = Vec::new();
    for _ in 0..12 {
        row = kept(sent.written(), &mut replies);
        assert_eq!(row.uncertain.as_deref(), Some("create"));
        let record = sent.next.reply(Err(Reached::Perhaps)).last();
        row = kept(&record, &mut replies);
        assert_eq!(row.state, DeliveryState::Pending);
        waits.push(row.due_at.since(NOW).as_secs());
        let looked = begin(row.clone(), replies.clone()).answer(mapped(Action::Call(step("look", true))));
        let looked = looked.next.reply(Ok(200));
        sent = looked.next.answer(mapped(Action::Call(step("create", false))));
    }
    assert_eq!(waits[..5], [5, 15, 45, 135, 405]);
    assert_eq!(row.replies, u32::try_from(replies.len()).unwrap());
    let done = sent.next.reply(Ok(201)).next.answer(mapped(Action::Done(Receipt::default()))).last();
    assert_eq!(done.delivery.state, DeliveryState::Delivered);
}

#[test]
fn a_target_that_refuses_every_call_once_is_delivered_to() {
    let (mut row, mut replies) = (delivery(), Vec::new());
    for call in 0..8 {
        let name = format!("call-{call}");
        let request = || StepRequest { accept: vec![429], ..step(&name, true) };
        let sent = begin(row.clone(), replies.clone()).answer(mapped(Action::Call(request())));
        let failure = Failure::Retry { reason: "rate limit".to_owned(), after_secs: Some(1) };
        let refused = sent.next.reply(Ok(429)).next.answer(Mapped::not_run(MapError::Plugin(failure)));
        assert_eq!(
            refused.health,
            Health::Throttling(Some(Duration::from_millis(1_100))),
            "half of the jitter"
        );
        row = kept(&refused.last(), &mut replies);
        let sent = begin(row.clone(), replies.clone()).answer(mapped(Action::Call(request())));
        let next = sent.next.reply(Ok(200)).next.answer(mapped(Action::Call(step("next", true))));
        row = kept(next.written(), &mut replies);
        assert_eq!(row.failures, 0, "a kept reply is progress");
    }
}

#[test]
fn skip_keeps_the_reason() {
    let record = begin(delivery(), Vec::new()).answer(mapped(Action::Skip("no contact".to_owned()))).last();
    assert_eq!(
        (record.delivery.state, record.delivery.reason.as_deref()),
        (DeliveryState::Skipped, Some("no contact"))
    );
}

#[test]
fn answers_say_how_the_target_copes() {
    use Health::{Failing, Good, Throttling, Unknown};
    for (outcome, health) in [
        (Ok(200), Good),
        (Ok(422), Good),
        (Ok(404), Failing),
        (Ok(401), Failing),
        (Ok(410), Unknown),
        (Ok(429), Throttling(None)),
        (Ok(503), Failing),
        (Err(Reached::No), Failing),
        (Err(Reached::Perhaps), Failing),
    ] {
        let sent = start(delivery(), Vec::new(), rules(), Shape::Payload, NOW);
        assert_eq!(sent.reply(outcome).health, health, "{outcome:?}");
    }
    let asked = begin(delivery(), Vec::new());
    let failure =
        || Mapped::not_run(MapError::Plugin(Failure::Retry { reason: "r".into(), after_secs: None }));
    assert_eq!(asked.answer(failure()).health, Unknown, "no target was asked");
    let asked =
        begin(delivery(), Vec::new()).answer(mapped(Action::Call(step("look", true)))).next.reply(Ok(200));
    assert_eq!(asked.health, Unknown, "the plugin has not said what the answer is");
    assert_eq!(asked.next.answer(failure()).health, Failing);
}

#[test]
fn credentials_are_asked_for_slowly_and_gone_switches_off() {
    let send = |status| start(delivery(), Vec::new(), rules(), Shape::Payload, NOW).reply(Ok(status)).last();
    assert!(send(401).delivery.due_at >= NOW.after(RetryPolicy::SLOW));
    let gone = send(410);
    assert_eq!(
        (gone.delivery.state, gone.disable_webhook),
        (DeliveryState::Failed, Some(DisableReason::Gone))
    );
    assert_eq!(send(404).disable_webhook, None);
}

#[test]
fn the_words_of_an_answer_count_only_without_a_mapping() {
    let full = || exchanged(Ok(400), "Queue is full.");
    let Next::Send(sending) = start(delivery(), Vec::new(), rules(), Shape::Payload, NOW) else {
        panic!("nothing is sent")
    };
    let record = sending.step(full(), MOMENT).last();
    assert_eq!(record.delivery.state, DeliveryState::Pending);
    let sent = begin(delivery(), Vec::new()).answer(mapped(Action::Call(step("create", true))));
    let Next::Send(sending) = sent.next else { panic!("nothing is sent") };
    assert_eq!(sending.step(full(), MOMENT).last().delivery.state, DeliveryState::Failed);
}

#[test]
fn a_success_may_come_with_a_hint() {
    let url = TargetUrl::parse("https://hooks.zapier.com/hooks/catch/1/a/").unwrap();
    let rules = Rules { url, ..rules() };
    let record = start(delivery(), Vec::new(), rules, Shape::Payload, NOW).reply(Ok(200)).last();
    assert_eq!(record.delivery.state, DeliveryState::Delivered);
    assert!(record.attempt.unwrap().hint.unwrap().contains("Zap"));
}

#[test]
fn a_test_is_tried_once() {
    let test = Delivery { origin: Origin::Test, ..delivery() };
    let record = start(test, Vec::new(), rules(), Shape::Payload, NOW).reply(Ok(503)).last();
    assert_eq!(
        (record.delivery.state, record.attempt.unwrap().verdict),
        (DeliveryState::Failed, Verdict::Failed)
    );
}

#[test]
fn a_mapping_that_is_gone_is_held() {
    let error = MapError::Invalid("the plugin `x` does not exist any more".to_owned());
    let record = unmappable(delivery(), rules(), &error, MOMENT).last();
    assert_eq!(record.delivery.state, DeliveryState::Held);
}
