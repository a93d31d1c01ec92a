//! What expressions mean.

use super::*;

fn with_payload(payload: &Value) -> Event {
    Event { json: payload.to_string(), ..samples::event(samples::complete()) }
}

#[test]
fn a_text_that_is_one_expression_keeps_the_values_type() {
    let payload = json!({
        "score": 9_007_199_254_740_993_u64,
        "ratio": 0.5,
        "lead": { "name": "ignored", "tags": ["a", { "b": null }], "vip": true, "company": "Acme" },
    });
    let template = json!({
        "score": "{{ payload.score }}", "text": "{{ payload.score }}!", "ratio": " {{ payload.ratio }} ",
        "tags": "{{ lead.tags }}", "vip": "{{ lead.vip }}", "company": "{{ lead.company | upper }}",
        "name": "{{ lead.name }}", "raw": "{{ payload.lead.name }}", "both": "{{ lead.vip }}{{ lead.company }}", "list": "tags: {{ lead.tags }}{{ none }}",
        "sum": "{{ 1 + 2 }}", "object": "{{ {'a': [1, none]} }}", "minus": "{{- 5 -}}",
        "number": 7, "flag": false, "nothing": null, "plain": "as it is", "id": "{{ event.id }}",
    });
    let expected = json!({
        "score": 9_007_199_254_740_993_u64, "text": "9007199254740993!", "ratio": 0.5,
        "tags": ["a", { "b": null }], "vip": true, "company": "ACME",
        "name": "John Smith", "raw": "ignored", "both": "trueAcme", "list": r#"tags: ["a",{"b":null}]"#,
        "sum": 3, "object": { "a": [1, null] }, "minus": "5",
        "number": 7, "flag": false, "nothing": null, "plain": "as it is",
        "id": "evt_018fcb1e-9b00-7000-8000-000000000001",
    });
    assert_eq!(body_of(&with_payload(&payload), &template), expected);
}

#[test]
fn what_is_missing_is_left_out_unless_the_template_says_otherwise() {
    let event = samples::event(Lead { name: Some("Cher".into()), ..samples::blank() });
    let template = json!({
        "phone": "{{ lead.phone }}", "deep": "{{ payload.a.b.c }}", "upper": "{{ lead.phone | upper }}",
        "last": "{{ lead.name | last_name }}", "blank": "{% if lead.phone %}Phone{% endif %} ",
        "null": "{{ lead.phone or none }}", "default": "{{ lead.phone | default('unknown') }}",
        "empty": "", "within": "Phone: {{ lead.phone }}", "list": ["{{ lead.phone }}", "{{ lead.name }}"],
        "object": { "phone": "{{ lead.phone }}" },
    });
    let expected = json!({
        "null": null, "default": "unknown", "empty": "", "within": "Phone: ", "list": ["Cher"], "object": {},
    });
    assert_eq!(body_of(&event, &template), expected);
}

#[test]
fn what_was_left_out_is_logged_once() {
    let lead = Lead { name: Some("Cher".into()), ..samples::blank() };
    let mut rehearsal = Rehearsal::<JsonTemplate>::of(lead)
        .settings(json!({ "body": { "a/b": ["{{ lead.phone }}"], "c": "{{ lead.name }}" } }));
    rehearsal.attempt(&mut |_: &Request| Answer::text(200, ""));
    let log: Vec<_> = rehearsal.log().iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(log, ["Left out, because the lead does not have it: /body/a~1b/0."]);
}

#[test]
fn a_condition_keeps_or_leaves_out_its_object() {
    let part = |condition: &str| json!({ "$if": condition, "x": 1 });
    for (condition, is_kept) in [
        ("{{ lead.phone }}", true),
        ("{{ lead.phone and lead.name == 'John Smith' }}", true),
        ("{{ lead.nothing }}", false),
        ("{{ false }}", false),
        ("{{ 0 }}", false),
        ("{{ 'pricing' in lead.message }}", true),
        ("{% if lead.nothing %}x{% endif %}", false),
        ("{% if lead.phone %}x{% endif %}", true),
    ] {
        let sent = body(&json!({ "list": [part(condition)], "member": part(condition) }));
        let expected = if is_kept {
            json!({ "list": [{ "x": 1 }], "member": { "x": 1 } })
        } else {
            json!({ "list": [] })
        };
        assert_eq!(sent, expected, "{condition}");
    }
    let root = json!({ "body": part("{{ lead.nothing }}") });
    let skipped = action(&samples::event(samples::complete()), root);
    assert!(matches!(&skipped, Ok(Action::Skip(reason)) if reason.contains("$if")), "{skipped:?}");
}

#[test]
fn filters() {
    let payload = json!({ "lead": { "note": "<b>\n\"x\"" } });
    for (expression, expected) in [
        ("lead.name | first_name", json!("John")),
        ("lead.name | last_name", json!("Smith")),
        ("lead.message | truncate(6)", json!("I'd l…")),
        ("lead.message | truncate(600)", json!("I'd like to know about pricing")),
        ("lead.note | html", json!("&lt;b&gt;<br>&quot;x&quot;")),
        ("lead.note | json", json!(r#""<b>\n\"x\"""#)),
        ("event.created_at | time('%d.%m.%Y %H:%M')", json!("31.05.2026 10:00")),
        ("event.created_at | unix", json!(1_780_221_600)),
        ("event.created_at | unix_ms", json!(1_780_221_600_000_i64)),
        ("lead.name[:4] ~ '/' ~ lead.channel | upper", json!("John/TELEGRAM")),
        ("title", json!("John Smith (telegram)")),
        ("lead.name | split | last | lower", json!("smith")),
        ("lead.phone | digits", json!("12025551234")),
        ("'8 (999) 555-11-22 ext. 5' | phone('RU')", json!("+79995551122;ext=5")),
        ("lead.phone | phone", json!("+12025551234")),
        ("'call me' | phone('RU')", json!("call me")),
        ("lead.phone | regex_replace('^\\\\+1(\\\\d{3})', '($1) ')", json!("(202) 5551234")),
        ("lead.email | regex_match('@(.+)$')", json!("example.com")),
        ("lead.message | regex_match('pric\\\\w+')", json!("pricing")),
        ("'a' if lead.phone | regex_match('^.7') else 'b'", json!("b")),
        ("event.created_at | time('%d.%m.%Y %H:%M', 'Europe/Berlin')", json!("31.05.2026 12:00")),
        ("event.created_at | time('%H:%M %Z', 'Asia/Kolkata')", json!("15:30 IST")),
    ] {
        let sent = body_of(&with_payload(&payload), &json!({ "x": format!("{{{{ {expression} }}}}") }));
        assert_eq!(sent["x"], expected, "{expression}");
    }
    let missing = "{{ lead.no | first_name | truncate(3) | html | unix }}";
    assert_eq!(body(&json!({ "x": missing })), json!({}));
}

#[test]
fn a_mistake_is_named_with_its_place_and_what_to_do() {
    let body = |template: Value| json!({ "body": template });
    for (settings, place, words) in [
        (body(json!({ "a": [{ "b": "{{ lead.name" }] })), "/body/a/0/b", "look like {{ lead.name }}"),
        (body(json!({ "a": "{{ lead.name | }}" })), "/body/a", "expected identifier"),
        (body(json!({ "a": "x\n{% endif %}" })), "/body/a", "(line 2)"),
        (body(json!({ "a/b": { "c~d": "{{ }}" } })), "/body/a~1b/c~0d", "expected"),
        (
            body(json!({ "a": "{{ leed.name }}" })),
            "/body/a",
            "did you mean `lead`? there are lead, event, payload, title, such as {{ lead.name }}",
        ),
        (body(json!({ "a": "Hello {{ name }}" })), "/body/a", "no `name`"),
        (body(json!({ "a": "{{ event.name }}" })), "/body/a", "it has created_at"),
        (body(json!({ "a": "{{ reply.body.id }}" })), "/body/a", "no `reply` yet"),
        (body(json!({ "a": "{{ lead.name | shout }}" })), "/body/a", "there are digits, first_name,"),
        (body(json!({ "a": "{{ lead.name | uper }}" })), "/body/a", "did you mean `upper`?"),
        (body(json!({ "a": "{{ phone }}" })), "/body/a", "did you mean `lead.phone`?"),
        (body(json!({ "a": "{{ event.createdat }}" })), "/body/a", "did you mean `created_at`?"),
        (
            body(json!({ "a": "{{ lead.name | regex_match('(') }}" })),
            "/body/a",
            "the pattern `(` cannot be used",
        ),
        (body(json!({ "a": "{{ lead.phone | phone('Russia') }}" })), "/body/a", "two letters"),
        (
            body(json!({ "a": "{{ event.created_at | time('%H', 'Mars') }}" })),
            "/body/a",
            "such as Europe/Berlin",
        ),
        (body(json!({ "a": "{{ lead.name.upper() }}" })), "/body/a", "use a filter"),
        (body(json!({ "a": "{% include 'x' %}" })), "/body/a", "unknown statement"),
        (body(json!({ "a": "{{ lead.name | time('%Y') }}" })), "/body/a", "RFC 3339"),
        (body(json!({ "a": "{{ event.created_at | time('%!') }}" })), "/body/a", "form of a time"),
        (body(json!({ "{{ lead.name }}": 1 })), "/body/{{ lead.name }}", "name cannot hold"),
        (body(json!({ "$if": true, "a": 1 })), "/body/$if", "has to be a text"),
        (body(json!({ "$if": "{{ lead.no }}", "a": "{{ x }}" })), "/body/a", "no `x`"),
        (json!({ "path": "/{{ lead.phone" }), "/path", "look like"),
        (json!({ "headers": { "x-a": "{{ x }}" } }), "/headers/x-a", "no `x`"),
        (json!({ "success_if": "reply.body.ok ==" }), "/success_if", "unexpected"),
        (json!({ "success_if": "reply.code" }), "/success_if", "it has body"),
        (json!({ "reference": "{{ reply.text }}" }), "/reference", "it has body"),
        (json!({ "link": "https://x/{{ }}" }), "/link", "unexpected"),
    ] {
        let found = mistake(settings.clone());
        let place = format!("setting {place} cannot");
        assert!(found.contains(&place) && found.contains(words), "{settings}: {found}");
    }
}

#[test]
fn a_template_is_bounded() {
    for endless in [
        "{{ 'x' * 1000000000 }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{{ range(99999) | list | join(range(99999) | list | join) }}",
    ] {
        let found = mistake(json!({ "body": { "a": endless } }));
        assert!(found.contains("/body/a"), "{endless}: {found}");
    }
    let nested = format!("{{{{ {}1{} }}}}", "(".repeat(5_000), ")".repeat(5_000));
    assert!(mistake(json!({ "body": { "a": nested } })).contains("/body/a"));
}
