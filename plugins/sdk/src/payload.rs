//! The whole event as it was received.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use crate::{Event, Failure};

/// How deep lists and objects may be nested: far more than people nest, and little enough for the stack of a plugin.
const MAX_DEPTH: usize = 256;

impl Event {
    /// The payload as JSON. Numbers keep all their digits and any exponent (`1E400` is then written `1e+400`). Half of a
    /// surrogate pair, which JSON can write and no text can hold, becomes U+FFFD.
    ///
    /// # Errors
    /// A permanent failure if the payload is not JSON, or nested too deeply.
    pub fn payload(&self) -> Result<Value, Failure> {
        parse(&self.json)
            .map_err(|problem| Failure::permanent(format!("The event cannot be read: {problem}.")))
    }
}

fn parse(json: &str) -> Result<Value, String> {
    if depth(json) > MAX_DEPTH {
        return Err(format!("its lists and objects are nested more than {MAX_DEPTH} deep"));
    }
    let read = |json: &str| {
        let mut reader = serde_json::Deserializer::from_str(json);
        reader.disable_recursion_limit();
        let value = Value::deserialize(&mut reader)?;
        reader.end().map(|()| value)
    };
    read(json).or_else(|error| match without_lone_surrogates(json) {
        Cow::Owned(readable) => read(&readable).map_err(|error| error.to_string()),
        Cow::Borrowed(_) => Err(error.to_string()),
    })
}

/// How deep lists and objects are nested.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The JSON with `\ufffd` for each escape of half a surrogate pair.
fn without_lone_surrogates(json: &str) -> Cow<'_, str> {
    let mut readable = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = json[at..].find('\\') {
        at += found;
        let escape = &json[at..];
        match surrogate(escape) {
            // The two halves of a pair.
            Some(0xd800..0xdc00) if matches!(escape.get(6..).and_then(surrogate), Some(0xdc00..0xe000)) => {
                at += 12;
            }
            Some(0xd800..0xe000) => {
                readable.push_str(&json[copied..at]);
                readable.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            _ => at += escape.chars().take(2).map(char::len_utf8).sum::<usize>(),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    readable.push_str(&json[copied..]);
    Cow::Owned(readable)
}

/// The code unit of a `\uXXXX` at the start of the text.
fn surrogate(escape: &str) -> Option<u16> {
    u16::from_str_radix(escape.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let json = r#"{"long":12345678901234567890123,"huge":1e+400,"tiny":1.0000000000000000000001}"#;
        assert_eq!(parse(json).unwrap().to_string(), json);
        assert_eq!(parse("1E400").unwrap().to_string(), "1e+400");
    }

    #[test]
    fn half_a_pair_is_replaced_and_a_whole_one_is_not() {
        let json = r#"{"a":"\ud800","b":"x\uDC00\\ud800","c":"\ud83e\udd80","d":"\ud83e\ud83e\udd80"}"#;
        let expected = json!({ "a": "\u{fffd}", "b": "x\u{fffd}\\ud800", "c": "🦀", "d": "\u{fffd}🦀" });
        assert_eq!(parse(json).unwrap(), expected);
    }

    #[test]
    fn deep_nesting_is_read_up_to_a_limit() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        for depth in [200, MAX_DEPTH] {
            assert_eq!(parse(&nested(depth)).unwrap().to_string(), nested(depth));
        }
        assert!(parse(&nested(MAX_DEPTH + 1)).unwrap_err().contains("nested"));
        assert_eq!(depth(r#"["[[[\"[", {"{": []}]"#), 3);
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in ["", "<", "{} {}", r#"{"a":}"#] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
