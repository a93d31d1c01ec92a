//! Why a body is not an event, in words for the people who build producers.

use jsonptr::PointerBuf;
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};

use super::{EventKind, Object, PayloadError, RawPayload, text};
use crate::id::ProjectId;
use crate::time::Timestamp;

/// The fields of a lead, each a text.
const LEAD_FIELDS: [&str; 6] = ["name", "phone", "email", "message", "channel", "conversation_id"];

/// Says what is wrong with a body that is no event, which is read once more for it: events, the rule, do not pay for this.
pub(super) fn explain(body: &[u8]) -> PayloadError {
    if let Err(error) = text::check_encoding(body) {
        return error;
    }
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return text::check_structure(body).err().unwrap_or_else(|| not_json(&error)),
    };
    member_error(&value).or_else(|| repeated(body)).unwrap_or_else(|| {
        PayloadError::new("", "the body is not an event: see the API's documentation of `POST /v1/events`")
    })
}

fn not_json(error: &serde_json::Error) -> PayloadError {
    let place = format!("line {}, column {}", error.line(), error.column());
    let message = if error.is_eof() {
        format!("the body is not JSON: it ends before the JSON does ({place})")
    } else {
        format!("the body is not JSON: the first mistake is at {place}")
    };
    PayloadError::new("", message)
}

/// The first member that is wrong.
fn member_error(value: &Value) -> Option<PayloadError> {
    let Value::Object(event) = value else {
        let hint = match value {
            Value::Array(_) => "; send several events as `application/x-ndjson`, one on each line",
            _ => "",
        };
        let message = format!("the body is {}, but an event is a JSON object{hint}", kind(value));
        return Some(PayloadError::new("", message));
    };
    let wrong =
        |name: &str, error: &dyn std::fmt::Display| Some(PayloadError::new(format!("/{name}"), error));
    for name in ["event", "project_id", "created_at"] {
        let text = match required_text(event, name) {
            Ok(text) => text,
            Err(error) => return Some(error),
        };
        let error = match name {
            "event" => text.parse::<EventKind>().err().and_then(|error| wrong(name, &error)),
            "project_id" => text.parse::<ProjectId>().err().and_then(|error| wrong(name, &error)),
            _ => text.parse::<Timestamp>().err().and_then(|error| wrong(name, &error)),
        };
        if error.is_some() {
            return error;
        }
    }
    lead_error(event.get("lead"))
}

fn required_text<'a>(event: &'a Map<String, Value>, name: &str) -> Result<&'a str, PayloadError> {
    let message = match event.get(name) {
        Some(Value::String(text)) => return Ok(text),
        None => format!("`{name}` is missing"),
        Some(other) => format!("`{name}` is {}, but must be a string", kind(other)),
    };
    Err(PayloadError::new(format!("/{name}"), message))
}

fn lead_error(lead: Option<&Value>) -> Option<PayloadError> {
    let lead = match lead {
        Some(Value::Object(lead)) => lead,
        None => return Some(PayloadError::new("/lead", "`lead` is missing: an object is expected")),
        Some(other) => {
            return Some(PayloadError::new(
                "/lead",
                format!("`lead` is {}, but must be an object", kind(other)),
            ));
        }
    };
    LEAD_FIELDS.iter().find_map(|name| match lead.get(*name) {
        None | Some(Value::Null | Value::String(_)) => None,
        Some(other) => {
            let message = format!("`{name}` is {}, but must be a string or null", kind(other));
            Some(PayloadError::new(format!("/lead/{name}"), message))
        }
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A member that the body has twice, of which parsers take either.
fn repeated(body: &[u8]) -> Option<PayloadError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let error = serde_path_to_error::deserialize::<_, Object<RawPayload<'_>>>(&mut json).err()?;
    let message = error.inner().to_string();
    let name = message.strip_prefix("duplicate field `")?.split('`').next()?;
    let mut pointer = pointer(error.path());
    if pointer.last().is_none_or(|last| last.decoded() != name) {
        pointer.push_back(name);
    }
    Some(PayloadError::new(pointer.to_string(), format!("`{name}` is there twice")))
}

fn pointer(path: &Path) -> PointerBuf {
    let mut pointer = PointerBuf::new();
    for segment in path {
        match segment {
            Segment::Map { key } => pointer.push_back(key.as_str()),
            Segment::Seq { index } => pointer.push_back(*index),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}
