use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{Answer, Outcome, Rehearsal, Target, laws, samples, settings_schema};
use hookwright_sdk::{Lead, Request};
use hookwright_standin::Postgrest as Table;
use serde_json::{Value, json};

use crate::Postgrest;

fn account() -> Account<Table> {
    Account::new(Table::new("key-1"))
}

/// Another key, other names of columns, one of which gets a member that the contract does not name.
fn other_columns() -> Value {
    json!({
        "key": "event_id", "schema": "public", "duplicates": "ignore",
        "columns": [
            { "column": "event_id", "field": "event_id" },
            { "column": "conversation_id", "field": "event_id" },
            { "column": "created_at", "field": "created_at" },
            { "column": "name", "field": "display_name" },
            { "column": "message", "field": "/lead/utm/source" },
            { "column": "channel", "field": "=website" },
        ],
    })
}

fn rehearse(lead: Lead, settings: Value, table: &mut Account<Table>) -> Outcome {
    Rehearsal::<Postgrest>::of(lead).settings(settings).attempt(table)
}

/// The outcome when the request is answered so.
fn answered_with(settings: Value, answer: &Answer) -> Outcome {
    let mut target = |_: &Request| answer.clone();
    Rehearsal::<Postgrest>::of(samples::complete()).settings(settings).attempt(&mut target)
}

#[test]
fn the_laws_of_a_mapping_hold() {
    for transcript in laws::check::<Postgrest, _>(
        account,
        &[
            ("", json!({})),
            ("-insert", json!({ "duplicates": "insert" })),
            ("-ignore", json!({ "duplicates": "ignore" })),
        ],
    ) {
        insta::assert_snapshot!(transcript.name, transcript.text);
    }
}

#[test]
fn members_that_the_contract_does_not_name_are_stored_if_a_column_wants_them() {
    let mut table = account();
    let mut rehearsal =
        Rehearsal::<Postgrest>::of_event(samples::unknown_members()).settings(other_columns());
    assert!(matches!(rehearsal.attempt(&mut table), Outcome::Delivered(_)));
    assert_eq!(
        (&table.rows()[0]["message"], &table.rows()[0]["channel"]),
        (&json!("newsletter"), &json!("website"))
    );
}

#[test]
fn a_second_lead_of_a_conversation_is_merged_or_ignored() {
    let second = || Lead { phone: None, message: Some("Hello?".into()), ..samples::complete() };
    for (duplicates, message) in [
        ("merge", "Hello?"),
        ("ignore", "I'd like to know about pricing"),
        ("insert", "I'd like to know about pricing"),
    ] {
        let mut table = account();
        let settings = json!({ "duplicates": duplicates });
        rehearse(samples::complete(), settings.clone(), &mut table);
        let outcome = rehearse(second(), settings, &mut table);
        assert!(matches!(outcome, Outcome::Delivered(_)), "{duplicates}: {outcome:?}");
        let rows = table.rows();
        assert_eq!((rows.len(), &rows[0]["message"]), (1, &json!(message)), "{duplicates}");
        assert_eq!(rows[0]["phone"], "+12025551234", "what is not collected stays");
    }
}

#[test]
fn a_lead_without_a_conversation_is_told_by_its_event() {
    let mut table = account();
    let lead = Lead { conversation_id: None, ..samples::complete() };
    let outcome = rehearse(lead, json!({}), &mut table);
    let id = "018fcb1e-9b00-7000-8000-000000000001";
    assert_eq!(table.rows()[0]["conversation_id"], id);
    assert!(
        matches!(&outcome, Outcome::Delivered(receipt) if receipt.reference == Some(format!("leads/{id}"))),
        "{outcome:?}"
    );
}

#[test]
fn another_unique_column_that_has_the_value_is_told_to_a_person() {
    for duplicates in ["merge", "ignore", "insert"] {
        let mut table = Account::new(Table::new("key-1").unique("email"));
        let settings = json!({ "duplicates": duplicates });
        rehearse(samples::complete(), settings.clone(), &mut table);
        let other = Lead { conversation_id: Some("c-2".into()), ..samples::complete() };
        let outcome = rehearse(other, settings, &mut table);
        assert!(
            matches!(&outcome, Outcome::Held(reason) if reason.contains("(email)")),
            "{duplicates}: {outcome:?}"
        );
    }
}

#[test]
fn what_postgrest_answers_decides_what_happens() {
    let error =
        |status, code: &str| Answer::json(status, json!({ "code": code, "message": "no", "details": null }));
    let unique = |details: Value, message: &str| {
        Answer::json(409, json!({ "code": "23505", "message": message, "details": details }))
    };
    let of = |constraint: &str| format!("duplicate key value violates unique constraint \"{constraint}\"");
    enum Expected {
        Delivered,
        Refused,
        Held(&'static str),
        Retry(Option<u32>),
    }
    use Expected::{Delivered, Held, Refused, Retry};
    for (answer, expected) in [
        (Answer::text(201, ""), Delivered),
        (Answer::text(200, ""), Delivered),
        (Answer::text(200, "<!doctype html><title>Sign in</title>"), Retry(Some(1_800))),
        (Answer::text(201, "Sign in").header("content-type", "text/html"), Retry(Some(1_800))),
        (Answer::text(204, ""), Delivered),
        (unique(json!("Key (conversation_id)=(c) already exists."), &of("x")), Delivered),
        (unique(json!("Key (\"conversation_id\")=(c) already exists."), &of("x")), Delivered),
        (unique(Value::Null, &of("leads_pkey")), Delivered),
        (unique(Value::Null, &of("leads_conversation_id_key")), Delivered),
        (unique(Value::Null, &of("leads_email_key")), Held("unique")),
        (unique(json!("Key (email)=(a) already exists."), &of("leads_pkey")), Held("unique")),
        (error(409, "23503"), Held("constraint")),
        (error(400, "PGRST204"), Held("does not take the row")),
        (error(400, "PGRST102"), Held("does not take the row")),
        (error(400, "23502"), Held("does not take the row")),
        (error(400, "22P02"), Held("does not take the row")),
        (error(400, "23514"), Held("does not take the row")),
        (error(401, "PGRST301"), Retry(None)),
        (error(401, "PGRST302"), Retry(None)),
        (error(403, "42501"), Retry(Some(1_800))),
        (
            Answer::json(
                403,
                json!({ "code": "42501", "message": "new row violates row-level security policy for table \"leads\"" }),
            ),
            Held("A policy of the table"),
        ),
        (Answer::text(403, "<html>"), Retry(Some(1_800))),
        (error(404, "PGRST205"), Refused),
        (error(404, "42P01"), Refused),
        (error(500, "40001"), Retry(None)),
        (error(500, "57014"), Retry(None)),
        (error(500, "P0001"), Held("fails on this row")),
        (error(500, "XX000"), Held("fails on this row")),
        (error(500, "54000"), Held("fails on this row")),
        (Answer::text(500, "<html>"), Retry(None)),
        (error(503, "PGRST000"), Retry(None)),
        (error(503, "53300"), Retry(None)),
        (error(504, "PGRST003"), Retry(None)),
        (Answer::text(429, ""), Retry(None)),
        (Answer::Lost, Retry(None)),
    ] {
        let outcome = answered_with(json!({}), &answer);
        let is_expected = match (&outcome, &expected) {
            (Outcome::Delivered(_), Delivered) | (Outcome::Refused(_), Refused) => true,
            (Outcome::Held(reason), Held(part)) => reason.contains(part),
            (Outcome::Retry(_, after), Retry(expected)) => after == expected,
            _ => false,
        };
        assert!(is_expected, "{answer:?}: {outcome:?}");
    }
}

#[test]
fn a_value_that_the_database_refuses_is_kept_with_the_message() {
    let refused = |code: &str, message: &str| {
        Answer::json(400, json!({ "code": code, "message": message, "details": null, "hint": null }))
    };
    for (answer, step) in [
        (
            refused("22P02", "invalid input syntax for type integer: \"+12025551234\""),
            "store-row-without-phone",
        ),
        (
            refused(
                "23514",
                "new row for relation \"leads\" violates check constraint \"leads_phone_check\"",
            ),
            "store-row-without-phone",
        ),
        (refused("22001", "value too long for type character varying(40)"), "store-row-without-message"),
    ] {
        let (mut table, mut first) = (account(), Some(answer));
        let lead = Lead {
            message: Some("Hello. ".repeat(7)),
            conversation_id: Some("c-1".into()),
            ..samples::complete()
        };
        let mut rehearsal = Rehearsal::<Postgrest>::of(lead);
        let outcome = rehearsal.attempt(&mut |request: &Request| {
            first.take().unwrap_or_else(|| Target::answer(&mut table, request))
        });
        assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
        assert_eq!(rehearsal.steps(), ["store-row", step]);
        if step.ends_with("phone") {
            assert!(table.rows()[0]["message"].as_str().unwrap().ends_with("\n\nphone: +12025551234"));
        }
    }
    let key = refused("22001", "value too long for type character varying(35)");
    assert!(matches!(answered_with(json!({}), &key), Outcome::Held(_)), "no row without its key");
}

#[test]
fn a_long_conversation_has_a_receipt() {
    let lead = Lead { conversation_id: Some("語".repeat(300)), ..samples::complete() };
    let mut table = account();
    let outcome = rehearse(lead, json!({}), &mut table);
    let Outcome::Delivered(receipt) = outcome else { panic!("{outcome:?}") };
    let reference = receipt.reference.unwrap();
    assert!(reference.starts_with("leads/語") && reference.chars().count() == 256, "{reference}");
    assert_eq!(table.rows()[0]["conversation_id"].as_str().unwrap().chars().count(), 300);
}

#[test]
fn settings_are_checked() {
    let columns = |columns: &[&str]| {
        columns.iter().map(|column| json!({ "column": column, "field": "name" })).collect::<Value>()
    };
    for (settings, words) in [
        (json!({ "tables": "x" }), "settings"),
        (json!({ "duplicates": "drop" }), "settings"),
        (json!({ "columns": [{ "column": "name", "field": "nmae" }] }), "nmae"),
        (json!({ "columns": columns(&["name"]) }), "key column conversation_id"),
        (json!({ "key": "name", "columns": columns(&["name", "name"]) }), "twice"),
    ] {
        let outcome = rehearse(samples::complete(), settings.clone(), &mut account());
        assert!(
            matches!(&outcome, Outcome::Held(reason) if reason.contains(words)),
            "{settings}: {outcome:?}"
        );
    }
    insta::assert_snapshot!("settings-schema", settings_schema::<Postgrest>());
}
