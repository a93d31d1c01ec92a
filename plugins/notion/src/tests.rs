use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{
    Answer, Fault, Faulty, Outcome, Rehearsal, Target, laws, samples, settings_schema,
};
use hookwright_sdk::{Lead, Request};
use hookwright_standin::Notion as Service;
use hookwright_standin::notion::{DATA_SOURCE_ID, DATABASE_ID};
use serde_json::{Value, json};

use crate::Notion;

fn account() -> Account<Service> {
    Account::new(Service::new("ntn_1"))
}

fn settings() -> Value {
    json!({ "parent_id": DATA_SOURCE_ID })
}

fn with(member: &str, value: Value) -> Value {
    let mut settings = settings();
    settings[member] = value;
    settings
}

fn in_database(version: &str) -> Value {
    json!({ "parent_id": DATABASE_ID, "parent": "database", "notion_version": version })
}

fn rehearsal(lead: Lead) -> Rehearsal<Notion> {
    Rehearsal::of(lead).settings(settings())
}

fn no_conversation() -> Lead {
    Lead { conversation_id: None, ..samples::complete() }
}

/// The outcome when the request `step` is answered with `answer` and the others by the account.
fn answered_with(settings: Value, step: &str, answer: &Answer) -> Outcome {
    let mut account = account();
    Rehearsal::<Notion>::of(samples::complete()).settings(settings).attempt(&mut |request: &Request| {
        if request.step == step { answer.clone() } else { account.answer(request) }
    })
}

#[test]
fn the_laws_of_a_mapping_hold() {
    for transcript in laws::check::<Notion, _>(
        account,
        &[
            ("", settings()),
            ("-in-page", with("message_in_page", true.into())),
            ("-database", in_database("2025-09-03")),
            ("-old-version", in_database("2022-06-28")),
        ],
    ) {
        insta::assert_snapshot!(transcript.name, transcript.text);
    }
}

#[test]
fn any_member_of_the_event_can_have_a_column_of_any_type() {
    let columns = [
        ("Lead", "title", "name"),
        ("Stage", "status", "=Not started"),
        ("Source", "select", "/lead/utm/source"),
        ("Score", "number", "/lead/score"),
        ("Company", "rich_text", "/lead/company"),
        ("Trace", "rich_text", "/trace"),
        ("Tags", "multi_select", "=new, from chat"),
        ("Link", "url", "=https://example.com"),
        ("Hot", "checkbox", "=true"),
        ("Day", "date", "=2026-05-31"),
        ("Event", "rich_text", "event_id"),
        ("Wrong", "number", "/lead/company"),
        ("Absent", "rich_text", "/lead/utm/medium"),
    ];
    let in_notion = columns.map(|(column, kind, _)| (column, kind));
    let in_settings =
        columns.map(|(column, kind, field)| json!({ "column": column, "type": kind, "field": field }));
    let mut account = Account::new(Service::new("ntn_1").with_columns(&in_notion));
    let mut rehearsal = Rehearsal::<Notion>::of_event(samples::unknown_members())
        .settings(with("columns", in_settings.as_slice().into()));
    let outcome = rehearsal.attempt(&mut account);
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    insta::assert_snapshot!("columns-of-every-type", rehearsal.transcript());
}

#[test]
fn a_reply_longer_than_the_host_reads_still_names_its_page() {
    let lead = Lead { message: Some("All work and no play. ".repeat(10_000)), ..samples::complete() };
    let mut account = account();
    let outcome = rehearsal(lead).attempt(&mut account);
    let Outcome::Delivered(receipt) = outcome else { panic!("{outcome:?}") };
    assert!(account.pages()[0].to_string().len() > 64 * 1024);
    assert_eq!(receipt.reference.as_deref(), Some("page/59833787-2cf9-4fdf-8782-000000000001"));
    assert_eq!(receipt.url.as_deref(), Some("https://www.notion.so/598337872cf94fdf8782000000000001"));
}

#[test]
fn a_page_whose_id_is_beyond_what_the_host_reads_is_delivered_all_the_same() {
    let body = json!({ "properties": { "Message": "Hello. ".repeat(10_000) }, "id": "59833787-2cf9-4fdf-8782-000000000001" });
    let outcome = answered_with(settings(), "create-page", &Answer::json(200, body));
    assert!(matches!(&outcome, Outcome::Delivered(receipt) if receipt.reference.is_none()), "{outcome:?}");
}

#[test]
fn a_value_that_notion_refuses_is_kept_in_the_page() {
    let path =
        "body failed validation: body.properties.Email.email should be a valid email, instead was `x`.";
    let value = "Invalid email john@example.com";
    for words in [path, value] {
        let error = json!({ "object": "error", "status": 400, "code": "validation_error", "message": words });
        let (mut account, mut first) = (account(), Some(Answer::json(400, error)));
        let mut rehearsal = rehearsal(samples::complete());
        let outcome = rehearsal
            .attempt(&mut |request: &Request| first.take().unwrap_or_else(|| account.answer(request)));
        assert!(matches!(outcome, Outcome::Delivered(_)), "{words}: {outcome:?}");
        assert_eq!(rehearsal.steps(), ["create-page", "create-page-without-Email"]);
        let body = rehearsal.requests().last().unwrap().body.clone().unwrap();
        assert!(body.contains("Email: john@example.com") && !body.contains(r#""email":"#), "{body}");
    }
    let status = json!([
        { "column": "Name", "type": "title", "field": "name" },
        { "column": "Stage", "type": "status", "field": "channel" },
    ]);
    let columns = [("Name", "title"), ("Stage", "status")];
    let mut account = Account::new(Service::new("ntn_1").with_columns(&columns));
    let mut rehearsal = Rehearsal::<Notion>::of(samples::complete()).settings(with("columns", status));
    assert!(matches!(rehearsal.attempt(&mut account), Outcome::Delivered(_)));
    assert_eq!(rehearsal.steps(), ["create-page", "create-page-without-Stage"]);
}

#[test]
fn an_answer_lost_twice_is_looked_for_twice() {
    let mut account = account();
    let mut rehearsal = rehearsal(samples::complete());
    rehearsal.attempt(&mut Faulty::new(&mut account, Fault::LostRequest, 0));
    rehearsal.attempt(&mut Faulty::new(&mut account, Fault::LostAnswer, 1));
    rehearsal.finish(&mut account);
    assert_eq!(rehearsal.steps(), ["create-page", "find-page", "create-page", "find-page"]);
    assert_eq!(account.pages().len(), 1);
    insta::assert_snapshot!("answer-lost-twice", rehearsal.transcript());
}

/// How many pages there are after an earlier lead was delivered and the second one's request was lost.
fn pages_after(earlier: Lead, at: &str, second: Lead, settings: &Value) -> usize {
    let mut account = Account::new(Service::new("ntn_1").at(at.parse().unwrap()));
    Rehearsal::<Notion>::of(earlier).settings(settings.clone()).attempt(&mut account);
    assert_eq!(account.pages().len(), 1);
    let mut rehearsal = Rehearsal::<Notion>::of(second).settings(settings.clone());
    rehearsal.finish(&mut Faulty::new(&mut account, Fault::LostRequest, 0));
    account.pages().len()
}

#[test]
fn another_leads_page_is_not_taken_for_this_ones() {
    let full = samples::complete;
    let message = |text: &str| Lead { message: Some(text.into()), ..no_conversation() };
    let long = "Hello. ".repeat(1_000);
    for (earlier, at, second, expected) in [
        (full(), "2026-05-31T10:00:01Z", full(), 1),
        // An earlier lead of the same conversation.
        (full(), "2026-05-31T09:57:59Z", full(), 2),
        (Lead { conversation_id: Some("another".into()), ..full() }, "2026-05-31T10:00:01Z", full(), 2),
        (no_conversation(), "2026-05-31T10:00:01Z", no_conversation(), 1),
        (
            Lead { email: Some("other@example.com".into()), ..no_conversation() },
            "2026-05-31T10:00:01Z",
            no_conversation(),
            2,
        ),
        (message("Hello"), "2026-05-31T10:00:01Z", message("Good bye"), 2),
        (message(&long), "2026-05-31T10:00:01Z", message(&long), 1),
        (message(&long), "2026-05-31T10:00:01Z", message("Hello."), 2),
    ] {
        assert_eq!(pages_after(earlier.clone(), at, second, &settings()), expected, "{earlier:?} {at}");
    }
}

#[test]
fn what_cannot_be_looked_for_is_created_again_with_a_warning() {
    let columns = [("Name", "title"), ("Channel", "select")];
    let mut account = Account::new(Service::new("ntn_1").with_columns(&columns));
    let only_channel = json!([{ "column": "Channel", "type": "select", "field": "channel" }]);
    let mut rehearsal = Rehearsal::<Notion>::of(samples::complete()).settings(with("columns", only_channel));
    rehearsal.finish(&mut Faulty::new(&mut account, Fault::LostAnswer, 0));
    assert_eq!(rehearsal.steps(), ["create-page", "create-page"]);
    assert_eq!(account.pages().len(), 2);
    assert!(rehearsal.log().iter().any(|(_, line)| line.contains("created again")), "{:?}", rehearsal.log());
}

#[test]
fn a_database_with_several_data_sources_names_them() {
    let mut account = Account::new(Service::new("ntn_1").with_second_data_source());
    let mut rehearsal = Rehearsal::<Notion>::of(samples::complete()).settings(in_database("2025-09-03"));
    let Outcome::Held(reason) = rehearsal.attempt(&mut account) else { panic!("{:?}", rehearsal.steps()) };
    assert!(reason.contains(DATA_SOURCE_ID) && reason.contains("(Archive)"), "{reason}");
    assert!(matches!(self::rehearsal(samples::complete()).attempt(&mut account), Outcome::Delivered(_)));
}

#[test]
fn what_notion_answers_decides_what_happens() {
    let error = |status: u16, code: &str| {
        let body = json!({ "object": "error", "status": status, "code": code, "message": format!("words of {code}") });
        Answer::json(status, body)
    };
    enum Expected {
        Refused,
        Held(&'static str),
        Retry(Option<u32>),
    }
    use Expected::{Held, Refused, Retry};
    let rows = [
        (error(400, "validation_error"), Held("words of validation_error")),
        (error(400, "missing_version"), Held("words of missing_version")),
        (Answer::text(400, "<html>cf-ray</html>"), Held("<html>cf-ray</html>")),
        (error(401, "unauthorized"), Retry(None)),
        (error(403, "restricted_resource"), Retry(None)),
        (error(404, "object_not_found"), Retry(Some(3_600))),
        (error(409, "conflict_error"), Retry(None)),
        (error(409, "conflict_error").header("retry-after", "7"), Retry(Some(7))),
        (Answer::text(413, ""), Refused),
        (error(429, "rate_limited"), Retry(None)),
        (error(529, "service_overload"), Retry(None)),
        (error(500, "internal_server_error"), Retry(None)),
        (error(503, "service_unavailable"), Retry(None)),
        (error(503, "database_connection_unavailable"), Retry(None)),
        (error(504, "gateway_timeout"), Retry(None)),
        (Answer::Lost, Retry(None)),
    ];
    for (answer, expected) in rows {
        for step in ["get-database", "create-page"] {
            let outcome = answered_with(in_database("2025-09-03"), step, &answer);
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
fn only_answers_that_leave_a_doubt_lead_to_a_look() {
    let answered_first = |answer: &Answer| {
        let (mut account, mut first) = (account(), Some(answer.clone()));
        let mut rehearsal = rehearsal(samples::complete());
        rehearsal.finish(&mut |request: &Request| first.take().unwrap_or_else(|| account.answer(request)));
        rehearsal.steps().join(" ")
    };
    assert_eq!(answered_first(&Answer::text(429, "")), "create-page create-page");
    assert_eq!(answered_first(&Answer::text(409, "")), "create-page create-page");
    for status in [500, 503, 504, 529] {
        assert_eq!(
            answered_first(&Answer::text(status, "")),
            "create-page find-page create-page",
            "{status}"
        );
    }
}

#[test]
fn a_reply_without_a_usable_id_is_held() {
    for body in
        [json!({}), json!({ "id": "../x" }), json!({ "id": 7 }), json!([]), json!({ "data_sources": [{}] })]
    {
        for step in ["get-database", "create-page"] {
            let outcome = answered_with(in_database("2025-09-03"), step, &Answer::json(200, body.clone()));
            assert!(
                matches!(&outcome, Outcome::Held(reason) if reason.contains(step)),
                "{body}: {outcome:?}"
            );
        }
    }
}

#[test]
fn settings_are_checked() {
    let column = |field: &str| json!({ "column": "Name", "type": "title", "field": field });
    for (settings, part) in [
        (json!({}), "parent_id"),
        (with("database_id", DATABASE_ID.into()), "database_id"),
        (with("parent", "page".into()), "page"),
        (with("columns", json!([{ "column": "Name", "type": "text", "field": "name" }])), "text"),
        (with("columns", json!([column("nmae")])), "nmae"),
        (with("columns", json!([column("name"), column("email")])), "Name twice"),
        (with("notion_version", "2022-06-28".into()), "no data sources"),
    ] {
        let outcome =
            Rehearsal::<Notion>::of(samples::complete()).settings(settings.clone()).attempt(&mut account());
        assert!(
            matches!(&outcome, Outcome::Held(reason) if reason.contains("settings") && reason.contains(part)),
            "{settings}: {outcome:?}"
        );
    }
    insta::assert_snapshot!("settings-schema", settings_schema::<Notion>());
}
