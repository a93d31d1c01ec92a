//! Reading one value of a JSON text that was cut.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The value at a JSON pointer (RFC 6901); none if the text ends before it, or has no such value.
pub(crate) fn seek(cut_json: &str, pointer: &str) -> Option<Value> {
    let tokens: Vec<String> =
        pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect();
    let mut found = None;
    let mut deserializer = serde_json::Deserializer::from_str(cut_json);
    // What was found stays, although the text then ends too early.
    let _ = Seek { tokens: &tokens, found: &mut found }.deserialize(&mut deserializer);
    found
}

/// Goes down along the tokens, and stops once the value is found.
struct Seek<'a> {
    tokens: &'a [String],
    found: &'a mut Option<Value>,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.tokens.is_empty() {
            *self.found = Some(serde::Deserialize::deserialize(deserializer)?);
            return Err(D::Error::custom("found"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            if name == self.tokens[0] {
                members.next_value_seed(Seek { tokens: &self.tokens[1..], found: &mut *self.found })?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let wanted: Option<usize> = self.tokens[0].parse().ok();
        for index in 0.. {
            let more = if Some(index) == wanted {
                items
                    .next_element_seed(Seek { tokens: &self.tokens[1..], found: &mut *self.found })?
                    .is_some()
            } else {
                items.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_comes_before_the_cut_is_found() {
        let cut =
            r#"{"object":"page","results":[{"id":"a"},{"id":"b","n":{"x/y":7}}],"properties":{"Name":{"tit"#;
        for (pointer, expected) in [
            ("/object", json!("page")),
            ("/results/0/id", json!("a")),
            ("/results/1/n/x~1y", json!(7)),
            ("/results/1", json!({ "id": "b", "n": { "x/y": 7 } })),
        ] {
            assert_eq!(seek(cut, pointer), Some(expected), "{pointer}");
        }
        for pointer in
            ["", "/properties", "/properties/Name", "/results/2", "/results/x", "/object/id", "/absent"]
        {
            assert_eq!(seek(cut, pointer), None, "{pointer}");
        }
    }
}
