use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{Answer, Fault, Faulty, Outcome, Rehearsal, Target, samples, settings_schema};
use hookwright_sdk::{Event, Lead, Request};
use hookwright_standin::Bitrix24 as Standin;
use serde_json::{Value, json};

use crate::Bitrix24;

fn portal() -> Account<Standin> {
    Account::new(Standin::new("secret-1"))
}

fn rehearse(lead: &Lead, settings: &Value) -> Rehearsal<Bitrix24> {
    Rehearsal::of(lead.clone()).settings(settings.clone())
}

fn older() -> Value {
    json!({ "method": "crm.lead.add" })
}

fn all_settings() -> Value {
    json!({
        "duplicates": "link", "source_id": "ADVERTISING", "stage_id": "IN_PROCESS", "assigned_by_id": Standin::USERS[1],
        "portal": "example.bitrix24.com",
    })
}

fn comment() -> Value {
    json!({ "duplicates": "comment" })
}

/// The outcome when the request `step` is answered with `answer` and the others by a portal that has a lead of the same
/// person.
fn answered_with(step: &str, settings: &Value, answer: &Answer) -> Outcome {
    let mut portal = portal();
    if settings == &comment() {
        rehearse(&samples::complete(), &json!({})).attempt(&mut portal);
    }
    rehearse(&samples::complete(), settings).attempt(&mut |request: &Request| {
        if request.step == step { answer.clone() } else { portal.answer(request) }
    })
}

#[test]
fn every_sample_becomes_what_bitrix24_accepts() {
    for (name, lead) in samples::all() {
        for (suffix, settings) in [
            ("", json!({})),
            ("-older-method", older()),
            ("-all-settings", all_settings()),
            ("-comment", comment()),
        ] {
            let mut rehearsal = rehearse(&lead, &settings);
            let outcome = rehearsal.attempt(&mut portal());
            match lead.cleaned().is_blank() {
                true => assert!(matches!(outcome, Outcome::Skipped(_)), "{name}: {outcome:?}"),
                false => assert!(matches!(outcome, Outcome::Delivered(_)), "{name}: {outcome:?}"),
            }
            if suffix.is_empty() || name == "complete" || (name == "only-phone" && suffix == "-older-method")
            {
                insta::assert_snapshot!(format!("{name}{suffix}"), rehearsal.transcript());
            }
        }
    }
}

#[test]
fn members_that_the_contract_does_not_name_change_nothing() {
    let mut known = Rehearsal::<Bitrix24>::of(samples::complete());
    let mut unknown = Rehearsal::<Bitrix24>::of_event(samples::unknown_members());
    known.attempt(&mut portal());
    unknown.attempt(&mut portal());
    assert_eq!(unknown.transcript(), known.transcript());
}

#[test]
fn both_methods_make_the_same_lead() {
    for (name, lead) in samples::all() {
        let (mut one, mut other) = (portal(), portal());
        rehearse(&lead, &json!({})).attempt(&mut one);
        rehearse(&lead, &older()).attempt(&mut other);
        assert_eq!(one.leads(), other.leads(), "{name}");
    }
}

#[test]
fn what_a_visitor_typed_is_no_bb_code() {
    let typed = "[b]x[/b] [user=1]y[/user] [*] [url=https://evil.example]z[/url]";
    let lead = Lead {
        message: Some(typed.into()),
        conversation_id: Some(typed.into()),
        email: Some(typed.into()),
        ..samples::complete()
    };
    let mut portal = portal();
    for settings in [json!({}), older(), comment()] {
        rehearse(&lead, &settings).attempt(&mut portal);
    }
    let texts = portal.leads().into_iter().map(|lead| lead["comments"].clone());
    let texts: Vec<Value> =
        texts.chain(portal.comments().into_iter().map(|shown| shown["COMMENT"].clone())).collect();
    assert_eq!(texts.len(), 3);
    for text in texts {
        let text = text.as_str().unwrap();
        assert!(text.matches('[').count() >= 18, "the brackets stay readable: {text}");
        assert!(text.split('[').skip(1).all(|rest| rest.starts_with('\u{200b}')), "{text}");
    }
}

#[test]
fn the_longest_texts_fit() {
    let long = |text: &str| Some(text.repeat(20_000));
    for (text, email) in [("\u{1f980}", "\u{1f980}@"), ("[", "["), ("ж", "ж")] {
        let lead = Lead {
            name: long(text),
            phone: samples::complete().phone,
            email: long(email),
            message: long(text),
            channel: long(text),
            conversation_id: long(text),
        };
        let mut portal = portal();
        for settings in [json!({}), older(), comment()] {
            let outcome = rehearse(&lead, &settings).attempt(&mut portal);
            assert!(matches!(outcome, Outcome::Delivered(_)), "{settings}: {outcome:?}");
        }
        assert_eq!((portal.leads().len(), portal.comments().len()), (2, 1));
    }
}

#[test]
fn a_known_person_is_linked_or_commented_on_as_set() {
    let full = samples::complete();
    let by_email = Lead { phone: Some("+15550000000".into()), ..full.clone() };
    let stranger = Lead { email: Some("other@example.com".into()), ..by_email.clone() };
    let link = json!({ "duplicates": "link" });
    for (settings, lead, linked, comments, steps) in [
        (json!({}), &full, false, 0, &["create-lead"][..]),
        (link.clone(), &full, true, 0, &["find-by-phone", "create-lead"]),
        (link.clone(), &by_email, true, 0, &["find-by-phone", "find-by-email", "create-lead"]),
        (link, &stranger, false, 0, &["find-by-phone", "find-by-email", "create-lead"]),
        (comment(), &full, false, 1, &["find-by-phone", "comment"]),
        (comment(), &by_email, false, 1, &["find-by-phone", "find-by-email", "comment"]),
        (comment(), &stranger, false, 0, &["find-by-phone", "find-by-email", "create-lead"]),
    ] {
        let mut portal =
            Account::new(Standin::new("secret-1").with_contact("+12025551234", "john@example.com"));
        rehearse(&full, &json!({})).attempt(&mut portal);
        let mut rehearsal = rehearse(lead, &settings);
        let outcome = rehearsal.attempt(&mut portal);
        let id = if comments == 1 { 342 } else { 343 };
        assert!(
            matches!(&outcome, Outcome::Delivered(receipt) if receipt.reference == Some(format!("lead/{id}"))),
            "{settings}: {outcome:?}"
        );
        assert_eq!(rehearsal.steps(), steps, "{settings}");
        let leads = portal.leads();
        let contact = leads.get(1).and_then(|lead| lead.get("contactId"));
        assert_eq!(contact.is_some(), linked, "{settings}");
        assert_eq!(
            (leads.len() + portal.comments().len(), portal.comments().len()),
            (2, comments),
            "{settings}"
        );
    }
    let mut portal = Account::new(Standin::new("secret-1").with_contact("+12025551234", "john@example.com"));
    rehearse(&full, &comment()).attempt(&mut portal);
    assert_eq!(portal.leads()[0]["contactId"], 51, "only a contact is known: the new lead is linked to it");
}

#[test]
fn a_fault_at_any_step_makes_nothing_twice() {
    for (name, lead) in samples::all() {
        if lead.cleaned().is_blank() {
            continue;
        }
        for settings in [json!({}), older(), all_settings(), comment()] {
            let portal = || {
                let mut portal = portal();
                if settings == comment() {
                    rehearse(&samples::complete(), &json!({})).attempt(&mut portal);
                }
                portal
            };
            // The first lead of this person and this event's are different events.
            let new = || {
                let event = Event { id: "evt_2".to_owned(), ..samples::event(lead.clone()) };
                Rehearsal::<Bitrix24>::of_event(event).settings(settings.clone())
            };
            let before = portal().leads().len();
            let calls: Vec<String> = {
                let mut rehearsal = new();
                rehearsal.attempt(&mut portal());
                rehearsal.steps().into_iter().map(str::to_owned).collect()
            };
            for (index, fault) in (0..calls.len()).flat_map(|index| Fault::ALL.map(|fault| (index, fault))) {
                let mut portal = portal();
                let outcome = new().finish(&mut Faulty::new(&mut portal, fault, index));
                let case = format!("{name}, {settings}, {fault:?} at {}", calls[index]);
                assert!(matches!(outcome, Outcome::Delivered(_)), "{case}: {outcome:?}");
                assert_eq!(portal.leads().len() + portal.comments().len() - before, 1, "{case}");
            }
        }
    }
}

#[test]
fn after_a_lost_answer_only_this_events_lead_counts() {
    for settings in [json!({}), older()] {
        let mut portal = portal();
        let earlier = Event { id: "evt_1".to_owned(), ..samples::event(samples::complete()) };
        Rehearsal::<Bitrix24>::of_event(earlier).settings(settings.clone()).attempt(&mut portal);
        let mut rehearsal = rehearse(&samples::complete(), &settings);
        rehearsal.finish(&mut Faulty::new(&mut portal, Fault::LostRequest, 0));
        assert_eq!(portal.leads().len(), 2, "a second lead of the same conversation is one of its own");
        if settings == older() {
            insta::assert_snapshot!("lost-lead-older-method", rehearsal.transcript());
        } else {
            insta::assert_snapshot!("lost-lead", rehearsal.transcript());
        }
    }
}

#[test]
fn every_answer_lost_once_still_fits_into_the_hosts_limit_of_calls() {
    let mut portal = portal();
    rehearse(&Lead { phone: None, ..samples::complete() }, &json!({})).attempt(&mut portal);
    let event = Event { id: "evt_2".to_owned(), ..samples::event(samples::complete()) };
    let mut rehearsal = Rehearsal::<Bitrix24>::of_event(event).settings(comment());
    let mut lost: Vec<String> = Vec::new();
    let outcome = rehearsal.finish(&mut |request: &Request| {
        let answer = portal.answer(request);
        if request.idempotent || lost.contains(&request.step) {
            return answer;
        }
        lost.push(request.step.clone());
        Answer::Lost
    });
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    assert_eq!((portal.leads().len(), portal.comments().len()), (1, 1));
    insta::assert_snapshot!("lost-comment", rehearsal.transcript());
}

#[test]
fn the_body_of_an_answer_decides_what_happens() {
    let error = |status, code: &str| {
        Answer::json(status, json!({ "error": code, "error_description": "in Bitrix24's words" }))
    };
    let spent = |time: Value| {
        Answer::json(
            429,
            json!({ "error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked", "time": time }),
        )
    };
    enum Expected {
        Refused,
        Held(&'static str),
        Retry(Option<u32>),
    }
    use Expected::{Held, Refused, Retry};
    let rows = [
        (error(400, "NOT_FOUND"), Refused),
        (error(400, ""), Refused),
        (error(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID"), Refused),
        (error(401, "NO_AUTH_FOUND"), Held("inbound webhook")),
        (error(401, "expired_token"), Held("inbound webhook")),
        (Answer::text(401, ""), Retry(Some(3_600))),
        (error(403, "insufficient_scope"), Held("scope `crm`")),
        (error(403, "INVALID_CREDENTIALS"), Held("inbound webhook")),
        (error(403, "ACCESS_DENIED"), Held("plan")),
        (error(403, "allowed_only_intranet_user"), Held("lacks a right")),
        (Answer::text(403, "<html>"), Retry(Some(3_600))),
        (error(404, "ERROR_METHOD_NOT_FOUND"), Refused),
        (error(405, ""), Refused),
        (error(429, "OPERATION_TIME_LIMIT"), Retry(Some(600))),
        (spent(json!({ "start": 1_778_747_700.4, "operating_reset_at": 1_778_747_792 })), Retry(Some(92))),
        (spent(json!({ "start": 1_778_747_700, "operating_reset_at": 1_778_747_600 })), Retry(Some(600))),
        (spent(json!({ "start": "now", "operating_reset_at": 1e300 })), Retry(Some(600))),
        (Answer::text(429, ""), Retry(None)),
        (error(500, "INTERNAL_SERVER_ERROR"), Retry(None)),
        (error(500, "ERROR_UNEXPECTED_ANSWER"), Retry(None)),
        (error(500, "PORTAL_DELETED"), Held("has been deleted")),
        (Answer::text(502, "<html>"), Retry(None)),
        (error(503, "QUERY_LIMIT_EXCEEDED"), Retry(None)),
        (error(503, "OVERLOAD_LIMIT"), Held("support")),
        (Answer::text(503, "<html>"), Retry(None)),
        (error(200, "SOMETHING_NEW"), Held("in Bitrix24's words")),
        (error(200, "QUERY_LIMIT_EXCEEDED"), Retry(None)),
        (Answer::Lost, Retry(None)),
    ];
    for (answer, expected) in rows {
        for (settings, step) in [
            (json!({}), "create-lead"),
            (older(), "create-lead"),
            (comment(), "find-by-phone"),
            (comment(), "comment"),
        ] {
            let outcome = answered_with(step, &settings, &answer);
            let is_expected = match (&outcome, &expected) {
                (Outcome::Refused(_), Refused) => true,
                (Outcome::Held(reason), Held(part)) => reason.contains(part),
                (Outcome::Retry(_, after), Retry(expected)) => after == expected,
                _ => false,
            };
            assert!(is_expected, "{answer:?} to {step}: {outcome:?}");
        }
    }
}

#[test]
fn a_reply_without_a_usable_id_is_held() {
    for body in
        [json!({}), json!({ "result": { "item": { "id": "../x" } } }), json!({ "result": null }), json!([])]
    {
        for settings in [json!({}), older()] {
            let outcome = answered_with("create-lead", &settings, &Answer::json(200, body.clone()));
            assert!(
                matches!(&outcome, Outcome::Held(reason) if reason.contains("create-lead")),
                "{body}: {outcome:?}"
            );
        }
    }
}

#[test]
fn settings_are_checked() {
    for settings in
        [json!({ "source": "WEB" }), json!({ "method": "crm.deal.add" }), json!({ "duplicates": true })]
    {
        let outcome = rehearse(&samples::complete(), &settings).attempt(&mut portal());
        assert!(
            matches!(&outcome, Outcome::Held(reason) if reason.contains("settings")),
            "{settings}: {outcome:?}"
        );
    }
    insta::assert_snapshot!("settings-schema", settings_schema::<Bitrix24>());
}
