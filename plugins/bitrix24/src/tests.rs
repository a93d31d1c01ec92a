use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{
    Answer, Fault, Faulty, Outcome, Rehearsal, Target, laws, samples, settings_schema,
};
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
fn the_laws_of_a_mapping_hold() {
    for transcript in laws::check::<Bitrix24, _>(
        portal,
        &[
            ("", json!({})),
            ("-older-method", older()),
            ("-all-settings", all_settings()),
            ("-comment", comment()),
        ],
    ) {
        insta::assert_snapshot!(transcript.name, transcript.text);
    }
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
fn a_fault_at_the_comment_on_a_known_lead_makes_none_twice() {
    let portal = || {
        let mut portal = portal();
        rehearse(&samples::complete(), &json!({})).attempt(&mut portal);
        portal
    };
    // The first lead of this person and this event's are different events.
    let event = || Event { id: "evt_2".to_owned(), ..samples::event(samples::complete()) };
    for (index, fault) in (0..2).flat_map(|index| Fault::ALL.map(|fault| (index, fault))) {
        let mut portal = portal();
        let mut rehearsal = Rehearsal::<Bitrix24>::of_event(event()).settings(comment());
        let outcome = rehearsal.finish(&mut Faulty::new(&mut portal, fault, index));
        assert!(matches!(outcome, Outcome::Delivered(_)), "{fault:?} at {index}: {outcome:?}");
        assert_eq!((portal.leads().len(), portal.comments().len()), (1, 1), "{fault:?} at {index}");
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
        (error(401, "NO_AUTH_FOUND"), Retry(Some(3_600))),
        (error(401, "expired_token"), Retry(Some(3_600))),
        (Answer::text(401, ""), Retry(Some(3_600))),
        (error(403, "insufficient_scope"), Retry(Some(3_600))),
        (error(403, "INVALID_CREDENTIALS"), Retry(Some(3_600))),
        (error(403, "ACCESS_DENIED"), Retry(Some(3_600))),
        (error(403, "allowed_only_intranet_user"), Retry(Some(3_600))),
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
        (error(503, "QUERY_LIMIT_EXCEEDED"), Retry(Some(1))),
        (error(503, "OVERLOAD_LIMIT"), Retry(Some(3_600))),
        (Answer::text(503, "<html>"), Retry(None)),
        (error(200, "SOMETHING_NEW"), Held("in Bitrix24's words")),
        (error(200, "QUERY_LIMIT_EXCEEDED"), Retry(Some(1))),
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
                // The mapping looks at this itself: which field is it?
                (Outcome::Held(reason), Refused) => step == "create-lead" && reason.contains("status 400"),
                (Outcome::Held(reason), Held(part)) => reason.contains(part),
                (Outcome::Retry(_, after), Retry(expected)) => after == expected,
                // The lead that is there already may be somebody else's.
                (Outcome::Held(reason), Retry(_)) => {
                    step == "comment" && reason.contains("comment on the known lead")
                }
                _ => false,
            };
            assert!(is_expected, "{answer:?} to {step}: {outcome:?}");
        }
    }
}

#[test]
fn what_bitrix24_refuses_is_kept_in_the_comments() {
    for settings in [json!({}), older()] {
        for (lead, step, kept) in [
            (
                Lead { email: Some("redacted@ymail.con".into()), ..samples::complete() },
                "email",
                "redacted@ymail.con",
            ),
            (Lead { phone: Some("202 call me".into()), ..samples::complete() }, "phone", "202 call me"),
        ] {
            let mut portal = portal();
            let mut rehearsal = rehearse(&lead, &settings);
            assert!(matches!(rehearsal.attempt(&mut portal), Outcome::Delivered(_)));
            assert_eq!(rehearsal.steps(), ["create-lead", &format!("create-lead-without-{step}")]);
            let leads = portal.leads();
            let comments = leads[0]["comments"].as_str().unwrap();
            assert!(comments.contains(&format!("as given: {kept}")), "{comments}");
        }
    }
    // A portal that speaks another language quotes the value.
    let words = json!({ "error": "", "error_description": "Некорректный адрес: john@example.com<br>" });
    let (mut portal, mut first) = (portal(), Some(Answer::json(400, words)));
    let mut rehearsal = rehearse(&samples::complete(), &older());
    let outcome =
        rehearsal.attempt(&mut |request: &Request| first.take().unwrap_or_else(|| portal.answer(request)));
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    assert_eq!(rehearsal.steps(), ["create-lead", "create-lead-without-email"]);
}

#[test]
fn a_known_person_is_looked_for_by_every_spelling_of_the_number() {
    let mut portal = Account::new(Standin::new("secret-1").with_contact("89995551122", "x@example.com"));
    let lead = Lead { phone: Some("+7 (999) 555-11-22".into()), email: None, ..samples::complete() };
    let settings = json!({ "duplicates": "link", "default_country": "RU" });
    let outcome = rehearse(&lead, &settings).attempt(&mut portal);
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    assert_eq!(portal.leads()[0]["contactId"], 51);
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
