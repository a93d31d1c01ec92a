//! Values of properties, by the types of their columns.

use hookwright_sdk::{text, time};
use serde_json::{Value, json};

use crate::room::Room;
use crate::settings::Kind;

/// In UTF-16 units.
const ADDRESS_MAX_UNITS: usize = 200;
const URL_MAX_UNITS: usize = 2_000;
const OPTION_MAX_UNITS: usize = 100;
const MAX_OPTIONS: usize = 100;

/// The value of a property of this type.
///
/// # Errors
/// Why there is none: it is better left empty than refused by Notion with the whole page.
pub(crate) fn of(kind: Kind, value: &Value, room: &mut Room) -> Result<Value, &'static str> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let content = match kind {
        Kind::Title => text::line(&text).and_then(|line| room.short_text(&line)).ok_or(NO_ROOM)?,
        Kind::RichText => room.rich_text(&text).ok_or(NO_ROOM)?,
        Kind::PhoneNumber | Kind::Email => {
            let line = text::line(&text).ok_or(NO_ROOM)?;
            if line.encode_utf16().count() > ADDRESS_MAX_UNITS {
                return Err("it is longer than Notion takes, and half of it is of no use");
            }
            room.take(&line, ADDRESS_MAX_UNITS).ok_or(NO_ROOM)?.into()
        }
        Kind::Url => url(&text)?,
        Kind::Select | Kind::Status => {
            json!({ "name": option(&text.replace(',', " ")).ok_or("it names no option")? })
        }
        Kind::MultiSelect => options(value, &text)?,
        Kind::Date => date(&text)?,
        Kind::Number => number(value)?,
        Kind::Checkbox => checkbox(value)?,
    };
    Ok(json!({ kind.name(): content }))
}

const NO_ROOM: &str = "Notion accepts no more text in one request";

fn url(text: &str) -> Result<Value, &'static str> {
    let line = text::line(text).filter(|line| line.encode_utf16().count() <= URL_MAX_UNITS);
    line.map(Value::from).ok_or("it is longer than Notion takes for a link, and half a link is of no use")
}

/// The name of an option, without what Notion does not take in one.
fn option(text: &str) -> Option<String> {
    let line = text::line(text)?;
    let mut room = Room::new();
    room.take(&line, OPTION_MAX_UNITS).map(std::borrow::Cow::into_owned)
}

/// Each item of a list, or of a text with commas.
fn options(value: &Value, text: &str) -> Result<Value, &'static str> {
    let mut names: Vec<String> = Vec::new();
    let texts = value.as_array().map_or_else(
        || text.split(',').map(str::to_owned).collect::<Vec<_>>(),
        |items| {
            items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
        },
    );
    for name in texts.iter().filter_map(|text| option(&text.replace(',', " "))) {
        if !names.contains(&name) && names.len() < MAX_OPTIONS {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Err("it names no option");
    }
    Ok(names.iter().map(|name| json!({ "name": name })).collect())
}

fn date(text: &str) -> Result<Value, &'static str> {
    if time::is_time_or_date(text) {
        Ok(json!({ "start": text }))
    } else {
        Err("it is neither an RFC 3339 time nor a date such as 2026-05-31")
    }
}

fn number(value: &Value) -> Result<Value, &'static str> {
    let number = match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.map(Value::from).ok_or("it is no number")
}

fn checkbox(value: &Value) -> Result<Value, &'static str> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::String(text) if text == "true" => Ok(true.into()),
        Value::String(text) if text == "false" => Ok(false.into()),
        _ => Err("it is neither true nor false"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: Kind, value: &Value) -> Result<Value, &'static str> {
        of(kind, value, &mut Room::new())
    }

    #[test]
    fn each_type_has_its_form() {
        for (kind, found, expected) in [
            (
                Kind::Title,
                json!("a\nb"),
                json!({ "title": [{ "type": "text", "text": { "content": "a b" } }] }),
            ),
            (
                Kind::RichText,
                json!("a\nb"),
                json!({ "rich_text": [{ "type": "text", "text": { "content": "a\nb" } }] }),
            ),
            (
                Kind::RichText,
                json!([1]),
                json!({ "rich_text": [{ "type": "text", "text": { "content": "[1]" } }] }),
            ),
            (Kind::PhoneNumber, json!("+1"), json!({ "phone_number": "+1" })),
            (Kind::Email, json!("a@b"), json!({ "email": "a@b" })),
            (Kind::Url, json!("https://example.com"), json!({ "url": "https://example.com" })),
            (Kind::Select, json!("web, chat"), json!({ "select": { "name": "web chat" } })),
            (Kind::Status, json!("New"), json!({ "status": { "name": "New" } })),
            (
                Kind::MultiSelect,
                json!("a, b,,a"),
                json!({ "multi_select": [{ "name": "a" }, { "name": "b" }] }),
            ),
            (
                Kind::MultiSelect,
                json!(["a,b", 7]),
                json!({ "multi_select": [{ "name": "a b" }, { "name": "7" }] }),
            ),
            (Kind::Date, json!("2026-05-31"), json!({ "date": { "start": "2026-05-31" } })),
            (Kind::Number, json!(7.5), json!({ "number": 7.5 })),
            (Kind::Number, json!(" -7 "), json!({ "number": -7 })),
            (Kind::Checkbox, json!(true), json!({ "checkbox": true })),
            (Kind::Checkbox, json!("false"), json!({ "checkbox": false })),
        ] {
            assert_eq!(value(kind, &found), Ok(expected), "{found}");
        }
    }

    #[test]
    fn what_a_column_cannot_hold_is_left_out() {
        for (kind, found) in [
            (Kind::Url, json!("x".repeat(2_001))),
            (Kind::Email, json!("x".repeat(201))),
            (Kind::PhoneNumber, json!("1".repeat(201))),
            (Kind::Select, json!(", ,")),
            (Kind::MultiSelect, json!(",")),
            (Kind::Date, json!("yesterday")),
            (Kind::Number, json!("seven")),
            (Kind::Number, json!("NaN")),
            (Kind::Number, json!([7])),
            (Kind::Checkbox, json!("yes")),
            (Kind::Checkbox, json!(1)),
        ] {
            assert!(value(kind, &found).is_err(), "{found}");
        }
    }

    #[test]
    fn long_values_are_cut_at_the_limits_of_their_types() {
        let long = json!("🦀".repeat(2_000));
        for (kind, pointer, units) in [
            (Kind::Title, "/title/0/text/content", 2_000),
            (Kind::Select, "/select/name", 100),
            (Kind::MultiSelect, "/multi_select/0/name", 100),
        ] {
            let value = value(kind, &long).unwrap();
            let text = value.pointer(pointer).unwrap().as_str().unwrap();
            assert!(
                text.ends_with('…') && (units - 1..=units).contains(&text.encode_utf16().count()),
                "{pointer}"
            );
        }
        let many: Vec<String> = (0..150).map(|index| index.to_string()).collect();
        assert_eq!(
            value(Kind::MultiSelect, &json!(many)).unwrap()["multi_select"].as_array().unwrap().len(),
            100
        );
    }
}
