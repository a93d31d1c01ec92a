//! JSON bodies and identifiers of paths, parsed with problems that say where they are.

use std::fmt::Display;
use std::str::FromStr;

use hookwright_model::ErrorKind;
use hookwright_model::event::without_bom;
use jsonptr::PointerBuf;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use crate::problem::Problem;

/// Parses a JSON body, naming the member that is wrong.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = without_bom(body);
    if body.trim_ascii().is_empty() {
        return Err(Problem::invalid("", "the body is empty: send JSON"));
    }
    // Derived types take a list of their members' values as well.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::invalid("", "this is a list, but must be an object"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| problem(pointer(error.path()), error.inner()))?;
    json.end().map_err(|error| problem(PointerBuf::new(), &error))?;
    Ok(parsed)
}

/// Parses an identifier of the path. One that is malformed does not exist.
pub(crate) fn id<T: FromStr<Err: Display>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: T::Err| Problem::new(ErrorKind::NotFound, error.to_string()))
}

/// A pointer to one member of an object.
pub(crate) fn member(object: &str, name: &str) -> String {
    let mut pointer = PointerBuf::parse(object).unwrap_or_default();
    pointer.push_back(name);
    pointer.to_string()
}

/// A pointer to what a pointer within an object's value means.
pub(crate) fn joined(object: &str, within: &str) -> String {
    format!("{object}{within}")
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

/// What the parser says, in words for people who have never seen it.
fn problem(mut pointer: PointerBuf, error: &serde_json::Error) -> Problem {
    let place = format!("line {}, column {}", error.line(), error.column());
    if error.is_eof() {
        return Problem::invalid("", format!("the body is not JSON: it ends before the JSON does ({place})"));
    }
    if error.is_syntax() {
        return Problem::invalid("", format!("the body is not JSON: the first mistake is at {place}"));
    }
    let message = error.to_string();
    // Where it stands is the pointer.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    if let Some(name) = quoted_after(message, "missing field ") {
        pointer.push_back(name);
        return Problem::invalid(pointer.to_string(), format!("`{name}` is missing"));
    }
    if let Some(name) = quoted_after(message, "duplicate field ") {
        if pointer.last().is_none_or(|last| last.decoded() != name) {
            pointer.push_back(name);
        }
        return Problem::invalid(pointer.to_string(), format!("`{name}` is there twice"));
    }
    Problem::invalid(pointer.to_string(), reworded(message))
}

fn reworded(message: &str) -> String {
    let member = quoted_after(message, "unknown field ").map(|name| ("member", name));
    let value = quoted_after(message, "unknown variant ").map(|name| ("value", name));
    if let Some((what, name)) = member.or(value) {
        let known = message.split_once(", expected ").map_or("", |(_, known)| known);
        let known = known.trim_start_matches("one of ");
        return match (what, known) {
            ("member", "") => format!("there is no member `{name}`"),
            ("member", known) => format!("there is no member `{name}` here; there are {known}"),
            (_, known) => format!("`{name}` is not a value of it; the values are {known}"),
        };
    }
    let mismatch = ["invalid type: ", "invalid value: "].iter().find_map(|start| message.strip_prefix(start));
    let Some((found, expected)) = mismatch.and_then(|message| message.split_once(", expected ")) else {
        return message.to_owned();
    };
    let expected = match expected {
        "a sequence" => "a list",
        "a map" => "an object",
        number if ["u8", "u16", "u32", "u64", "usize"].contains(&number) => "a number that is not negative",
        other => other,
    };
    format!("this is {}, but must be {expected}", described(found))
}

/// A value as the parser names it.
fn described(found: &str) -> String {
    let (kind, value) = found.split_once(' ').unwrap_or((found, ""));
    let value = value.trim_start_matches("point ").trim_matches('`');
    match kind {
        "integer" | "floating" => format!("the number {value}"),
        "string" => format!("the text {value}"),
        "boolean" => value.to_owned(),
        "sequence" => "a list".to_owned(),
        "map" => "an object".to_owned(),
        _ => found.to_owned(),
    }
}

/// The text between the backticks that follow the start of a message.
fn quoted_after<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    message.strip_prefix(start)?.strip_prefix('`')?.split('`').next()
}

#[cfg(test)]
mod tests {
    use hookwright_api_types::webhook::WebhookPatch;
    use serde_json::json;

    use super::*;

    fn refused(body: &str) -> (String, String) {
        let problem = json::<WebhookPatch>(body.as_bytes()).unwrap_err();
        (problem.pointers().join(" "), problem.detail().to_owned())
    }

    #[test]
    fn problems_are_told_in_plain_words_and_at_their_place() {
        for (body, pointer, words) in [
            ("", "", "the body is empty"),
            ("{", "", "it ends before the JSON does (line 1, column 1)"),
            ("{]", "", "the first mistake is at line 1, column 2"),
            ("{} {}", "", "the first mistake is at line 1, column 4"),
            ("[]", "", "this is a list, but must be an object"),
            (r#"{"name": 7}"#, "/name", "this is the number 7, but must be a string"),
            (r#"{"events": {}}"#, "/events", "this is an object, but must be a list"),
            (r#"{"events": [null]}"#, "/events/0", "this is null, but must be a string"),
            (r#"{"headers": {"a/b": 7}}"#, "/headers/a~1b", "this is the number 7, but must be a string"),
            (r#"{"retry": 3}"#, "/retry", "this is the number 3, but must be an object"),
            (r#"{"retry": {"factor": -1}}"#, "/retry/factor", "must be a number that is not negative"),
            (
                r#"{"state": "off"}"#,
                "/state",
                "`off` is not a value of it; the values are `active` or `paused`",
            ),
            (r#"{"name": "a", "name": "b"}"#, "/name", "`name` is there twice"),
            (r#"{"mapping": {}}"#, "/mapping/plugin", "`plugin` is missing"),
            (r#"{"colour": 7}"#, "/colour", "there is no member `colour` here; there are `name`, `url`"),
        ] {
            let (at, detail) = refused(body);
            assert_eq!(at, pointer, "{body}: {detail}");
            assert!(detail.contains(words), "{body}: {detail}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_taken_off() {
        assert_eq!(json::<serde_json::Value>(b"\xef\xbb\xbf{}").unwrap(), json!({}));
    }

    #[test]
    fn a_member_is_escaped_within_its_pointer() {
        assert_eq!(member("/headers", "a/b~c"), "/headers/a~1b~0c");
    }
}
