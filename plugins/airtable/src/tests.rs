use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{Answer, Fault, Faulty, Outcome, Rehearsal, laws, samples, settings_schema};
use hookwright_sdk::{Lead, Request};
use hookwright_standin::{Airtable as Service, Vendor};
use serde_json::{Value, json};

use crate::Airtable;

fn account() -> Account<Service> {
    Account::new(Service::new("pat1"))
}

fn settings() -> Value {
    account().connection().settings
}

fn with(member: &str, value: Value) -> Value {
    let mut settings = settings();
    settings[member] = value;
    settings
}

fn columns(columns: &[(&str, &str)]) -> Value {
    columns.iter().map(|(column, field)| json!({ "column": column, "field": field })).collect()
}

fn rehearsal(lead: Lead) -> Rehearsal<Airtable> {
    Rehearsal::of(lead).settings(settings())
}

fn no_conversation() -> Lead {
    Lead { conversation_id: None, ..samples::complete() }
}

fn is_delivered(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Delivered(_))
}

#[test]
fn the_laws_of_a_mapping_hold() {
    for transcript in laws::check::<Airtable, _>(
        account,
        &[("", settings()), ("-record-for-each", with("one_per_conversation", false.into()))],
    ) {
        insta::assert_snapshot!(transcript.name, transcript.text);
    }
}

#[test]
fn any_member_of_the_event_can_have_a_column() {
    let in_airtable = [
        ("Lead", "singleLineText"),
        ("Stage", "singleSelect"),
        ("Score", "number"),
        ("Company", "multilineText"),
        ("UTM", "multilineText"),
        ("Trace", "multilineText"),
        ("Event", "singleLineText"),
        ("Medium", "singleLineText"),
    ];
    let in_settings = columns(&[
        ("Lead", "display_name"),
        ("Stage", "=New"),
        ("Score", "/lead/score"),
        ("Company", "/lead/company"),
        ("UTM", "/lead/utm"),
        ("Trace", "/trace"),
        ("Event", "event_id"),
        ("Medium", "/lead/utm/medium"),
    ]);
    let mut account = Account::new(Service::new("pat1").with_columns(&in_airtable));
    let mut rehearsal =
        Rehearsal::<Airtable>::of_event(samples::unknown_members()).settings(with("columns", in_settings));
    let outcome = rehearsal.attempt(&mut account);
    assert!(is_delivered(&outcome), "{outcome:?}");
    insta::assert_snapshot!("columns-of-every-kind", rehearsal.transcript());
}

#[test]
fn a_reply_longer_than_the_host_reads_still_names_its_record() {
    let lead = Lead { message: Some("All work and no play. ".repeat(10_000)), ..samples::complete() };
    let outcome = rehearsal(lead).attempt(&mut account());
    let Outcome::Delivered(receipt) = outcome else { panic!("{outcome:?}") };
    assert_eq!(receipt.reference.as_deref(), Some("record/rec00000000000001"));
    let url = "https://airtable.com/appHookwright0001/tblHookwright0001/rec00000000000001";
    assert_eq!(receipt.url.as_deref(), Some(url));
}

#[test]
fn a_record_whose_id_is_beyond_what_the_host_reads_is_delivered_all_the_same() {
    let fields = json!({ "Message": "Hello. ".repeat(10_000) });
    for (reply, expected) in [
        (json!({ "records": [{ "fields": fields, "id": "rec1" }] }), None),
        (
            json!({ "updatedRecords": ["rec2"], "records": [{ "fields": fields }] }),
            Some("record/rec2".to_owned()),
        ),
    ] {
        let outcome =
            rehearsal(samples::complete()).attempt(&mut |_: &Request| Answer::json(200, reply.clone()));
        assert!(
            matches!(&outcome, Outcome::Delivered(receipt) if receipt.reference == expected),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_later_lead_of_the_conversation_keeps_what_it_does_not_know() {
    let mut account = account();
    rehearsal(samples::complete()).attempt(&mut account);
    let later = Lead {
        conversation_id: samples::complete().conversation_id,
        message: Some("Hello?".into()),
        ..samples::blank()
    };
    rehearsal(later.clone()).attempt(&mut account);
    assert_eq!(account.rows().len(), 1);
    let fields = &account.rows()[0]["fields"];
    assert_eq!((&fields["Name"], &fields["Message"]), (&json!("John Smith"), &json!("Hello?")));

    let mut on_its_own =
        Rehearsal::<Airtable>::of(later).settings(with("one_per_conversation", false.into()));
    on_its_own.attempt(&mut account);
    assert_eq!(account.rows().len(), 2);
}

#[test]
fn a_fault_makes_nothing_twice_where_a_column_has_the_events_id() {
    let with_event = columns(&[("Name", "name"), ("Message", "message"), ("Conversation ID", "event_id")]);
    let mut settings = with("one_per_conversation", false.into());
    settings["columns"] = with_event;
    for fault in Fault::ALL {
        let mut account = account();
        let mut rehearsal = Rehearsal::<Airtable>::of(no_conversation()).settings(settings.clone());
        let outcome = rehearsal.finish(&mut Faulty::new(&mut account, fault, 0));
        assert!(is_delivered(&outcome), "{fault:?}: {outcome:?}");
        assert_eq!(account.rows().len(), 1, "{fault:?}");
    }
}

#[test]
fn a_record_without_a_key_is_created_again_with_a_warning() {
    let mut rehearsal = rehearsal(no_conversation());
    rehearsal.finish(&mut Faulty::new(&mut account(), Fault::LostAnswer, 0));
    insta::assert_snapshot!("created-again", rehearsal.transcript());
}

#[test]
fn what_airtable_answers_decides_what_happens() {
    let error = |status: u16, kind: &str| {
        Answer::json(status, json!({ "error": { "type": kind, "message": format!("words of {kind}") } }))
    };
    let errors = |status: u16, kind: &str| {
        Answer::json(status, json!({ "errors": [{ "error": kind, "message": format!("words of {kind}") }] }))
    };
    enum Expected {
        Refused,
        Held(&'static str),
        Retry(Option<u32>),
    }
    use Expected::{Held, Refused, Retry};
    let rows = [
        (error(400, "INVALID_REQUEST_BODY"), Refused),
        (error(401, "AUTHENTICATION_REQUIRED"), Retry(None)),
        (error(403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"), Retry(Some(3_600))),
        (Answer::json(404, json!({ "error": "NOT_FOUND" })), Held("words: NOT_FOUND")),
        (Answer::text(413, "<html>too large</html>"), Held("words: <html>too large</html>")),
        (error(422, "UNKNOWN_FIELD_NAME"), Held("a column that the table does not have")),
        (error(422, "INVALID_MULTIPLE_CHOICE_OPTIONS"), Held("does not have this option")),
        (errors(422, "SOMETHING_NEW"), Held("SOMETHING_NEW: words of SOMETHING_NEW")),
        (Answer::text(422, ""), Held("(an empty body)")),
        (Answer::text(429, ""), Retry(Some(30))),
        (errors(429, "RATE_LIMIT_REACHED"), Retry(Some(30))),
        (errors(429, "RATE_LIMIT_REACHED").header("retry-after", "77"), Retry(Some(77))),
        (errors(429, "PUBLIC_API_BILLING_LIMIT_EXCEEDED"), Retry(Some(3_600))),
        (Answer::text(500, ""), Retry(None)),
        (Answer::text(502, ""), Retry(None)),
        (Answer::text(503, ""), Retry(None)),
        (Answer::Lost, Retry(None)),
    ];
    for (answer, expected) in rows {
        for lead in [samples::complete(), no_conversation()] {
            let outcome = rehearsal(lead).attempt(&mut |_: &Request| answer.clone());
            let is_expected = match (&outcome, &expected) {
                (Outcome::Refused(_), Refused) => true,
                (Outcome::Held(reason), Held(part)) => reason.contains(part),
                (Outcome::Retry(_, after), Retry(expected)) => after == expected,
                _ => false,
            };
            assert!(is_expected, "{answer:?}: {outcome:?}");
        }
    }
}

#[test]
fn a_value_that_airtable_refuses_is_kept_with_the_message() {
    let refused_email = Lead { email: Some("redacted@ymail.con".into()), ..samples::complete() };
    let only_option = with("typecast", false.into());
    for (lead, settings, kept, message) in [
        (
            refused_email.clone(),
            settings(),
            "Email: redacted@ymail.con",
            "I'd like to know about pricing\n\n",
        ),
        (Lead { message: None, ..refused_email }, settings(), "Email: redacted@ymail.con", ""),
        (samples::complete(), only_option, "Channel: telegram", "I'd like to know about pricing\n\n"),
    ] {
        let mut account = account();
        let mut rehearsal = Rehearsal::<Airtable>::of(lead).settings(settings);
        let outcome = rehearsal.attempt(&mut account);
        assert!(is_delivered(&outcome), "{outcome:?}");
        assert_eq!(account.rows()[0]["fields"]["Message"], format!("{message}{kept}"));
        assert!(rehearsal.log().iter().any(|(_, line)| line.contains("refuses")), "{:?}", rehearsal.log());
    }
}

#[test]
fn a_constant_of_the_settings_that_does_not_fit_is_held() {
    let mut settings = with("typecast", false.into());
    settings["columns"] =
        columns(&[("Name", "name"), ("Channel", "=Website"), ("Conversation ID", "conversation_id")]);
    let outcome = Rehearsal::<Airtable>::of(samples::complete()).settings(settings).attempt(&mut account());
    assert!(
        matches!(&outcome, Outcome::Held(reason) if reason.contains("`Convert values` in the settings")),
        "{outcome:?}"
    );
}

#[test]
fn a_reply_without_a_usable_id_is_held() {
    for body in [json!({}), json!({ "records": [] }), json!({ "records": [{ "id": "../x" }] }), json!([])] {
        let outcome =
            rehearsal(samples::complete()).attempt(&mut |_: &Request| Answer::json(200, body.clone()));
        assert!(
            matches!(&outcome, Outcome::Held(reason) if reason.contains("upsert-record")),
            "{body}: {outcome:?}"
        );
    }
}

#[test]
fn settings_are_checked() {
    for (settings, part) in [
        (json!({}), "base"),
        (with("view", "Grid".into()), "view"),
        (with("columns", columns(&[("Name", "nmae")])), "nmae"),
        (with("columns", columns(&[("Name", "name"), ("Name", "email")])), "Name twice"),
    ] {
        let outcome =
            Rehearsal::<Airtable>::of(samples::complete()).settings(settings.clone()).attempt(&mut account());
        assert!(
            matches!(&outcome, Outcome::Held(reason) if reason.contains("settings") && reason.contains(part)),
            "{settings}: {outcome:?}"
        );
    }
    insta::assert_snapshot!("settings-schema", settings_schema::<Airtable>());
}
