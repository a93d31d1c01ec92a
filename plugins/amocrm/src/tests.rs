use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{
    Answer, Fault, Faulty, Outcome, Rehearsal, Target, laws, samples, settings_schema,
};
use hookwright_sdk::{Lead, Request};
use hookwright_standin::AmoCrm as Standin;
use serde_json::{Value, json};

use crate::AmoCrm;

fn account() -> Account<Standin> {
    Account::new(Standin::new("token-1"))
}

fn rehearse(lead: &Lead, settings: &Value) -> Rehearsal<AmoCrm> {
    Rehearsal::of(lead.clone()).settings(settings.clone())
}

fn incoming() -> Value {
    json!({ "incoming": true })
}

fn all_settings() -> Value {
    let [_, (pipeline, [_, stage])] = Standin::PIPELINES;
    json!({
        "pipeline_id": pipeline, "status_id": stage, "responsible_user_id": Standin::USERS[1], "tags": ["chat", "chat"],
        "channel_tag": false, "find_contact": true, "account": "example.kommo.com",
    })
}

/// The outcome when the request `step` is answered with `answer` and the others by the account.
fn answered_with(step: &str, settings: &Value, answer: &Answer) -> Outcome {
    let mut account = account();
    rehearse(&samples::complete(), settings).attempt(&mut |request: &Request| {
        if request.step == step { answer.clone() } else { account.answer(request) }
    })
}

#[test]
fn the_laws_of_a_mapping_hold() {
    for transcript in laws::check::<AmoCrm, _>(
        account,
        &[("", json!({})), ("-incoming", incoming()), ("-all-settings", all_settings())],
    ) {
        insta::assert_snapshot!(transcript.name, transcript.text);
    }
}

#[test]
fn a_known_contact_is_found_by_phone_number_or_else_by_address() {
    let full = samples::complete();
    let settings = json!({ "find_contact": true });
    let mut account = account();
    rehearse(&full, &settings).attempt(&mut account);
    let by_phone = Lead { email: None, phone: Some("+1 (202) 555-1234".into()), ..full.clone() };
    let by_email =
        Lead { phone: Some("+15550000000".into()), email: Some("John@Example.com".into()), ..full.clone() };
    // A search finds parts of words, which is not who it was.
    let stranger = Lead { phone: Some("2025551".into()), email: Some("hn@example.com".into()), ..full };
    for (lead, contacts) in [(by_email, 1), (by_phone, 1), (stranger, 2)] {
        let mut rehearsal = rehearse(&lead, &settings);
        let outcome = rehearsal.attempt(&mut account);
        assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
        assert_eq!(account.contacts().len(), contacts, "{}", rehearsal.transcript());
    }
    assert_eq!(account.leads().len(), 4);
}

#[test]
fn a_known_contact_gets_what_is_new() {
    let full = samples::complete();
    let settings = json!({ "find_contact": true, "default_country": "RU" });
    let mut account = account();
    let known = Lead { phone: Some("+79995551122".into()), email: None, ..full.clone() };
    rehearse(&known, &settings).attempt(&mut account);
    let by_phone = Lead { phone: Some("8 (999) 555-11-22".into()), ..full.clone() };
    let by_email = Lead { phone: Some("8 999 555-11-33".into()), ..full.clone() };
    for lead in [by_phone, by_email] {
        let mut rehearsal = rehearse(&lead, &settings);
        assert!(matches!(rehearsal.attempt(&mut account), Outcome::Delivered(_)));
        assert!(rehearsal.steps().contains(&"update-contact"), "{:?}", rehearsal.steps());
    }
    assert_eq!((account.contacts().len(), account.leads().len()), (1, 3));
    let contact = account.contacts()[0].to_string();
    for value in ["+79995551122", "8 999 555-11-33", "john@example.com"] {
        assert_eq!(contact.matches(value).count(), 1, "{contact}");
    }

    // What amoCRM does not take is in the note.
    let refused =
        Lead { phone: Some("+79995551122".into()), email: Some("redacted@ymail.con".into()), ..full };
    assert!(matches!(rehearse(&refused, &settings).attempt(&mut account), Outcome::Delivered(_)));
    let notes = account.notes();
    let note = notes.last().unwrap()["params"]["text"].as_str().unwrap().to_owned();
    assert!(note.contains("New e-mail: redacted@ymail.con"), "{note}");
}

#[test]
fn what_amocrm_refuses_is_kept_in_the_note() {
    for settings in [json!({}), incoming()] {
        for (lead, step, kept) in [
            (
                Lead { email: Some("redacted@ymail.con".into()), ..samples::complete() },
                "-without-email",
                "redacted@ymail.con",
            ),
            (
                Lead { phone: Some("202 call me".into()), ..samples::complete() },
                "-without-phone",
                "202 call me",
            ),
        ] {
            let mut account = account();
            let mut rehearsal = rehearse(&lead, &settings);
            assert!(matches!(rehearsal.attempt(&mut account), Outcome::Delivered(_)));
            assert!(rehearsal.steps()[1].ends_with(step), "{:?}", rehearsal.steps());
            let notes = account.notes();
            let note = notes[0]["params"]["text"].as_str().unwrap();
            assert!(note.contains(&format!("as given: {kept}")), "{note}");
            assert_eq!(account.leads().len() + account.incoming().len(), 1);
        }
    }
}

#[test]
fn channel_and_conversation_arrive_without_a_message() {
    let mut account = account();
    rehearse(&Lead { message: None, ..samples::complete() }, &json!({})).attempt(&mut account);
    let notes = account.notes();
    assert!(
        notes[0]["params"]["text"].as_str().unwrap().starts_with("Channel: telegram\nConversation: 2c1a")
    );
}

#[test]
fn what_the_duplicate_control_merges_is_told() {
    let mut account = Account::new(Standin::new("token-1").with_duplicate_control());
    let first = rehearse(&samples::complete(), &json!({})).attempt(&mut account);
    let mut second = rehearse(&samples::complete(), &json!({}));
    assert_eq!(second.attempt(&mut account), first);
    assert_eq!((account.leads().len(), account.notes().len()), (1, 2));
    assert!(second.log()[0].1.contains("merged this into the lead 9774766"), "{:?}", second.log());
}

#[test]
fn every_answer_lost_once_still_fits_into_the_hosts_limit_of_calls() {
    let mut account = account();
    let mut rehearsal = rehearse(&samples::complete(), &json!({ "find_contact": true }));
    let mut lost: Vec<String> = Vec::new();
    let outcome = rehearsal.finish(&mut |request: &Request| {
        let answer = account.answer(request);
        if request.idempotent || lost.contains(&request.step) {
            return answer;
        }
        lost.push(request.step.clone());
        Answer::Lost
    });
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    assert_eq!((account.leads().len(), account.contacts().len(), account.notes().len()), (1, 1, 1));
    insta::assert_snapshot!("every-answer-lost-once", rehearsal.transcript());
}

#[test]
fn after_a_lost_answer_only_this_events_records_count() {
    let another = Lead { conversation_id: Some("another".to_owned()), ..samples::complete() };
    for (settings, earlier, at, is_found) in [
        (json!({}), samples::complete(), "2026-05-31T09:59:59Z", false),
        (json!({}), samples::complete(), "2026-05-31T10:00:00Z", true),
        (json!({}), Lead { name: None, ..samples::complete() }, "2026-05-31T10:00:00Z", false),
        (incoming(), samples::complete(), "2026-05-30T10:00:00Z", false),
        (incoming(), samples::complete(), "2026-05-31T10:00:00Z", true),
        (incoming(), another, "2026-05-31T10:00:00Z", false),
    ] {
        let mut account = account();
        let event = hookwright_sdk::Event { created_at: at.to_owned(), ..samples::event(earlier) };
        Rehearsal::<AmoCrm>::of_event(event).settings(settings.clone()).attempt(&mut account);
        let mut rehearsal = rehearse(&samples::complete(), &settings);
        rehearsal.finish(&mut Faulty::new(&mut account, Fault::LostRequest, 0));
        let expected = if is_found { 1 } else { 2 };
        assert_eq!(account.leads().len() + account.incoming().len(), expected, "{settings} {at}");
    }
}

#[test]
fn a_note_that_the_host_cuts_off_is_still_recognized() {
    let long = Lead { message: Some("\u{1f980}".repeat(20_000)), ..samples::complete() };
    let mut account = account();
    let mut rehearsal = rehearse(&long, &json!({}));
    rehearsal.attempt(&mut Faulty::new(&mut account, Fault::LostAnswer, 1));
    let mut cut_off = |request: &Request| match account.answer(request) {
        // As longer answers are: amoCRM writes each such character as twelve.
        Answer::Reply { status, headers, body } if request.step == "find-note" => {
            Answer::Reply { status, headers, body: body.replace('\u{1f980}', "\\ud83e\\udd80") }
        }
        answer => answer,
    };
    let outcome = rehearsal.finish(&mut cut_off);
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    assert_eq!(rehearsal.steps(), ["create-lead", "create-note", "find-note"]);
    assert_eq!(account.notes().len(), 1);
}

#[test]
fn what_amocrm_answers_decides_what_happens() {
    let problem =
        |status: u16, title: &str| Answer::json(status, json!({ "title": title, "status": status }));
    enum Expected {
        Refused,
        Retry(Option<u32>),
    }
    use Expected::{Refused, Retry};
    let rows = [
        (problem(401, "Unauthorized"), Retry(None)),
        (problem(402, "Payment Required"), Retry(Some(3_600))),
        (problem(403, "Forbidden"), Retry(Some(3_600))),
        (Answer::text(403, "<html>"), Retry(Some(3_600))),
        (problem(404, "Not Found"), Refused),
        (problem(422, "Unprocessable Entity"), Refused),
        (problem(429, "Too Many Requests"), Retry(None)),
        (Answer::text(500, ""), Retry(None)),
        (Answer::text(502, "<html>"), Retry(None)),
        (Answer::text(503, ""), Retry(None)),
        (Answer::text(504, ""), Retry(None)),
        (Answer::Lost, Retry(None)),
    ];
    let settings = [json!({ "find_contact": true }), incoming()];
    let steps = [
        (&settings[0], "find-contact-by-phone"),
        (&settings[0], "create-lead"),
        (&settings[0], "create-note"),
        (&settings[1], "create-incoming-lead"),
    ];
    for (answer, expected) in rows {
        for (settings, step) in &steps {
            let outcome = answered_with(step, settings, &answer);
            let is_expected = match (&outcome, &expected) {
                (Outcome::Refused(_), Refused) => true,
                (Outcome::Retry(_, after), Retry(expected)) => after == expected,
                _ => false,
            };
            assert!(is_expected, "{answer:?} to {step}: {outcome:?}");
        }
    }
}

#[test]
fn a_reply_without_a_usable_id_is_held() {
    for body in [json!({}), json!([{ "id": "../x" }]), json!([]), json!({ "_embedded": null })] {
        for (settings, step) in [(json!({}), "create-lead"), (incoming(), "create-incoming-lead")] {
            let outcome = answered_with(step, &settings, &Answer::json(200, body.clone()));
            assert!(
                matches!(&outcome, Outcome::Held(reason) if reason.contains(step)),
                "{body}: {outcome:?}"
            );
        }
    }
}

#[test]
fn settings_are_checked() {
    for settings in [json!({ "tag": [] }), json!({ "pipeline_id": "1" }), json!({ "incoming": "yes" })] {
        let outcome = rehearse(&samples::complete(), &settings).attempt(&mut account());
        assert!(
            matches!(&outcome, Outcome::Held(reason) if reason.contains("settings")),
            "{settings}: {outcome:?}"
        );
    }
    insta::assert_snapshot!("settings-schema", settings_schema::<AmoCrm>());
}
