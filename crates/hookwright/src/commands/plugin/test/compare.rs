//! Whether an action is the expected one.

use anyhow::{Result, bail};
use serde_json::{Map, Value};

/// The actions that a delivery can take next.
const ACTIONS: [&str; 6] = ["deliver", "call", "done", "skip", "retry", "hold"];

/// Where the next step differs from what is expected, a line or two for each place; none if it does not.
/// Members of the action and headers that are not expected are not compared; bodies are, as JSON where both are.
///
/// # Errors
/// When the expectation is none.
pub(super) fn differences(expected: &Value, next: &Value) -> Result<Vec<String>> {
    let entry =
        expected.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next());
    let Some((action, members)) = entry.filter(|(action, _)| ACTIONS.contains(&action.as_str())) else {
        bail!("it must be an object with one member, which is named {}", ACTIONS.join(", "));
    };
    let Some(members) = members.as_object() else {
        bail!("`{action}` must be an object with what is expected of it");
    };
    let mut found = Vec::new();
    if next["action"] != *action {
        report("/action", Some(&action.as_str().into()), Some(&next["action"]), &mut found);
        return Ok(found);
    }
    let place = format!("/{action}");
    for (name, expected) in members {
        let pointer = format!("{place}/{}", escaped(name));
        match (name.as_str(), expected, &next[name.as_str()]) {
            ("headers", Value::Object(expected), Value::Object(got)) => {
                headers(&pointer, expected, got, &mut found);
            }
            ("body", expected, got) => compare(&pointer, &body(expected), &body(got), &mut found),
            (_, expected, got) => compare(&pointer, expected, got, &mut found),
        }
    }
    Ok(found)
}

fn headers(place: &str, expected: &Map<String, Value>, got: &Map<String, Value>, found: &mut Vec<String>) {
    for (name, expected) in expected {
        let got = got.get(&name.to_lowercase()).unwrap_or(&Value::Null);
        compare(&format!("{place}/{}", escaped(name)), expected, got, found);
    }
}

/// A body that is the text of a JSON object or list is that.
fn body(body: &Value) -> Value {
    let json = body.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    json.filter(|json| json.is_object() || json.is_array()).unwrap_or_else(|| body.clone())
}

fn compare(place: &str, expected: &Value, got: &Value, found: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            for (name, value) in expected {
                let place = format!("{place}/{}", escaped(name));
                match got.get(name) {
                    Some(got) => compare(&place, value, got, found),
                    None => report(&place, Some(value), None, found),
                }
            }
            for (name, value) in got.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                report(&format!("{place}/{}", escaped(name)), None, Some(value), found);
            }
        }
        (Value::Array(expected), Value::Array(got)) => {
            for index in 0..expected.len().max(got.len()) {
                let place = format!("{place}/{index}");
                match (expected.get(index), got.get(index)) {
                    (Some(expected), Some(got)) => compare(&place, expected, got, found),
                    (expected, got) => report(&place, expected, got, found),
                }
            }
        }
        _ if expected == got => {}
        _ => report(place, Some(expected), Some(got), found),
    }
}

fn report(place: &str, expected: Option<&Value>, got: Option<&Value>, found: &mut Vec<String>) {
    let line = |sign: char, value: &Value| format!("\n  {sign} {value}");
    let expected = expected.map(|value| line('-', value)).unwrap_or_default();
    let got = got.map(|value| line('+', value)).unwrap_or_default();
    found.push(format!("{place}{expected}{got}"));
}

/// A name as a part of a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn next() -> Value {
        json!({"action": "call", "step": "create", "method": "POST", "headers": {"accept": "*/*"},
            "body": r#"{"a": 1, "list": [1, 2], "x/y": null}"#})
    }

    fn found(expected: &Value) -> Vec<String> {
        differences(expected, &next()).unwrap()
    }

    #[test]
    fn what_is_not_named_may_be_anything_but_not_in_a_body() {
        let body = json!({"x/y": null, "list": [1, 2], "a": 1});
        assert_eq!(found(&json!({"call": {"body": body, "headers": {"Accept": "*/*"}}})), [""; 0]);
        assert_eq!(
            found(&json!({"call": {"body": {"list": [1], "a": 2, "b": 3}}})),
            [
                "/call/body/a\n  - 2\n  + 1",
                "/call/body/b\n  - 3",
                "/call/body/list/1\n  + 2",
                "/call/body/x~1y\n  + null",
            ]
        );
    }

    #[test]
    fn a_wrong_action_member_or_header_is_told() {
        assert_eq!(found(&json!({"skip": {}})), ["/action\n  - \"skip\"\n  + \"call\""]);
        assert_eq!(found(&json!({"call": {"methud": "PUT"}})), ["/call/methud\n  - \"PUT\"\n  + null"]);
        assert_eq!(
            found(&json!({"call": {"headers": {"x": "1"}}})),
            ["/call/headers/x\n  - \"1\"\n  + null"]
        );
    }

    #[test]
    fn an_expectation_names_one_action() {
        for wrong in
            [json!({}), json!([]), json!({"cal": {}}), json!({"call": {}, "skip": {}}), json!({"skip": 1})]
        {
            assert!(differences(&wrong, &next()).is_err(), "{wrong}");
        }
    }
}
