//! What a mapping should leave out instead of sending it empty.

use serde_json::Value;

/// The JSON pointer to the first null, empty text, empty list or empty object; none if there is no such thing.
pub(crate) fn first_blank(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) => text.is_empty().then(String::new),
        Value::Array(items) if items.is_empty() => Some(String::new()),
        Value::Object(members) if members.is_empty() => Some(String::new()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| first_blank(item).map(|rest| format!("/{index}{rest}"))),
        Value::Object(members) => {
            members.iter().find_map(|(name, member)| first_blank(member).map(|rest| format!("/{name}{rest}")))
        }
        Value::Bool(_) | Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_blank_is_named() {
        for (value, at) in [
            (json!({ "a": [1, { "b": null }] }), Some("/a/1/b")),
            (json!([{ "a": false, "b": 0 }, ""]), Some("/1")),
            (json!({ "a": {} }), Some("/a")),
            (json!([]), Some("")),
            (json!({ "a": "x" }), None),
        ] {
            assert_eq!(first_blank(&value).as_deref(), at, "{value}");
        }
    }
}
