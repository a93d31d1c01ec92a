use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{Answer, Fault, Faulty, Outcome, Rehearsal, Target, samples, settings_schema};
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
fn every_sample_becomes_what_amocrm_accepts() {
    for (name, lead) in samples::all() {
        for (suffix, settings) in
            [("", json!({})), ("-incoming", incoming()), ("-all-settings", all_settings())]
        {
            let mut rehearsal = rehearse(&lead, &settings);
            let outcome = rehearsal.attempt(&mut account());
            match lead.cleaned().is_blank() {
                true => assert!(matches!(outcome, Outcome::Skipped(_)), "{name}: {outcome:?}"),
                false => assert!(matches!(outcome, Outcome::Delivered(_)), "{name}: {outcome:?}"),
            }
            if suffix.is_empty() || name == "complete" || name == "only-phone" {
                insta::assert_snapshot!(format!("{name}{suffix}"), rehearsal.transcript());
            }
        }
    }
}

#[test]
fn members_that_the_contract_does_not_name_change_nothing() {
    let mut known = Rehearsal::<AmoCrm>::of(samples::complete());
    let mut unknown = Rehearsal::<AmoCrm>::of_event(samples::unknown_members());
    known.attempt(&mut account());
    unknown.attempt(&mut account());
    assert_eq!(unknown.transcript(), known.transcript());
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
        let mut target = |request: &Request| match request.path.as_deref() {
            // amoCRM's search minds no punctuation of numbers; the stand-in's does.
            Some(path) if path.contains("%28202%29") => {
                let path = "/api/v4/contacts?query=%2B12025551234".to_owned();
                account.answer(&Request { path: Some(path), ..request.clone() })
            }
            _ => account.answer(request),
        };
        let outcome = rehearsal.attempt(&mut target);
        assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
        assert_eq!(account.contacts().len(), contacts, "{}", rehearsal.transcript());
    }
    assert_eq!(account.leads().len(), 4);
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
fn a_fault_at_any_step_makes_nothing_twice() {
    for (name, lead) in samples::all() {
        if lead.cleaned().is_blank() {
            continue;
        }
        for settings in [json!({}), incoming(), all_settings()] {
            let calls: Vec<String> = {
                let mut rehearsal = rehearse(&lead, &settings);
                rehearsal.attempt(&mut account());
                rehearsal.steps().into_iter().map(str::to_owned).collect()
            };
            for (index, fault) in (0..calls.len()).flat_map(|index| Fault::ALL.map(|fault| (index, fault))) {
                let mut account = account();
                let outcome = rehearse(&lead, &settings).finish(&mut Faulty::new(&mut account, fault, index));
                let case = format!("{name}, {fault:?} at {}", calls[index]);
                assert!(matches!(outcome, Outcome::Delivered(_)), "{case}: {outcome:?}");
                assert_eq!(account.leads().len() + account.incoming().len(), 1, "{case}");
                assert!(account.contacts().len() <= 1 && account.notes().len() <= 1, "{case}");
            }
        }
    }
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
        Held(&'static str),
        Retry(Option<u32>),
    }
    use Expected::{Held, Refused, Retry};
    let rows = [
        (problem(400, "Bad Request"), Refused),
        (problem(401, "Unauthorized"), Retry(None)),
        (problem(402, "Payment Required"), Held("not paid")),
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
