use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{
    Answer, Fault, Faulty, Outcome, Rehearsal, Target, laws, samples, settings_schema,
};
use hookwright_sdk::{Event, Lead, Request};
use hookwright_standin::HubSpot as Standin;
use serde_json::{Value, json};

use crate::HubSpot;

fn account() -> Account<Standin> {
    let account = Standin::new("pat-1").contact_property("conversation_id").contact_property("channel");
    Account::new(account)
}

fn everything_on() -> Value {
    json!({
        "lead_status": "NEW", "deal_stage": "appointmentscheduled", "deal_pipeline": "default", "portal_id": "4242",
        "conversation_property": "conversation_id", "channel_property": "channel",
    })
}

fn no_email() -> Lead {
    Lead { email: None, ..samples::complete() }
}

/// The outcome when the first request is answered with `answer` and the others by the account.
fn first_answered_with(lead: Lead, answer: &Answer) -> Outcome {
    let (mut account, mut first) = (account(), Some(answer.clone()));
    let mut target = |request: &Request| first.take().unwrap_or_else(|| account.answer(request));
    Rehearsal::<HubSpot>::of(lead).attempt(&mut target)
}

#[test]
fn the_laws_of_a_mapping_hold() {
    for transcript in
        laws::check::<HubSpot, _>(account, &[("", json!({})), ("-all-settings", everything_on())])
    {
        insta::assert_snapshot!(transcript.name, transcript.text);
    }
}

#[test]
fn without_notes_the_message_is_a_property() {
    let mut account = account();
    let settings = json!({ "note": false, "lifecycle_stage": "" });
    Rehearsal::<HubSpot>::of(samples::complete()).settings(settings).attempt(&mut account);
    assert!(account.notes().is_empty());
    assert_eq!(account.contacts()[0].property("message"), Some("I'd like to know about pricing"));
    assert_eq!(account.contacts()[0].property("lifecyclestage"), None);
}

#[test]
fn a_second_lead_of_the_same_address_keeps_what_it_does_not_know() {
    let mut account = account();
    Rehearsal::<HubSpot>::of(samples::complete()).attempt(&mut account);
    let second =
        Lead { email: samples::complete().email, message: Some("Hello?".into()), ..samples::blank() };
    Rehearsal::<HubSpot>::of(second).attempt(&mut account);
    assert_eq!((account.contacts().len(), account.notes().len()), (1, 2));
    assert_eq!(account.contacts()[0].property("phone"), Some("+12025551234"));
}

#[test]
fn an_answer_lost_twice_is_looked_for_twice() {
    let mut account = account();
    let mut rehearsal = Rehearsal::<HubSpot>::of(no_email());
    rehearsal.attempt(&mut Faulty::new(&mut account, Fault::LostRequest, 0));
    rehearsal.attempt(&mut Faulty::new(&mut account, Fault::LostAnswer, 1));
    rehearsal.finish(&mut account);
    assert_eq!(
        rehearsal.steps(),
        ["create-contact", "find-contact", "create-contact", "find-contact", "create-note"]
    );
    assert_eq!(account.contacts().len(), 1);
}

#[test]
fn an_earlier_deal_of_the_same_name_is_not_taken_for_this_one() {
    let lead = |created_at: &str| {
        let event = Event { created_at: created_at.to_owned(), ..samples::event(samples::complete()) };
        Rehearsal::<HubSpot>::of_event(event).settings(everything_on())
    };
    let mut account = account();
    lead("2026-05-31T10:00:00Z").attempt(&mut account);
    // The account's time stands a second after that.
    let mut again = lead("2026-05-31T10:02:00Z");
    again.finish(&mut Faulty::new(&mut account, Fault::LostRequest, 1));
    assert_eq!(account.deals().len(), 2);
    insta::assert_snapshot!("lost-deal", again.transcript());
}

#[test]
fn a_conflict_names_the_contact_to_update() {
    let conflict = |message: &str| {
        Answer::json(409, json!({ "status": "error", "category": "CONFLICT", "message": message }))
    };
    let mut account = account();
    let nameless = Lead { name: None, ..no_email() };
    Rehearsal::<HubSpot>::of(samples::complete()).attempt(&mut account);

    let mut first = Some(conflict("Contact already exists. Existing ID: 151"));
    let mut rehearsal = Rehearsal::<HubSpot>::of(nameless.clone());
    let outcome =
        rehearsal.attempt(&mut |request: &Request| first.take().unwrap_or_else(|| account.answer(request)));
    assert!(
        matches!(outcome, Outcome::Delivered(receipt) if receipt.reference.as_deref() == Some("contact/151"))
    );
    assert_eq!(rehearsal.steps(), ["create-contact", "update-contact", "create-note"]);
    assert_eq!(
        account.contacts()[0].property("firstname"),
        Some("John"),
        "a stand-in must not erase the name"
    );

    let outcome = first_answered_with(samples::complete(), &conflict("Contact already exists."));
    assert!(matches!(outcome, Outcome::Retry(_, None)), "an upsert only has to be repeated: {outcome:?}");

    let mut first = Some(conflict("Contact already exists. Existing ID: 151"));
    let further =
        Lead { email: Some("john@example.org".into()), phone: Some("+1555".into()), ..samples::complete() };
    let mut rehearsal = Rehearsal::<HubSpot>::of(further);
    let outcome =
        rehearsal.attempt(&mut |request: &Request| first.take().unwrap_or_else(|| account.answer(request)));
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    assert_eq!(rehearsal.steps(), ["upsert-contact", "update-contact", "create-note"]);
    let contacts = account.contacts();
    assert_eq!((contacts.len(), contacts[0].property("phone")), (1, Some("+1555")));
    assert_eq!(
        contacts[0].property("email"),
        Some("john@example.com"),
        "a further address stays a further one"
    );

    for message in ["Contact already exists.", "Existing ID: ../../x", ""] {
        let outcome = first_answered_with(nameless.clone(), &conflict(message));
        assert!(matches!(outcome, Outcome::Held(_)), "{message}: {outcome:?}");
    }
}

#[test]
fn a_property_that_hubspot_refuses_is_kept_in_the_note() {
    // As the API answers today, as it did, and in a batch of several statuses.
    let errors = json!([{ "message": "Email address x is invalid", "code": "INVALID_EMAIL",
                          "context": { "propertyName": ["email"] } }]);
    let text = r#"Property values were not valid: [{"isValid":false,"message":"Email address x is invalid","error":"INVALID_EMAIL","name":"email"}]"#;
    for answer in [
        Answer::json(
            400,
            json!({ "status": "error", "category": "VALIDATION_ERROR", "message": "no", "errors": errors }),
        ),
        Answer::json(400, json!({ "status": "error", "category": "VALIDATION_ERROR", "message": text })),
        Answer::json(
            207,
            json!({ "status": "COMPLETE", "results": [], "numErrors": 1, "errors": [{ "errors": errors }] }),
        ),
    ] {
        let (mut account, mut first) = (account(), Some(answer));
        let mut rehearsal = Rehearsal::<HubSpot>::of(samples::complete());
        let outcome = rehearsal
            .attempt(&mut |request: &Request| first.take().unwrap_or_else(|| account.answer(request)));
        assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
        assert_eq!(rehearsal.steps(), ["upsert-contact", "create-contact-without-email", "create-note"]);
        assert_eq!(account.contacts()[0].property("phone"), Some("+12025551234"));
        let notes = account.notes();
        let note = notes[0].property("hs_note_body").unwrap();
        assert!(note.contains("E-mail as given: john@example.com"), "{note}");
        let warnings: Vec<_> =
            rehearsal.log().iter().filter(|(_, line)| line.contains("refuses email")).collect();
        assert_eq!(warnings.len(), 1, "{:?}", rehearsal.log());
    }
}

#[test]
fn a_long_message_fits_into_the_property() {
    let lead = Lead { message: Some("x".repeat(70_000)), ..samples::complete() };
    let mut account = account();
    let outcome = Rehearsal::<HubSpot>::of(lead).settings(json!({ "note": false })).attempt(&mut account);
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    let contacts = account.contacts();
    assert_eq!(contacts[0].property("message").unwrap().chars().count(), 65_536);
}

#[test]
fn channel_and_conversation_arrive_without_a_message() {
    let mut account = account();
    Rehearsal::<HubSpot>::of(Lead { message: None, ..samples::complete() }).attempt(&mut account);
    let notes = account.notes();
    let note = notes[0].property("hs_note_body").unwrap();
    assert!(note.contains("Channel: telegram<br>Conversation: 2c1a3f4e"), "{note}");
}

#[test]
fn what_hubspot_answers_decides_what_happens() {
    let limit = |policy: &str| Answer::json(429, json!({ "errorType": "RATE_LIMIT", "policyName": policy }));
    let retry =
        |after| move |outcome: &Outcome| matches!(outcome, Outcome::Retry(_, found) if *found == after);
    let refused = |status| move |outcome: &Outcome| *outcome == Outcome::Refused(status);
    type Check = Box<dyn Fn(&Outcome) -> bool>;
    let rows: Vec<(Answer, Check)> = vec![
        (
            Answer::json(400, json!({ "category": "VALIDATION_ERROR", "message": "no such stage" })),
            Box::new(|outcome| matches!(outcome, Outcome::Held(reason) if reason.contains("no such stage"))),
        ),
        (Answer::text(401, ""), Box::new(retry(None))),
        (Answer::json(403, json!({ "category": "MISSING_SCOPES" })), Box::new(retry(None))),
        (Answer::text(404, ""), Box::new(refused(404))),
        (Answer::text(414, ""), Box::new(refused(414))),
        (Answer::text(423, ""), Box::new(retry(Some(5)))),
        (limit("TEN_SECONDLY_ROLLING"), Box::new(retry(Some(10)))),
        (limit("SECONDLY"), Box::new(retry(Some(1)))),
        (limit("DAILY"), Box::new(retry(Some(3_600)))),
        (limit("DAILY").header("retry-after", "77"), Box::new(retry(Some(77)))),
        (limit("SOMETHING_NEW"), Box::new(retry(None))),
        (Answer::text(429, "<html>"), Box::new(retry(None))),
        (Answer::text(477, ""), Box::new(retry(Some(3_600)))),
        (Answer::text(477, "").header("retry-after", "7200"), Box::new(retry(Some(7_200)))),
        (Answer::text(502, ""), Box::new(retry(None))),
        (Answer::text(524, ""), Box::new(retry(None))),
        (Answer::Lost, Box::new(retry(None))),
    ];
    for (answer, check) in rows {
        for lead in [samples::complete(), no_email()] {
            let outcome = first_answered_with(lead, &answer);
            assert!(check(&outcome), "{answer:?}: {outcome:?}");
        }
    }
}

#[test]
fn a_reply_without_a_usable_id_is_held() {
    for body in [
        json!({}),
        json!({ "results": [] }),
        json!({ "results": [{ "id": "../x" }], "id": "../x" }),
        json!(7),
    ] {
        for lead in [samples::complete(), no_email()] {
            let outcome = first_answered_with(lead, &Answer::json(200, body.clone()));
            assert!(
                matches!(&outcome, Outcome::Held(reason) if reason.contains("reply to")),
                "{body}: {outcome:?}"
            );
        }
    }
}

#[test]
fn settings_are_checked() {
    for settings in [json!({ "notes": true }), json!({ "note": "yes" })] {
        let outcome =
            Rehearsal::<HubSpot>::of(samples::complete()).settings(settings.clone()).attempt(&mut account());
        assert!(
            matches!(&outcome, Outcome::Held(reason) if reason.contains("settings")),
            "{settings}: {outcome:?}"
        );
    }
    insta::assert_snapshot!("settings-schema", settings_schema::<HubSpot>());
}
