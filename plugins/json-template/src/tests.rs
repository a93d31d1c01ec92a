use hookwright_rehearsed::Account;
use hookwright_sdk::testing::laws::{self, Holds};
use hookwright_sdk::testing::{Answer, Fault, Faulty, Outcome, Rehearsal, Target, samples, settings_schema};
use hookwright_sdk::{Action, Event, Failure, History, Lead, Mapping, Request, Stop};
use hookwright_standin::{Tickets, Vendor};
use serde_json::{Value, json};

use crate::JsonTemplate;

mod language;

fn desk() -> Account<Tickets> {
    Account::new(Tickets::new("key-1"))
}

fn desk_settings() -> Value {
    Tickets::new("").connection().settings
}

fn rehearsal(lead: Lead, settings: Value) -> Rehearsal<JsonTemplate> {
    Rehearsal::of(lead).settings(settings)
}

/// What the mapping wants to do first.
fn action(event: &Event, settings: Value) -> Result<Action, Failure> {
    let settings = serde_json::from_value(settings).unwrap();
    match JsonTemplate::transform(event, &settings, &History { replies: Vec::new(), uncertain: None }) {
        Ok(action) => Ok(action),
        Err(Stop::Call(request)) => Ok(Action::Call(*request)),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}

fn request(event: &Event, settings: Value) -> Request {
    match action(event, settings) {
        Ok(Action::Call(request)) => request,
        other => panic!("{other:?}"),
    }
}

/// The body that the sample event becomes.
fn body(template: &Value) -> Value {
    body_of(&samples::event(samples::complete()), template)
}

fn body_of(event: &Event, template: &Value) -> Value {
    let request = request(event, json!({ "body": template }));
    serde_json::from_str(request.body.as_deref().unwrap()).unwrap()
}

/// The words of a permanent failure.
fn mistake(settings: Value) -> String {
    match action(&samples::event(samples::complete()), settings) {
        Err(Failure::Permanent(words)) => words,
        other => panic!("{other:?}"),
    }
}

/// A target that takes every lead.
#[derive(Default)]
struct Anything {
    taken: usize,
}

impl Target for Anything {
    fn answer(&mut self, _: &Request) -> Answer {
        self.taken += 1;
        Answer::text(200, "")
    }
}

impl Holds for Anything {
    fn records(&self) -> usize {
        self.taken
    }

    fn shows(&self, _: &str) -> bool {
        true
    }
}

#[test]
fn the_laws_of_a_mapping_hold() {
    let with_path = json!({ "path": "/leads/{{ lead.conversation_id or event.id }}/{{ lead.phone or 0 }}?q={{ title }}" });
    let mut transcripts =
        laws::check::<JsonTemplate, _>(Anything::default, &[("", json!({})), ("-path", with_path)]);
    transcripts.extend(laws::check::<JsonTemplate, _>(desk, &[("-as-a-ticket", desk_settings())]));
    for transcript in transcripts {
        insta::assert_snapshot!(transcript.name, transcript.text);
    }
}

#[test]
fn members_that_the_contract_does_not_name_can_be_sent() {
    let body = json!({
        "name": "{{ lead.name }}", "company": "{{ lead.company }}", "score": "{{ lead.score }}",
        "source": "{{ lead.utm.source }}", "medium": "{{ lead.utm.medium }}", "all": "{{ payload }}",
    });
    let mut rehearsal =
        Rehearsal::<JsonTemplate>::of_event(samples::unknown_members()).settings(json!({ "body": body }));
    rehearsal.attempt(&mut |_: &Request| Answer::text(200, ""));
    insta::assert_snapshot!("unknown-members", rehearsal.transcript());
}

#[test]
fn what_a_visitor_typed_is_a_value_wherever_it_lands() {
    for typed in [
        "{{ 7 * 7 }}",
        "{% for x in range(9) %}x{% endfor %}",
        "{# x #}",
        "}} {{ payload }}",
        r#"","admin":true,"x":""#,
        r"\u0022\",
        "$if",
        "<script>&amp;'`",
        "{{ lead.email }}",
    ] {
        let field = || Some(typed.to_owned());
        let lead = Lead {
            name: field(),
            phone: field(),
            email: field(),
            message: field(),
            channel: field(),
            conversation_id: field(),
        };
        let event =
            Event { json: json!({ "lead": { "company": typed } }).to_string(), ..samples::event(lead) };
        let fields = ["name", "phone", "email", "message", "channel", "conversation_id", "company"];
        let single: Value =
            fields.iter().map(|name| (*name, json!(format!("{{{{ lead.{name} }}}}")))).collect();
        let within: Value =
            fields.iter().map(|name| (*name, json!(format!("a {{{{ lead.{name} }}}} b")))).collect();
        let sent = body_of(&event, &json!({ "single": single, "within": within, "all": "{{ lead }}" }));
        for name in fields {
            assert_eq!(sent["single"][name], typed, "{name}");
            assert_eq!(sent["within"][name], format!("a {typed} b"), "{name}");
            assert_eq!(sent["all"][name], typed, "{name}");
        }
    }
}

#[test]
fn values_cannot_leave_their_place_in_a_path_or_header() {
    let lead = Lead {
        name: Some("a/../b?c=d&e#f%2e\\".into()),
        message: Some("one\r\nx-admin: true\u{0}".into()),
        ..samples::blank()
    };
    let settings = json!({
        "path": "/people/{{ lead.name }}?q={{ lead.name | safe }}&r={{ [1, 2] }}",
        "headers": { "x-message": "{{ lead.message }}", "x-phone": "{{ lead.phone }}", "x-two": 2.to_string() },
    });
    let request = request(&samples::event(lead), settings);
    let name = "a____b%3Fc%3Dd%26e%23f%252e_~";
    let path = request.path.as_deref().unwrap();
    assert!(path.starts_with(&format!("/people/{name}")) && path.contains(&format!("?q={name}")), "{path}");
    assert!(path.ends_with("&r=%5B1%2C2%5D"), "{path}");
    let headers: Vec<_> = request.headers.iter().map(|h| (h.name.as_str(), h.value.as_str())).collect();
    assert_eq!(headers, [("x-message", "one x-admin: true"), ("x-two", "2")]);
}

#[test]
fn no_value_is_too_long_or_too_odd_for_a_path() {
    for text in ["x".repeat(2_000), "語".repeat(300), "..".into(), ".".into(), "a/../b".into()] {
        let lead = Lead { name: Some(text.clone()), ..samples::complete() };
        let settings = json!({ "path": "/people/{{ lead.name }}/x?a={{ lead.name }}&b={{ lead.name }}" });
        let mut rehearsal = rehearsal(lead, settings);
        let outcome = rehearsal.attempt(&mut |_: &Request| Answer::text(200, ""));
        assert!(matches!(outcome, Outcome::Delivered(_)), "{text}: {outcome:?}");
        assert!(rehearsal.log().iter().any(|(_, line)| line.contains("shortened")), "{text}");
    }
}

#[test]
fn numbers_are_sent_with_every_digit() {
    let json = r#"{"lead":{"id":12345678901234567890123,"rate":1E400,"price":7.50,"list":[0.10000000000000000000001]}}"#;
    let event = Event { json: json.into(), ..samples::event(samples::complete()) };
    let template = json!({ "id": "{{ lead.id }}", "rate": "{{ lead.rate }}", "text": "Price: {{ lead.price }}",
                           "list": "{{ lead.list }}", "json": "{{ lead.list | json }}" });
    let request = request(&event, json!({ "body": template }));
    assert_eq!(
        request.body.as_deref(),
        Some(concat!(
            r#"{"id":12345678901234567890123,"rate":1e+400,"text":"Price: 7.50","#,
            r#""list":[0.10000000000000000000001],"json":"[0.10000000000000000000001]"}"#
        ))
    );
}

#[test]
fn a_member_that_looks_misspelt_is_told() {
    let lines = |event: Event, template: Value| {
        let mut rehearsal = Rehearsal::<JsonTemplate>::of_event(event).settings(json!({ "body": template }));
        rehearsal.attempt(&mut |_: &Request| Answer::text(200, ""));
        rehearsal.log().iter().map(|(_, line)| line.clone()).collect::<Vec<_>>().join("\n")
    };
    let complete = || samples::event(samples::complete());
    let told = lines(complete(), json!({ "a": "{{ lead.fone }}", "b": "{{ lead.company }}" }));
    assert!(told.contains("/body/a: this lead has no `fone`. Did you mean `phone`?"), "{told}");
    assert!(!told.contains("company`"), "{told}");
    // A producer's own member.
    let own = Event { json: json!({ "lead": { "mail": "x" } }).to_string(), ..complete() };
    assert_eq!(lines(own, json!({ "a": "{{ lead.mail }}" })), "");
}

#[test]
fn a_web_page_is_told() {
    let mut rehearsal = rehearsal(samples::complete(), json!({}));
    let outcome =
        rehearsal.attempt(&mut |_: &Request| Answer::text(200, "<!doctype html><title>Welcome</title>"));
    assert!(matches!(outcome, Outcome::Delivered(_)), "some targets confirm so: {outcome:?}");
    assert!(rehearsal.log().iter().any(|(_, line)| line.contains("web page")), "{:?}", rehearsal.log());
}

#[test]
fn a_path_needs_its_values() {
    let without_phone = samples::event(Lead { phone: None, ..samples::complete() });
    let path = |path: &str| json!({ "path": path });
    let Err(Failure::Permanent(words)) = action(&without_phone, path("/{{ lead.phone }}")) else { panic!() };
    assert!(words.contains("/path") && words.contains("default"), "{words}");
    let with_default = request(&without_phone, path("/{{ lead.phone | default('none') }}"));
    assert_eq!(with_default.path.as_deref(), Some("/none"));
}

#[test]
fn methods_and_repeats() {
    let event = samples::event(samples::complete());
    for (settings, has_body, is_idempotent) in [
        (json!({}), true, false),
        (json!({ "method": "PATCH" }), true, false),
        (json!({ "method": "PUT" }), true, true),
        (json!({ "method": "GET" }), false, true),
        (json!({ "idempotent": true }), true, true),
    ] {
        let request = request(&event, settings.clone());
        assert_eq!((request.body.is_some(), request.idempotent), (has_body, is_idempotent), "{settings}");
    }
}

#[test]
fn the_answer_decides_and_gives_the_receipt() {
    let settings = json!({
        "accept": [409],
        "success_if": "reply.body.ok or reply.status == 409",
        "reference": "ticket/{{ reply.body.id }}",
        "link": "https://desk.example.com/{{ reply.body.id }}",
    });
    enum Means {
        Delivered(Option<&'static str>, Option<&'static str>),
        Held(&'static str),
        Refused,
        Retry,
    }
    use Means::{Delivered, Held, Refused, Retry};
    let rows = [
        (
            Answer::json(201, json!({ "ok": true, "id": 7 })),
            Delivered(Some("ticket/7"), Some("https://desk.example.com/7")),
        ),
        (
            Answer::json(200, json!({ "ok": true, "id": "../a b" })),
            Delivered(Some("ticket/../a b"), Some("https://desk.example.com/..%2Fa%20b")),
        ),
        (Answer::json(200, json!({ "ok": true })), Delivered(Some("ticket/"), None)),
        (Answer::text(409, "exists"), Delivered(Some("ticket/"), None)),
        (Answer::json(200, json!({ "ok": false, "why": "closed" })), Held("closed")),
        (Answer::text(200, "<html>"), Held("success_if")),
        (Answer::text(204, ""), Held("success_if")),
        (Answer::text(400, ""), Refused),
        (Answer::text(404, ""), Refused),
        (Answer::text(410, ""), Refused),
        (Answer::text(401, ""), Retry),
        (Answer::text(429, ""), Retry),
        (Answer::text(503, ""), Retry),
        (Answer::Lost, Retry),
    ];
    for (answer, expected) in rows {
        let mut rehearsal = rehearsal(samples::complete(), settings.clone());
        let outcome = rehearsal.attempt(&mut |_: &Request| answer.clone());
        let is_expected = match (&outcome, &expected) {
            (Outcome::Delivered(receipt), Delivered(reference, url)) => {
                (receipt.reference.as_deref(), receipt.url.as_deref()) == (*reference, *url)
            }
            (Outcome::Held(reason), Held(part)) => reason.contains(part),
            (Outcome::Refused(_), Refused) | (Outcome::Retry(..), Retry) => true,
            _ => false,
        };
        assert!(is_expected, "{answer:?}: {outcome:?}");
    }
}

#[test]
fn nothing_that_is_wrong_with_a_receipt_undoes_the_delivery() {
    let settings = json!({
        "reference": "{{ reply.body.id | int }}",
        "link": "javascript:{{ reply.body.id }}",
    });
    let mut rehearsal = rehearsal(samples::complete(), settings);
    let outcome = rehearsal.attempt(&mut |_: &Request| Answer::json(200, json!({ "id": "x" })));
    let Outcome::Delivered(receipt) = outcome else { panic!("{outcome:?}") };
    assert_eq!((receipt.reference, receipt.url), (None, None));
    assert!(rehearsal.log()[0].1.contains("/reference"), "{:?}", rehearsal.log());
}

#[test]
fn after_a_fault_an_idempotent_lead_arrives_once_and_another_again_with_a_warning() {
    for fault in Fault::ALL {
        let mut desk = desk();
        let mut once = rehearsal(samples::complete(), desk_settings());
        let outcome = once.finish(&mut Faulty::new(&mut desk, fault, 0));
        assert!(matches!(outcome, Outcome::Delivered(_)), "{fault:?}: {outcome:?}");
        assert_eq!(desk.tickets().len(), 1, "{fault:?}");

        let mut taken = 0;
        let mut target = |_: &Request| {
            taken += 1;
            Answer::text(200, "")
        };
        let mut twice = rehearsal(samples::complete(), json!({}));
        twice.finish(&mut Faulty::new(&mut target, fault, 0));
        let has_arrived = matches!(fault, Fault::LostAnswer | Fault::Gateway(_));
        assert_eq!(taken, if has_arrived { 2 } else { 1 }, "{fault:?}");
        assert!(twice.log().iter().any(|(_, line)| line.contains("already")), "{fault:?}");
    }
}

#[test]
fn settings_are_checked() {
    for settings in
        [json!({ "body": {}, "url": "x" }), json!({ "method": "DELETE" }), json!({ "accept": ["409"] })]
    {
        let outcome = rehearsal(samples::complete(), settings.clone()).attempt(&mut desk());
        assert!(
            matches!(&outcome, Outcome::Held(reason) if reason.contains("settings")),
            "{settings}: {outcome:?}"
        );
    }
    insta::assert_snapshot!("settings-schema", settings_schema::<JsonTemplate>());
}
