//! Events as the producer sends them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::Deserialize;

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
    /// Parses the body of an event. Members that are not named here are left alone.
    ///
    /// # Errors
    /// The first member that is missing or has the wrong type, by its JSON pointer.
    pub fn parse(body: &'a [u8]) -> Result<Self, PayloadError> {
        let raw: RawPayload<'a> = serde_json::from_slice(body).map_err(|error| locate(body, &error))?;
        let kind = required(raw.event, "/event")?.parse().map_err(|e| PayloadError::new("/event", e))?;
        let project = required(raw.project_id, "/project_id")?
            .parse()
            .map_err(|e| PayloadError::new("/project_id", e))?;
        let created_at = required(raw.created_at, "/created_at")?
            .parse()
            .map_err(|e| PayloadError::new("/created_at", e))?;
        let lead =
            raw.lead.ok_or_else(|| PayloadError::new("/lead", "`lead` is missing: an object is expected"))?;
        Ok(Self { kind, project, created_at, lead: lead.into() })
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
    lead: Option<RawLead<'a>>,
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

fn required<'a>(text: Option<Text<'a>>, pointer: &'static str) -> Result<Cow<'a, str>, PayloadError> {
    text.map(|text| text.0).ok_or_else(|| {
        PayloadError::new(pointer, format!("`{}` is missing", pointer.trim_start_matches('/')))
    })
}

/// Names the member at which parsing failed, by parsing once more with the path tracked: valid payloads, the rule,
/// do not pay for it.
fn locate(body: &[u8], error: &serde_json::Error) -> PayloadError {
    if error.is_syntax() || error.is_eof() {
        return PayloadError::new("", format!("the body is not JSON: {error}"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, RawPayload<'_>>(&mut json) {
        Err(located) => PayloadError::new(pointer(located.path()), located.inner()),
        Ok(_) => PayloadError::new("", format!("the body is not one JSON object: {error}")),
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
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

    #[test]
    fn errors_name_the_member() {
        let wrong = [
            ("", ""),
            ("[]", ""),
            (r#"{"event":"lead.created"} x"#, ""),
            (r#"{"event":1}"#, "/event"),
            (r#"{"event":"lead.deleted"}"#, "/event"),
            (r#"{"event":"lead.created","project_id":"uuid"}"#, "/project_id"),
            (&body("null"), "/lead"),
            (&body(r#"{"phone":12025551234}"#), "/lead/phone"),
            (&body(r#"{"a":1,"a":2,"email":["x"]}"#), "/lead/email"),
            (&body("{}").replace("2026-05-31T10:00:00Z", "today"), "/created_at"),
        ];
        for (text, pointer) in wrong {
            let error = Payload::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.pointer, pointer, "{text}: {error}");
            assert!(!error.message.is_empty());
        }
    }
}
