use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{Answer, Fault, Faulty, Outcome, Rehearsal, Target, samples, settings_schema};
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
fn every_sample_becomes_what_salesforce_accepts() {
    for (name, lead) in samples::all() {
        for (suffix, settings) in [("", json!({})), ("-external-id", external_id())] {
            let mut rehearsal = Rehearsal::<Salesforce>::of(lead.clone()).settings(settings);
            let outcome = rehearsal.attempt(&mut account());
            match lead.cleaned().is_blank() {
                true => assert!(matches!(outcome, Outcome::Skipped(_)), "{name}: {outcome:?}"),
                false => assert!(matches!(outcome, Outcome::Delivered(_)), "{name}: {outcome:?}"),
            }
            if suffix.is_empty() || ["complete", "only-phone", "injection-in-every-field"].contains(&name) {
                insta::assert_snapshot!(format!("{name}{suffix}"), rehearsal.transcript());
            }
        }
    }
}

#[test]
fn members_that_the_contract_does_not_name_change_nothing() {
    let mut known = Rehearsal::<Salesforce>::of(samples::complete());
    let mut unknown = Rehearsal::<Salesforce>::of_event(samples::unknown_members());
    known.attempt(&mut account());
    unknown.attempt(&mut account());
    assert_eq!(unknown.transcript(), known.transcript());
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
fn a_fault_at_any_step_makes_nothing_twice() {
    for (name, lead) in samples::all().into_iter().filter(|(_, lead)| !lead.cleaned().is_blank()) {
        for settings in [json!({}), external_id()] {
            let new = || Rehearsal::<Salesforce>::of(lead.clone()).settings(settings.clone());
            let calls = {
                let mut rehearsal = new();
                rehearsal.attempt(&mut account());
                rehearsal.steps().len()
            };
            let is_upsert = calls == 2;
            for (step, fault) in (0..calls).flat_map(|step| Fault::ALL.map(|fault| (step, fault))) {
                let mut organization = account();
                let outcome = new().finish(&mut Faulty::new(&mut organization, fault, step));
                let case = format!("{name}, {fault:?} at {step}, {settings}");
                assert!(matches!(outcome, Outcome::Delivered(_)), "{case}: {outcome:?}");
                // A lead without a key, and with neither address nor phone number, has nothing to be found by.
                let leads = organization.leads();
                let is_findable = leads[0].contains_key("Email") || leads[0].contains_key("Phone");
                let is_lost = matches!(fault, Fault::LostAnswer | Fault::Gateway(_)) && !is_upsert;
                assert_eq!(leads.len(), if is_lost && !is_findable { 2 } else { 1 }, "{case}");
            }
        }
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
        (Answer::json(300, json!(["/services/data/v60.0/sobjects/Lead/00Q1"])), Held("several leads")),
        (error(400, "REQUIRED_FIELD_MISSING"), Held("REQUIRED_FIELD_MISSING")),
        (error(400, "INVALID_FIELD"), Held("INVALID_FIELD")),
        (error(400, "DUPLICATES_DETECTED"), Held("duplicate rule")),
        (error(400, "UNABLE_TO_LOCK_ROW"), Retry(None)),
        (Answer::text(400, "<html>"), Held("refuses the lead")),
        (error(401, "INVALID_SESSION_ID"), Retry(None)),
        (error(403, "REQUEST_LIMIT_EXCEEDED"), Retry(Some(3_600))),
        (error(403, "REQUEST_LIMIT_EXCEEDED").header("retry-after", "60"), Retry(Some(60))),
        (error(403, "INSUFFICIENT_ACCESS_OR_READONLY"), Held("the right")),
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
