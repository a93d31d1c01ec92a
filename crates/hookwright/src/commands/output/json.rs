//! JSON for reading.

use std::borrow::Cow;

use serde::de::IgnoredAny;

const INDENT: usize = 2;

/// The JSON with one member or element on each line. The order of members, the spelling of numbers and strings stay
/// as they are, so it shows what was really sent. Text that is no JSON stays as it is altogether.
pub(crate) fn indented(text: &str) -> Cow<'_, str> {
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0;
    let mut rest = text;
    while let Some((token, after)) = next_token(rest) {
        rest = after;
        match token {
            "{" | "[" => {
                out.push_str(token);
                depth += 1;
                if !after.trim_start().starts_with(['}', ']']) {
                    new_line(&mut out, depth);
                }
            }
            "}" | "]" => {
                depth -= 1;
                if !out.ends_with(['{', '[']) {
                    new_line(&mut out, depth);
                }
                out.push_str(token);
            }
            "," => {
                out.push_str(token);
                new_line(&mut out, depth);
            }
            ":" => out.push_str(": "),
            value => out.push_str(value),
        }
    }
    Cow::Owned(out)
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', depth * INDENT));
}

/// The first token of valid JSON, and what follows it.
fn next_token(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = match text.chars().next()? {
        '"' => string_end(text),
        '{' | '}' | '[' | ']' | ',' | ':' => 1,
        _ => text.find(|c: char| matches!(c, '}' | ']' | ',') || c.is_whitespace()).unwrap_or(text.len()),
    };
    Some(text.split_at(end))
}

/// Where the string at the start of the text ends.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_numbers_and_strings_stay_as_they_are() {
        let text =
            r#" {"b":1.0,"a":[true, null,12345678901234567890123],"s":"x \"{,}\" \\","e":{},"l":[ ]} "#;
        let expected = r#"{
  "b": 1.0,
  "a": [
    true,
    null,
    12345678901234567890123
  ],
  "s": "x \"{,}\" \\",
  "e": {},
  "l": []
}"#;
        assert_eq!(indented(text), expected);
        assert_eq!(indented(expected), expected);
        assert_eq!(indented("\"ü\""), "\"ü\"");
    }

    #[test]
    fn what_is_no_json_stays_as_it_is() {
        for text in ["", "OK", "{\"a\":", "<b>{}</b>", "name=x&y"] {
            assert_eq!(indented(text), text);
        }
    }
}
