//! The mapping, driven as the host drives it.

use hookwright_sdk::Lead;
use hookwright_sdk::testing::{Answer, Outcome, Rehearsal, samples};
use serde_json::{Value, json};

use crate::Tickets;

/// A target that creates every ticket.
fn created() -> impl FnMut(&hookwright_sdk::Request) -> Answer {
    |_| Answer::json(201, json!({ "id": 151 }))
}

#[test]
fn a_lead_becomes_a_ticket() {
    let mut rehearsal = Rehearsal::<Tickets>::of(samples::complete()).settings(json!({ "queue": "sales" }));
    let outcome = rehearsal.finish(&mut created());
    assert!(
        matches!(outcome, Outcome::Delivered(receipt) if receipt.reference.as_deref() == Some("ticket/151"))
    );
    let [request] = rehearsal.requests().collect::<Vec<_>>()[..] else { panic!("one request") };
    assert_eq!(request.path.as_deref(), Some("/tickets"));
    let ticket: Value = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
    assert_eq!(ticket["queue"], "sales");
    assert_eq!(ticket["subject"], "John Smith (telegram)");
}

#[test]
fn a_busy_target_is_asked_again() {
    let mut answers = [Answer::text(503, ""), Answer::json(201, json!({ "id": 151 }))].into_iter();
    let mut rehearsal = Rehearsal::<Tickets>::of(samples::complete());
    let outcome = rehearsal.finish(&mut |_: &hookwright_sdk::Request| answers.next().unwrap());
    assert!(matches!(outcome, Outcome::Delivered(_)));
    assert_eq!(rehearsal.steps(), ["create-ticket", "create-ticket"]);
}

#[test]
fn every_lead_is_taken_or_skipped_with_a_reason() {
    for (name, lead) in samples::all() {
        let blank = lead.cleaned().is_blank();
        let outcome = Rehearsal::<Tickets>::of(lead).finish(&mut created());
        assert_eq!(matches!(outcome, Outcome::Skipped(_)), blank, "{name}: {outcome:?}");
    }
}

#[test]
fn what_was_not_collected_is_left_out() {
    let mut rehearsal = Rehearsal::<Tickets>::of(Lead { email: None, ..samples::complete() });
    rehearsal.finish(&mut created());
    let body = rehearsal.requests().next().unwrap().body.clone().unwrap();
    assert!(!body.contains("email") && !body.contains("null"), "{body}");
}
