use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{
    Answer, Fault, Faulty, Outcome, Rehearsal, Target, laws, samples, settings_schema,
};
use hookwright_sdk::{Lead, Request};
use hookwright_standin::Pipedrive as Standin;
use serde_json::{Value, json};

use crate::Pipedrive;

fn account() -> Account<Standin> {
    Account::new(Standin::new("token-1"))
}

fn lead_settings() -> Value {
    json!({
        "company": "acme", "owner_id": 3, "visible_to": "3",
        "label_ids": ["f08b42a0-4e75-11ea-9643-03698ef1cfd6"],
    })
}

fn deal_settings() -> Value {
    json!({ "create": "deal", "company": "acme", "pipeline_id": 1, "stage_id": 2, "visible_to": "3" })
}

/// The outcome when the request `step` is answered with `answer` and the others by the account.
fn answered_with(step: &str, answer: &Answer) -> Outcome {
    let mut account = account();
    Rehearsal::<Pipedrive>::of(samples::complete()).attempt(&mut |request: &Request| {
        if request.step == step { answer.clone() } else { account.answer(request) }
    })
}

#[test]
fn the_laws_of_a_mapping_hold() {
    for transcript in laws::check::<Pipedrive, _>(
        account,
        &[("", json!({})), ("-settings", lead_settings()), ("-as-deal", deal_settings())],
    ) {
        insta::assert_snapshot!(transcript.name, transcript.text);
    }
}

#[test]
fn a_known_person_is_found_by_address_or_else_by_phone_number() {
    let full = samples::complete();
    let mut account = account();
    Rehearsal::<Pipedrive>::of(full.clone()).attempt(&mut account);
    let by_email = Lead { phone: Some("+15550000000".into()), ..full.clone() };
    let by_phone = Lead { email: Some("other@example.com".into()), ..full };
    for (lead, steps) in [
        (
            by_email,
            &["find-person-by-email", "get-person", "update-person", "create-lead", "create-note"][..],
        ),
        (
            by_phone,
            &[
                "find-person-by-email",
                "find-person-by-phone",
                "get-person",
                "update-person",
                "create-lead",
                "create-note",
            ],
        ),
    ] {
        let mut rehearsal = Rehearsal::<Pipedrive>::of(lead);
        assert!(matches!(rehearsal.attempt(&mut account), Outcome::Delivered(_)));
        assert_eq!(rehearsal.steps(), steps);
    }
    assert_eq!((account.persons().len(), account.leads().len()), (1, 3));
    let person = &account.persons()[0];
    let values = |member: &str| {
        person[member].as_array().unwrap().iter().map(|item| item["value"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(values("phones"), ["+12025551234", "+15550000000"]);
    assert_eq!(values("emails"), ["john@example.com", "other@example.com"]);
    assert_eq!(
        (&person["phones"][0]["primary"], &person["phones"][1]["primary"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn a_person_is_found_by_any_spelling_of_the_number() {
    let by_phone = |phone: &str| Lead { email: None, phone: Some(phone.into()), ..samples::complete() };
    for (known, phone, country, persons) in [
        ("+79995551122", "8 (999) 555-11-22", "RU", 1),
        ("89995551122", "+7 999 555 11 22", "RU", 1),
        ("+442079460018", "020 7946 0018", "GB", 1),
        ("+79995551122 ext. 5", "8 (999) 555-11-22", "RU", 2),
        ("+79995551123", "8 (999) 555-11-22", "RU", 2),
        ("+79995551122", "8 (999) 555-11-22", "", 2),
    ] {
        let mut account = account();
        for number in [known, phone] {
            let mut rehearsal =
                Rehearsal::<Pipedrive>::of(by_phone(number)).settings(json!({ "default_country": country }));
            let outcome = rehearsal.attempt(&mut account);
            assert!(matches!(outcome, Outcome::Delivered(_)), "{phone}: {outcome:?}");
        }
        assert_eq!(account.persons().len(), persons, "{known} {phone} {country}");
    }
}

#[test]
fn what_pipedrive_refuses_is_kept_in_the_note() {
    let mut account = account();
    let lead = Lead { email: Some("redacted@ymail.con".into()), ..samples::complete() };
    let mut rehearsal = Rehearsal::<Pipedrive>::of(lead.clone());
    assert!(matches!(rehearsal.attempt(&mut account), Outcome::Delivered(_)));
    assert!(rehearsal.steps().contains(&"create-person-without-email"), "{:?}", rehearsal.steps());
    // The person is found by phone now, and the address is refused again.
    let mut again = Rehearsal::<Pipedrive>::of(lead);
    assert!(matches!(again.attempt(&mut account), Outcome::Delivered(_)));
    assert_eq!((account.persons().len(), account.leads().len()), (1, 2));
    for (note, label) in account.notes().iter().zip(["E-mail as given", "New e-mail"]) {
        let content = note["content"].as_str().unwrap();
        assert!(content.contains(&format!("{label}: redacted@ymail.con")), "{content}");
    }
    assert!(again.log().iter().any(|(_, line)| line.contains("kept in the note")), "{:?}", again.log());
}

#[test]
fn channel_and_conversation_reach_a_deal_without_a_message() {
    let mut account = account();
    let lead = Lead { message: None, ..samples::complete() };
    Rehearsal::<Pipedrive>::of(lead).settings(deal_settings()).attempt(&mut account);
    let notes = account.notes();
    let content = notes[0]["content"].as_str().unwrap();
    assert!(content.contains("Channel: telegram") && content.contains("Conversation: 2c1a3f4e"), "{content}");
}

#[test]
fn of_several_persons_the_oldest_is_taken() {
    let items = json!([{ "item": { "id": 9 } }, { "item": { "id": 4 } }, { "item": {} }]);
    let mut rehearsal = Rehearsal::<Pipedrive>::of(samples::complete());
    rehearsal.attempt(&mut |request: &Request| match request.step.as_str() {
        "find-person-by-email" => Answer::json(200, json!({ "data": { "items": items } })),
        _ => Answer::text(404, ""),
    });
    let lead = rehearsal.requests().last().unwrap().body.as_deref().unwrap().to_owned();
    assert!(lead.contains(r#""person_id":4"#), "{lead}");
}

#[test]
fn after_a_lost_answer_only_this_events_record_counts() {
    for (settings, now, conversation, is_found) in [
        (json!({}), "2026-05-30T10:00:00Z", samples::complete().conversation_id, false),
        (json!({}), "2026-05-31T10:00:00Z", Some("another".to_owned()), false),
        (json!({}), "2026-05-31T10:00:00.123Z", samples::complete().conversation_id, true),
        (deal_settings(), "2026-05-30T10:00:00Z", None, false),
        (deal_settings(), "2026-05-31T10:00:00Z", None, true),
    ] {
        let mut account = Account::new(Standin::new("token-1").at(now.parse().unwrap()));
        let earlier = Lead { conversation_id: conversation, ..samples::complete() };
        Rehearsal::<Pipedrive>::of(earlier).settings(settings.clone()).attempt(&mut account);
        let mut rehearsal = Rehearsal::<Pipedrive>::of(samples::complete()).settings(settings.clone());
        rehearsal.finish(&mut Faulty::new(&mut account, Fault::LostRequest, 1));
        let expected = if is_found { 1 } else { 2 };
        assert_eq!(account.leads().len() + account.deals().len(), expected, "{settings} {now}");
    }
}

#[test]
fn every_answer_lost_once_still_fits_into_the_hosts_limit_of_calls() {
    let mut account = account();
    let mut rehearsal = Rehearsal::<Pipedrive>::of(samples::complete());
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
    assert_eq!((account.persons().len(), account.leads().len(), account.notes().len()), (1, 1, 1));
    insta::assert_snapshot!("every-answer-lost-once", rehearsal.transcript());
}

#[test]
fn what_pipedrive_answers_decides_what_happens() {
    let words = |status, error: &str| Answer::json(status, json!({ "success": false, "error": error }));
    let html = || Answer::text(403, "<!DOCTYPE html><title>Access denied</title>");
    enum Expected {
        Refused,
        Held(&'static str),
        Retry(Option<u32>),
    }
    use Expected::{Held, Refused, Retry};
    let rows = [
        (words(400, "validation"), Refused),
        (words(401, "unauthorized access"), Retry(None)),
        (words(402, "Your account is not open"), Retry(Some(3_600))),
        (words(403, "feature_capping_deals_limit"), Retry(Some(3_600))),
        (html(), Retry(Some(3_600))),
        (Answer::text(403, "").header("content-type", "text/html; charset=UTF-8"), Retry(Some(3_600))),
        (Answer::text(404, ""), Refused),
        (Answer::text(405, ""), Refused),
        (Answer::text(410, ""), Refused),
        (Answer::text(415, ""), Refused),
        (Answer::text(422, ""), Refused),
        (Answer::text(429, ""), Retry(None)),
        (Answer::text(429, "").header("x-ratelimit-reset", "2"), Retry(Some(2))),
        (Answer::text(429, "").header("x-ratelimit-reset", "2").header("retry-after", "60"), Retry(Some(60))),
        (Answer::text(500, ""), Retry(None)),
        (Answer::text(501, ""), Held("switched off")),
        (Answer::text(503, ""), Retry(None)),
        (Answer::Lost, Retry(None)),
    ];
    for (answer, expected) in rows {
        for step in ["find-person-by-email", "create-person", "create-lead", "create-note"] {
            let outcome = answered_with(step, &answer);
            let is_expected = match (&outcome, &expected) {
                (Outcome::Refused(_), Refused) => true,
                // The mapping looks at this itself: which field is it?
                (Outcome::Held(reason), Refused) => {
                    step == "create-person" && reason.contains("refuses the lead")
                }
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
    for body in [json!({}), json!({ "data": { "id": "../x" } }), json!({ "data": null }), json!([])] {
        for step in ["create-person", "create-lead"] {
            let outcome = answered_with(step, &Answer::json(200, body.clone()));
            assert!(
                matches!(&outcome, Outcome::Held(reason) if reason.contains(step)),
                "{body}: {outcome:?}"
            );
        }
    }
}

#[test]
fn settings_are_checked() {
    for settings in [json!({ "labels": [] }), json!({ "owner_id": "me" }), json!({ "visible_to": "2" })] {
        let mut rehearsal = Rehearsal::<Pipedrive>::of(samples::complete()).settings(settings.clone());
        let outcome = rehearsal.attempt(&mut account());
        assert!(
            matches!(&outcome, Outcome::Held(reason) if reason.contains("settings")),
            "{settings}: {outcome:?}"
        );
    }
    insta::assert_snapshot!("settings-schema", settings_schema::<Pipedrive>());
}
