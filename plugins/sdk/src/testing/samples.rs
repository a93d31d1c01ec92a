//! Leads that every mapping should be shown.

use serde_json::{Map, Value, json};

use crate::{Event, Lead};

const PROJECT: &str = "6f1f3d52-5d0c-4c60-9a52-3a1d5b2f7f10";
const CREATED_AT: &str = "2026-05-31T10:00:00Z";

/// An event with this lead, and with the payload that a producer would have sent for it.
pub fn event(lead: Lead) -> Event {
    let json = payload(&lead).to_string();
    Event {
        id: "evt_018fcb1e-9b00-7000-8000-000000000001".to_owned(),
        project_id: PROJECT.to_owned(),
        created_at: CREATED_AT.to_owned(),
        lead,
        json,
    }
}

/// An event with a complete lead, whose payload has members that this version of the contract does not name.
pub fn unknown_members() -> Event {
    let mut payload = payload(&complete());
    payload["schema"] = json!("2.0");
    payload["trace"] = json!([{ "id": 1 }, null]);
    payload["lead"]["company"] = json!("Example & Sons");
    payload["lead"]["score"] = json!(0.75);
    payload["lead"]["utm"] = json!({ "source": "newsletter", "medium": null });
    Event { json: payload.to_string(), ..event(complete()) }
}

/// Events with a complete lead and members that the contract does not name, by what is odd about them. All of it is JSON
/// that producers send.
pub fn unknown_members_of_every_kind() -> Vec<(&'static str, Event)> {
    let complete = payload(&complete()).to_string();
    let with = |members: &str| {
        let json = complete.replace(r#"{"event":"#, &format!(r#"{{"extra":{members},"event":"#));
        Event { json, ..event(self::complete()) }
    };
    let nested = "[".repeat(200) + &"]".repeat(200);
    vec![
        ("unknown-members", unknown_members()),
        ("long-numbers", with("[12345678901234567890123, 1E400, -0.00000000000000000000000001]")),
        ("half-a-surrogate-pair", with(r#""\ud800""#)),
        ("nested-lists", with(&nested)),
        ("null-characters", with(r#"{"a\u0000b":"\u0000"}"#)),
    ]
}

fn payload(lead: &Lead) -> Value {
    let fields = [
        ("name", &lead.name),
        ("phone", &lead.phone),
        ("email", &lead.email),
        ("message", &lead.message),
        ("channel", &lead.channel),
        ("conversation_id", &lead.conversation_id),
    ];
    let collected =
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())));
    let lead: Map<String, Value> = collected.collect();
    json!({ "event": "lead.created", "project_id": PROJECT, "created_at": CREATED_AT, "lead": lead })
}

/// A lead with nothing collected.
pub fn blank() -> Lead {
    Lead { name: None, phone: None, email: None, message: None, channel: None, conversation_id: None }
}

/// A lead with everything collected.
pub fn complete() -> Lead {
    Lead {
        name: some("John Smith"),
        phone: some("+12025551234"),
        email: some("john@example.com"),
        message: some("I'd like to know about pricing"),
        channel: some("telegram"),
        conversation_id: some("2c1a3f4e-7f43-4a5e-9a55-0d9a1c6b7e21"),
    }
}

/// Leads by name: complete, each field alone, each field missing, nothing at all, and texts that break careless code.
pub fn all() -> Vec<(&'static str, Lead)> {
    let full = complete();
    let only = |change: fn(&mut Lead, &Lead)| {
        let mut lead = blank();
        change(&mut lead, &complete());
        lead
    };
    vec![
        ("complete", full.clone()),
        ("nothing", blank()),
        ("only-name", only(|lead, full| lead.name = full.name.clone())),
        ("only-phone", only(|lead, full| lead.phone = full.phone.clone())),
        ("only-email", only(|lead, full| lead.email = full.email.clone())),
        ("only-message", only(|lead, full| lead.message = full.message.clone())),
        ("only-channel", only(|lead, full| lead.channel = full.channel.clone())),
        ("only-conversation", only(|lead, full| lead.conversation_id = full.conversation_id.clone())),
        ("no-name", Lead { name: None, ..full.clone() }),
        ("no-phone", Lead { phone: None, ..full.clone() }),
        ("no-email", Lead { email: None, ..full.clone() }),
        ("no-message", Lead { message: None, ..full.clone() }),
        ("no-channel", Lead { channel: None, ..full.clone() }),
        ("no-conversation", Lead { conversation_id: None, ..full.clone() }),
        ("one-word-name", Lead { name: some("Cher"), ..full.clone() }),
        ("unusable-email", Lead { email: some("john at example"), ..full.clone() }),
        ("long-message", Lead { message: Some("Hello & goodbye. ".repeat(600)), ..full.clone() }),
        ("huge-message", Lead { message: Some("<🦀>".repeat(50_000)), ..full.clone() }),
        ("long-name", Lead { name: Some("Anna ".repeat(200)), ..full.clone() }),
        (
            "right-to-left-and-emoji",
            Lead {
                name: some("יוסי כהן"), message: some("مرحبا 👩‍👩‍👧 🇩🇪"), ..full.clone()
            },
        ),
        (
            "markup",
            Lead {
                name: some("<b>John</b> {{contact.email}}"),
                message: some("<script>alert('x')</script>\n${7*7} \"quoted\" \\u0000 {\"a\":1}"),
                ..full.clone()
            },
        ),
        (
            "injection-in-every-field",
            Lead {
                name: some("<b>John</b> {{lead.phone}} [url=https://evil.example]Smith[/url]"),
                phone: some("\"><img src=x onerror=alert(1)> ${7*7} *1*"),
                email: some("<a href=\"https://evil.example\">{{contact.email}}</a>"),
                message: some(concat!(
                    "<!channel> <https://evil.example|click> <script>alert(1)</script> &amp; *bold* _it_ `code`\n",
                    "[b]bold[/b] [user=1]x[/user] {{lead.email}} {% raw %} ${7*7} #{7*7} <%= 7*7 %>\n",
                    "=HYPERLINK(\"https://evil.example\") '; DROP TABLE leads; -- \\u0000 \\",
                )),
                channel: some("<i>telegram</i> {{channel}} [b]"),
                conversation_id: some("../../x?y=<z>&{{id}}#'\""),
            },
        ),
        (
            "control-characters",
            Lead {
                name: some("Jo\u{0}hn\r\nSmith\u{1b}"),
                phone: some("+1\t202"),
                message: some("a\r\nb\u{0}\u{7}c"),
                channel: some("\u{0}"),
                ..full.clone()
            },
        ),
        (
            "invisible",
            Lead {
                name: some("\u{feff}"),
                phone: some("\u{200b}"),
                message: some("\u{3164}\n\u{202e}"),
                ..blank()
            },
        ),
        (
            "invisible-ends",
            Lead {
                name: some("\u{200e}John\u{a0}Smith\u{200b}"),
                phone: some("\u{202a}+12025551234\u{202c}"),
                email: some("john@exam\u{2060}ple.com\u{feff}"),
                message: some("\u{feff}👩\u{200d}👧 Hello\u{200b}"),
                channel: some("telegram\u{ffa0}"),
                conversation_id: some("\u{115f}c-1"),
            },
        ),
        ("long-phone", Lead { phone: Some("+1 202 ".repeat(57)), ..full.clone() }),
        ("long-email", Lead { email: Some(format!("{}@example.com", "x".repeat(2_000))), ..full.clone() }),
        ("long-conversation", Lead { conversation_id: Some("語".repeat(300)), ..full.clone() }),
        (
            "long-everything",
            Lead {
                name: Some(format!("{} {}", "語".repeat(300), "名".repeat(300))),
                phone: Some("５".repeat(60)),
                channel: Some("道".repeat(300)),
                conversation_id: Some("🦀".repeat(300)),
                ..full.clone()
            },
        ),
        (
            "no-number",
            Lead { phone: some("call me maybe"), conversation_id: some("?x=1#y %2e%2e"), ..full.clone() },
        ),
        ("dots", Lead { phone: some(".."), email: some("."), conversation_id: some(".."), ..full.clone() }),
        ("folders", Lead { channel: some("../x"), conversation_id: some("a/../b"), ..full.clone() }),
        ("refused-email", Lead { email: some("redacted@ymail.con"), ..full.clone() }),
        ("refused-local-part", Lead { email: some(".john@example.com"), ..full.clone() }),
        (
            "query-injection",
            Lead { email: some("a&fields=name#@example.com"), phone: some("1&term=*/../x"), ..full },
        ),
    ]
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}
