//! Events as the producer sends them.

mod explain;
mod text;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub use text::{MAX_DEPTH, without_bom};

use crate::id::{EventId, ProjectId};
use crate::time::Timestamp;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Somebody left contact details in a conversation.
    LeadCreated,
}

impl EventKind {
    /// Every kind that exists.
    pub const ALL: [Self; 1] = [Self::LeadCreated];

    /// The name in payloads and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeadCreated => "lead.created",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No such event kind.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("`{0}` is not an event; the events are: lead.created")]
pub struct EventKindError(String);

impl FromStr for EventKind {
    type Err = EventKindError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| EventKindError(text.chars().take(80).collect()))
    }
}

/// One accepted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its identifier, the same on every attempt.
    pub id: EventId,
    /// Whose it is.
    pub project: ProjectId,
    /// What happened.
    pub kind: EventKind,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// The body, byte for byte as the producer sent it.
    pub payload: Bytes,
}

impl Event {
    /// Whether the other event says the same. A producer that sends an event again may stamp its time anew.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        fn untimed(payload: &[u8]) -> Option<Value> {
            let mut value: Value = serde_json::from_slice(payload).ok()?;
            value.as_object_mut()?.remove("created_at");
            Some(value)
        }
        self.payload == other.payload
            || untimed(&self.payload).is_some_and(|own| untimed(&other.payload) == Some(own))
    }
}

/// The contact details; a field that was not collected is none, never empty or blank.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lead<'a> {
    /// The person's name.
    pub name: Option<Cow<'a, str>>,
    /// The phone number as collected.
    pub phone: Option<Cow<'a, str>>,
    /// The e-mail address as collected.
    pub email: Option<Cow<'a, str>>,
    /// What the person wrote.
    pub message: Option<Cow<'a, str>>,
    /// Where the conversation took place, for example `telegram`.
    pub channel: Option<Cow<'a, str>>,
    /// The producer's id of the conversation.
    pub conversation_id: Option<Cow<'a, str>>,
}

/// What a payload says. Borrows from the body where it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload<'a> {
    /// The member `event`.
    pub kind: EventKind,
    /// The member `project_id`.
    pub project: ProjectId,
    /// The member `created_at`.
    pub created_at: Timestamp,
    /// The member `lead`.
    pub lead: Lead<'a>,
}

/// Why a payload is not an event.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("{message}")]
pub struct PayloadError {
    /// JSON pointer (RFC 6901) of the member that is wrong; empty for the body as a whole.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
}

impl PayloadError {
    fn new(pointer: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { pointer: pointer.into(), message: message.to_string() }
    }
}

impl<'a> Payload<'a> {
    /// Parses the body of an event. Members that are not named here are left alone, but what a parser in another language
    /// could refuse is refused wherever it stands.
    ///
    /// # Errors
    /// The first member that is missing or has the wrong type, by its JSON pointer.
    pub fn parse(body: &'a [u8]) -> Result<Self, PayloadError> {
        Self::read(body).ok_or_else(|| explain::explain(body)).and_then(|payload| {
            text::check_structure(body)?;
            Ok(payload)
        })
    }

    /// The payload, if everything that it must have is right.
    fn read(body: &'a [u8]) -> Option<Self> {
        // Parsers do not look at the bytes of members that nobody reads.
        std::str::from_utf8(body).ok()?;
        let Object(raw) = serde_json::from_slice::<Object<RawPayload<'a>>>(body).ok()?;
        Some(Self {
            kind: raw.event?.0.parse().ok()?,
            project: raw.project_id?.0.parse().ok()?,
            created_at: raw.created_at?.0.parse().ok()?,
            lead: raw.lead?.0.into(),
        })
    }
}

#[derive(Deserialize)]
struct RawPayload<'a> {
    #[serde(borrow)]
    event: Option<Text<'a>>,
    #[serde(borrow)]
    project_id: Option<Text<'a>>,
    #[serde(borrow)]
    created_at: Option<Text<'a>>,
    #[serde(borrow)]
    lead: Option<Object<RawLead<'a>>>,
}

#[derive(Deserialize)]
struct RawLead<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    phone: Option<Text<'a>>,
    #[serde(borrow)]
    email: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    #[serde(borrow)]
    conversation_id: Option<Text<'a>>,
}

/// A value that is written as an object: derived types take a list of their members' values as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// A string that borrows when it has no escapes (a bare `Option<Cow>` would always copy).
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> From<RawLead<'a>> for Lead<'a> {
    fn from(raw: RawLead<'a>) -> Self {
        Self {
            name: collected(raw.name),
            phone: collected(raw.phone),
            email: collected(raw.email),
            message: collected(raw.message),
            channel: collected(raw.channel),
            conversation_id: collected(raw.conversation_id),
        }
    }
}

fn collected(text: Option<Text<'_>>) -> Option<Cow<'_, str>> {
    text.map(|text| text.0).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: &str = "0198c0de-7e57-7aaa-8000-0123456789ab";

    fn body(lead: &str) -> String {
        format!(
            r#"{{"event":"lead.created","project_id":"{PROJECT}","created_at":"2026-05-31T10:00:00Z","lead":{lead},"x":1}}"#
        )
    }

    #[test]
    fn missing_null_and_empty_all_mean_not_collected() {
        let text = body(r#"{"name":null,"phone":"","email":"  ","message":"a\nb","extra":{}}"#);
        let lead = Payload::parse(text.as_bytes()).unwrap().lead;
        assert_eq!(lead, Lead { message: Some("a\nb".into()), ..Lead::default() });
    }

    #[test]
    fn texts_borrow_from_the_body() {
        let text = body(r#"{"name":"John Smith"}"#);
        let lead = Payload::parse(text.as_bytes()).unwrap().lead;
        assert!(matches!(lead.name, Some(Cow::Borrowed("John Smith"))));
    }

    fn refused(body: &[u8]) -> PayloadError {
        match Payload::parse(body) {
            Ok(_) => panic!("accepted: {}", String::from_utf8_lossy(body)),
            Err(error) => error,
        }
    }

    #[test]
    fn errors_name_the_member_and_say_what_it_is() {
        let whole = body("{}");
        let without = |name: &str| whole.replace(&format!("\"{name}\":"), "\"other\":");
        let with = |name: &str, value: &str| {
            let member = whole.split(',').find(|part| part.contains(&format!("\"{name}\":"))).unwrap();
            whole.replacen(
                member,
                &format!("{}\"{name}\":{value}", if name == "event" { "{" } else { "" }),
                1,
            )
        };
        for (text, pointer, words) in [
            ("", "", "empty"),
            ("[]", "", "a list, but an event is a JSON object; send several"),
            (&format!(r#"["lead.created","{PROJECT}","2026-05-31T10:00:00Z",{{}}]"#), "", "a list"),
            (&body(r#"["Ann",null,null,null,null,null]"#), "/lead", "`lead` is a list"),
            ("7", "", "a number"),
            (&format!("{whole} x"), "", "line 1, column"),
            (&whole[..20], "", "ends before the JSON does"),
            (&without("event"), "/event", "`event` is missing"),
            (&with("event", "1"), "/event", "`event` is a number, but must be a string"),
            (&with("event", "\"lead.deleted\""), "/event", "lead.created"),
            (&with("project_id", "null"), "/project_id", "`project_id` is null, but must be a string"),
            (&with("project_id", "\"uuid\""), "/project_id", "UUID"),
            (&without("created_at"), "/created_at", "`created_at` is missing"),
            (&with("created_at", "null"), "/created_at", "`created_at` is null"),
            (&with("created_at", "\"today\""), "/created_at", "RFC 3339"),
            (&without("lead"), "/lead", "`lead` is missing"),
            (&body("null"), "/lead", "`lead` is null, but must be an object"),
            (&body("\"Ann\""), "/lead", "`lead` is a string"),
            (&body(r#"{"phone":12025551234}"#), "/lead/phone", "`phone` is a number, but must be a string"),
            (&body(r#"{"a":1,"a":2,"email":["x"]}"#), "/lead/email", "`email` is a list"),
            (&body(r#"{"name":"a","name":"b"}"#), "/lead/name", "`name` is there twice"),
            (&whole.replacen('{', r#"{"lead":{},"#, 1), "/lead", "`lead` is there twice"),
        ] {
            let error = refused(text.as_bytes());
            assert_eq!(error.pointer, pointer, "{text}: {error}");
            assert!(error.message.contains(words), "{text}: {error}");
            assert!(!error.message.contains("Raw") && !error.message.contains("struct"), "{error}");
        }
    }

    #[test]
    fn what_a_parser_in_another_language_refuses_is_refused_where_it_stands() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let objects = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        for (member, pointer, words) in [
            (r#""n":"\ud800""#.to_owned(), "/lead/n", "half of a surrogate pair"),
            (r#""n":"\udc00\ud800""#.to_owned(), "/lead/n", "half of a surrogate pair"),
            (r#""n":"\uD83D x \uDE00""#.to_owned(), "/lead/n", "half of a surrogate pair"),
            (r#""name":"\ud800""#.to_owned(), "/lead/name", "half of a surrogate pair"),
            (r#""n":[1,{"a/b":["x","\ud800"]}]"#.to_owned(), "/lead/n/1/a~1b/1", "half of a surrogate pair"),
            (r#""n":{"\ud800":1}"#.to_owned(), "/lead/n", "the name of a member"),
            (r#""n":{"a":{"\u0000x":1}}"#.to_owned(), "/lead/n/a", r"`\u0000`"),
            (format!(r#""n":{}"#, deep(200)), "/lead/n", "more than 64 deep"),
            (format!(r#""n":{}"#, deep(63)), "/lead/n", "more than 64 deep"),
            (format!(r#""n":[0,{{"m":{}}}]"#, deep(5_000)), "/lead/n/1/m", "more than 64 deep"),
        ] {
            let error = refused(body(&format!("{{{member}}}")).as_bytes());
            assert_eq!(error.pointer, pointer, "{member}: {error}");
            assert!(error.message.contains(words), "{member}: {error}");
        }
        let error = refused(body(&format!(r#"{{"n":{objects}}}"#)).as_bytes());
        assert!(error.pointer.starts_with("/lead/n/a/a") && error.message.contains("64 deep"), "{error}");

        for accepted in [
            r#""n":"\ud83d\ude00 \\ud800 \\\\ \u0041""#.to_owned(),
            r#""n":"a\u0000b","name":"a\u0000b""#.to_owned(),
            r#""n":{"\ud83d\ude00":1,"a\\u0000":1}"#.to_owned(),
            format!(r#""n":{}"#, deep(62)),
            format!(r#""n":"{}","m":[{}0]"#, "[".repeat(500), "[],".repeat(500)),
        ] {
            let text = body(&format!("{{{accepted}}}"));
            assert!(Payload::parse(text.as_bytes()).is_ok(), "{accepted}");
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{accepted}");
        }
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_refused_where_they_stand() {
        for (lead, pointer) in [
            (&b"{\"name\":\"Andr\xe9\"}"[..], "/lead/name"),
            (b"{\"custom\":[\"ok\",{\"city\":\"M\xfcnchen\"}]}", "/lead/custom/1/city"),
            (b"{\"custom\":{\"stra\xdfe\":1}}", "/lead/custom"),
            (b"{\"n\":\"\xed\xa0\x80\"}", "/lead/n"),
        ] {
            let body = body("LEAD");
            let (before, after) = body.split_once("LEAD").unwrap();
            let error = refused(&[before.as_bytes(), lead, after.as_bytes()].concat());
            assert_eq!(error.pointer, pointer, "{error}");
            assert!(error.message.contains("not UTF-8"), "{error}");
        }
    }

    #[test]
    fn bodies_that_are_something_else_are_called_so() {
        let utf_16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect();
        let json = body("{}");
        let little: Vec<u8> = utf_16(&json, u16::to_le_bytes);
        let big: Vec<u8> = utf_16(&json, u16::to_be_bytes);
        let marked: Vec<u8> = utf_16(&format!("\u{feff}{json}"), u16::to_le_bytes);
        for (body, words) in [
            (&little[..], "UTF-16"),
            (&big, "UTF-16"),
            (&marked, "UTF-16"),
            (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "compressed"),
            (b"\x28\xb5\x2f\xfd\x04", "compressed"),
            (b"\x78\x9c\xab\x56", "compressed"),
            (b"event=lead.created&project_id=1", "a form"),
            (b"lead%5Bname%5D=Ann", "a form"),
            (b"--X-BOUNDARY\r\ncontent-disposition: form-data", "a multipart form"),
            (b"<?xml version=\"1.0\"?>", "XML"),
        ] {
            let error = refused(body);
            assert_eq!(error.pointer, "");
            assert!(error.message.contains(words), "{words}: {error}");
        }
    }

    #[test]
    fn events_say_the_same_whatever_their_time() {
        let event = |payload: &str| Event {
            id: EventId::from_bytes([1; 16]),
            project: PROJECT.parse().unwrap(),
            kind: EventKind::LeadCreated,
            received_at: Timestamp::EPOCH,
            payload: Bytes::copy_from_slice(payload.as_bytes()),
        };
        let first = body(r#"{"name":"Ann"}"#);
        let later = first.replace("10:00:00Z", "10:00:07Z");
        assert!(event(&first).says_the_same_as(&event(&first)));
        assert!(event(&first).says_the_same_as(&event(&later)));
        for other in [first.replace("Ann", "Bob"), first.replace("\"x\":1", "\"x\":2"), "not JSON".to_owned()]
        {
            assert!(!event(&first).says_the_same_as(&event(&other)), "{other}");
        }
        assert!(!event("not JSON").says_the_same_as(&event("no JSON either")));
    }

    #[test]
    fn a_byte_order_mark_is_taken_off() {
        let json = body("{}");
        let marked = format!("\u{feff}{json}");
        assert_eq!(without_bom(marked.as_bytes()), json.as_bytes());
        assert_eq!(without_bom(json.as_bytes()), json.as_bytes());
    }
}
