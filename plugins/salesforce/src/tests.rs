use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{
    Answer, Fault, Faulty, Outcome, Rehearsal, Target, laws, samples, settings_schema,
};
use hookwright_sdk::{Lead, Request};
use hookwright_standin::Salesforce as Organization;
use serde_json::{Value, json};

use crate::Salesforce;

fn account() -> Account<Organization> {
    Account::new(Organization::new("token-1"))
}

fn external_id() -> Value {
    json!({
        "external_id_field": "Conversation__c", "channel_field": "Channel__c", "domain": "acme", "company": "Chat",
        "status": "Open - Not Contacted", "lead_source": "Other", "owner_id": "0055g000001abcdAAA",
    })
}

fn no_conversation() -> Lead {
    Lead { conversation_id: None, ..samples::complete() }
}

/// The outcome when the request `step` is answered so and the others by the organization.
fn answered_with(step: &str, answer: &Answer, settings: Value) -> Outcome {
    let mut organization = account();
    Rehearsal::<Salesforce>::of(samples::complete()).settings(settings).attempt(&mut |request: &Request| {
        if request.step == step { answer.clone() } else { organization.answer(request) }
    })
}

#[test]
fn the_laws_of_a_mapping_hold() {
    for transcript in
        laws::check::<Salesforce, _>(account, &[("", json!({})), ("-external-id", external_id())])
    {
        insta::assert_snapshot!(transcript.name, transcript.text);
    }
}

#[test]
fn what_does_not_fit_its_field_is_kept_in_the_description() {
    let mut organization = account();
    let phone = "+1".repeat(21);
    for email in
        ["john at example".to_owned(), format!("{}@example.com", "x".repeat(80)), "я@пример.рф".to_owned()]
    {
        let lead = Lead { email: Some(email.clone()), phone: Some(phone.clone()), ..samples::complete() };
        let outcome = Rehearsal::<Salesforce>::of(lead).attempt(&mut organization);
        assert!(matches!(outcome, Outcome::Delivered(_)), "{email}: {outcome:?}");
        let leads = organization.leads();
        let lead = leads.last().unwrap();
        assert!(!lead.contains_key("Email") && !lead.contains_key("Phone"), "{lead:?}");
        let description = lead["Description"].as_str().unwrap();
        assert!(
            description.contains(&format!("E-mail as given: {email}\nPhone as given: {phone}")),
            "{description}"
        );
    }
}

#[test]
fn a_second_lead_of_a_conversation_updates_the_first_and_erases_nothing() {
    let mut organization = account();
    let rehearse = |lead: Lead, organization: &mut Account<Organization>| {
        let mut rehearsal = Rehearsal::<Salesforce>::of(lead).settings(external_id());
        let outcome = rehearsal.attempt(organization);
        let steps: Vec<String> = rehearsal.steps().into_iter().map(str::to_owned).collect();
        (outcome, steps)
    };
    let (first, steps) = rehearse(samples::complete(), &mut organization);
    assert_eq!(steps, ["find-lead", "create-lead"]);
    let second = Lead { name: None, email: None, phone: Some("+1555".into()), ..samples::complete() };
    let (again, steps) = rehearse(second, &mut organization);
    assert_eq!((again, steps), (first, vec!["find-lead".to_owned(), "update-lead".to_owned()]));
    let leads = organization.leads();
    assert_eq!(leads.len(), 1);
    for (name, value) in
        [("LastName", "Smith"), ("Company", "Chat"), ("Email", "john@example.com"), ("Phone", "+1555")]
    {
        assert_eq!(leads[0][name], value, "{name}");
    }
}

#[test]
fn after_a_lost_answer_only_this_events_lead_counts() {
    for (now, is_found) in [("2026-05-30T10:00:00Z", false), ("2026-05-31T10:00:01Z", true)] {
        let mut organization = Account::new(Organization::new("token-1").at(now.parse().unwrap()));
        Rehearsal::<Salesforce>::of(no_conversation()).attempt(&mut organization);
        let mut rehearsal = Rehearsal::<Salesforce>::of(no_conversation());
        rehearsal.finish(&mut Faulty::new(&mut organization, Fault::LostRequest, 0));
        assert_eq!(organization.leads().len(), if is_found { 1 } else { 2 }, "{now}");
        if is_found {
            insta::assert_snapshot!("lost-lead", rehearsal.transcript());
        }
    }
}

#[test]
fn duplicate_rules_are_heeded_as_the_settings_say() {
    let alerting = || Account::new(Organization::new("token-1").alerting_about_duplicates());
    let blocking = || Account::new(Organization::new("token-1").blocking_duplicates());
    for (mut organization, save, leads) in
        [(alerting(), true, 2), (alerting(), false, 1), (blocking(), true, 1), (blocking(), false, 1)]
    {
        let mut outcome = None;
        for conversation in ["a", "b"] {
            let lead = Lead { conversation_id: Some(conversation.into()), ..samples::complete() };
            let settings = json!({ "save_duplicates": save, "external_id_field": "Conversation__c" });
            outcome = Some(Rehearsal::<Salesforce>::of(lead).settings(settings).attempt(&mut organization));
        }
        assert_eq!(organization.leads().len(), leads);
        match outcome.unwrap() {
            Outcome::Delivered(_) => assert_eq!(leads, 2),
            Outcome::Held(reason) => assert!(reason.contains("duplicate of 00Q5g0000000001EAA"), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_salesforce_answers_decides_what_happens() {
    let error = |status, code: &str| Answer::json(status, json!([{ "errorCode": code, "message": "no" }]));
    enum Expected {
        Refused,
        Held(&'static str),
        Retry(Option<u32>),
    }
    use Expected::{Held, Refused, Retry};
    for (answer, expected) in [
        (Answer::json(300, json!(["/services/data/v60.0/sobjects/Lead/00Q1"])), Held("Several leads")),
        (error(400, "REQUIRED_FIELD_MISSING"), Held("REQUIRED_FIELD_MISSING")),
        (error(400, "INVALID_FIELD"), Held("INVALID_FIELD")),
        (error(400, "DUPLICATES_DETECTED"), Held("duplicate rule")),
        (error(400, "UNABLE_TO_LOCK_ROW"), Retry(None)),
        (Answer::text(400, "<html>"), Held("refuses the lead")),
        (error(401, "INVALID_SESSION_ID"), Retry(None)),
        (error(403, "REQUEST_LIMIT_EXCEEDED"), Retry(Some(3_600))),
        (error(403, "REQUEST_LIMIT_EXCEEDED").header("retry-after", "60"), Retry(Some(60))),
        (error(403, "INSUFFICIENT_ACCESS_OR_READONLY"), Retry(Some(1_800))),
        (Answer::text(403, "<html>"), Retry(Some(1_800))),
        (Answer::text(405, ""), Refused),
        (Answer::text(415, ""), Refused),
        (Answer::text(429, ""), Retry(None)),
        (error(500, "UNKNOWN_EXCEPTION"), Retry(None)),
        (error(503, "SERVER_UNAVAILABLE"), Retry(None)),
        (Answer::Lost, Retry(None)),
    ] {
        for (step, settings) in
            [("create-lead", json!({})), ("find-lead", external_id()), ("create-lead", external_id())]
        {
            let outcome = answered_with(step, &answer, settings);
            let is_expected = match (&outcome, &expected) {
                (Outcome::Refused(_), Refused) => true,
                (Outcome::Held(reason), Held(part)) => reason.contains(part),
                (Outcome::Retry(_, after), Retry(expected)) => after == expected,
                _ => false,
            };
            assert!(is_expected, "{answer:?} to {step}: {outcome:?}");
        }
    }
    let missing = error(404, "NOT_FOUND");
    assert_eq!(answered_with("create-lead", &missing, json!({})), Outcome::Refused(404));
    let limit = Organization::request_limit_exceeded().into_response();
    assert_eq!(limit.status(), 403);
}

#[test]
fn a_field_that_salesforce_refuses_is_kept_in_the_description() {
    for settings in [json!({}), external_id()] {
        let mut organization = account();
        let lead = Lead { email: Some(".john@example.com".into()), ..samples::complete() };
        let mut rehearsal = Rehearsal::<Salesforce>::of(lead.clone()).settings(settings.clone());
        let outcome = rehearsal.attempt(&mut organization);
        assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
        assert_eq!(rehearsal.steps().last(), Some(&"create-lead-without-email"));
        let leads = organization.leads();
        let description = leads[0]["Description"].as_str().unwrap();
        assert!(description.contains("E-mail as given: .john@example.com"), "{description}");
        assert_eq!((leads.len(), &leads[0]["Phone"]), (1, &json!("+12025551234")));
        assert!(
            rehearsal.log().iter().any(|(_, line)| line.contains("refuses email")),
            "{:?}",
            rehearsal.log()
        );
    }
    // A lead that is there already.
    let mut organization = account();
    Rehearsal::<Salesforce>::of(samples::complete()).settings(external_id()).attempt(&mut organization);
    let second = Lead { email: Some(".john@example.com".into()), ..samples::complete() };
    let mut rehearsal = Rehearsal::<Salesforce>::of(second).settings(external_id());
    assert!(matches!(rehearsal.attempt(&mut organization), Outcome::Delivered(_)));
    assert_eq!(rehearsal.steps(), ["find-lead", "update-lead", "update-lead-without-email"]);
    assert_eq!(organization.leads()[0]["Email"], "john@example.com");
}

#[test]
fn a_right_to_one_lead_keeps_no_other_lead_waiting() {
    let mut organization = account();
    Rehearsal::<Salesforce>::of(samples::complete()).settings(external_id()).attempt(&mut organization);
    let denied =
        Answer::json(403, json!([{ "errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "no" }]));
    let mut rehearsal = Rehearsal::<Salesforce>::of(samples::complete()).settings(external_id());
    let outcome = rehearsal.attempt(&mut |request: &Request| {
        if request.step == "update-lead" { denied.clone() } else { organization.answer(request) }
    });
    assert!(matches!(&outcome, Outcome::Held(reason) if reason.contains("Share the lead")), "{outcome:?}");
}

#[test]
fn a_lead_that_somebody_else_made_meanwhile_is_updated() {
    let mut finds = 0;
    let mut rehearsal = Rehearsal::<Salesforce>::of(samples::complete()).settings(external_id());
    let outcome = rehearsal.attempt(&mut |request: &Request| match request.step.as_str() {
        "create-lead" => Answer::text(204, ""),
        _ => {
            finds += 1;
            if finds == 1 {
                Answer::text(404, "[]")
            } else {
                Answer::json(200, json!({ "Id": "00Q5g0000000001EAA" }))
            }
        }
    });
    let Outcome::Delivered(receipt) = outcome else { panic!("{outcome:?}") };
    assert_eq!(receipt.reference.as_deref(), Some("lead/00Q5g0000000001EAA"));
}

#[test]
fn a_reply_without_a_usable_id_is_held() {
    for body in [json!({}), json!({ "id": "../x", "Id": "../x" }), json!([]), json!({ "id": null })] {
        for (step, settings) in [("create-lead", json!({})), ("create-lead", external_id())] {
            let outcome = answered_with(step, &Answer::json(201, body.clone()), settings);
            assert!(
                matches!(&outcome, Outcome::Held(reason) if reason.contains(step)),
                "{body}: {outcome:?}"
            );
        }
    }
}

#[test]
fn settings_are_checked() {
    for settings in
        [json!({ "companies": "x" }), json!({ "company": 1 }), json!({ "save_duplicates": "yes" })]
    {
        let outcome = Rehearsal::<Salesforce>::of(samples::complete())
            .settings(settings.clone())
            .attempt(&mut account());
        assert!(
            matches!(&outcome, Outcome::Held(reason) if reason.contains("settings")),
            "{settings}: {outcome:?}"
        );
    }
    insta::assert_snapshot!("settings-schema", settings_schema::<Salesforce>());
}
