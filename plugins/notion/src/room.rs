//! How much text fits.

use std::borrow::Cow;

use serde_json::{Value, json};

/// Notion takes requests of 500 kB. This is for the texts; the rest is for what is around them.
const TEXT_MAX_BYTES: usize = 440_000;
/// The content of one rich text item, in UTF-16 units.
const ITEM_MAX_UNITS: usize = 2_000;
/// A hundred items, of which each may lose a unit, because a character of two is not divided.
const RICH_TEXT_MAX_UNITS: usize = 100 * (ITEM_MAX_UNITS - 1);
const ELLIPSIS: &str = "…";

/// The room that is left for texts in a request.
pub(crate) struct Room {
    bytes: usize,
}

impl Room {
    /// That of an empty request.
    pub(crate) fn new() -> Self {
        Self { bytes: TEXT_MAX_BYTES }
    }

    /// So much of the text as fits, at most so many UTF-16 units; what was cut shows as an ellipsis. None if nothing fits.
    pub(crate) fn take<'t>(&mut self, text: &'t str, max_units: usize) -> Option<Cow<'t, str>> {
        let whole = start_within(text, max_units, self.bytes);
        let taken = if whole.len() == text.len() {
            Cow::Borrowed(text)
        } else {
            let bytes = self.bytes.checked_sub(ELLIPSIS.len())?;
            Cow::Owned(start_within(text, max_units - 1, bytes).to_owned() + ELLIPSIS)
        };
        self.bytes -= taken.chars().map(json_bytes).sum::<usize>();
        Some(taken).filter(|taken| !taken.is_empty())
    }

    /// The text as a list of rich text items; none if nothing fits.
    pub(crate) fn rich_text(&mut self, text: &str) -> Option<Value> {
        let text = self.take(text, RICH_TEXT_MAX_UNITS)?;
        let mut rest = &*text;
        let mut items = Vec::new();
        while !rest.is_empty() {
            let (content, next) = rest.split_at(start(rest, ITEM_MAX_UNITS).len());
            items.push(item(content));
            rest = next;
        }
        Some(items.into())
    }

    /// The text as a list of one rich text item; none if nothing fits.
    pub(crate) fn short_text(&mut self, text: &str) -> Option<Value> {
        Some(json!([item(&self.take(text, ITEM_MAX_UNITS)?)]))
    }
}

fn item(content: &str) -> Value {
    json!({ "type": "text", "text": { "content": content } })
}

/// The longest start of the text with at most so many UTF-16 units.
pub(crate) fn start(text: &str, max_units: usize) -> &str {
    start_within(text, max_units, usize::MAX)
}

/// The longest start of the text with at most so many UTF-16 units, and so many bytes in JSON.
fn start_within(text: &str, max_units: usize, max_bytes: usize) -> &str {
    let (mut units, mut bytes) = (0, 0);
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        bytes += json_bytes(c);
        if units > max_units || bytes > max_bytes {
            return &text[..at];
        }
    }
    text
}

/// The bytes of a character in JSON. Of control characters there are only newlines and tabs, which have short escapes.
fn json_bytes(c: char) -> usize {
    if matches!(c, '"' | '\\' | '\n' | '\t') { 2 } else { c.len_utf8() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(items: &Value) -> Vec<&str> {
        items.as_array().unwrap().iter().map(|item| item["text"]["content"].as_str().unwrap()).collect()
    }

    #[test]
    fn long_texts_become_items_between_characters() {
        let crabs = "a".to_owned() + &"🦀".repeat(2_000);
        let items = Room::new().rich_text(&crabs).unwrap();
        let items = contents(&items);
        assert_eq!(
            items.iter().map(|item| item.encode_utf16().count()).collect::<Vec<_>>(),
            [1_999, 2_000, 2]
        );
        assert_eq!(items.concat(), crabs);
    }

    #[test]
    fn a_hundred_items_are_never_exceeded() {
        for unit in ["a", "a🦀", "🦀"] {
            let items = Room::new().rich_text(&unit.repeat(210_000)).unwrap();
            let items = contents(&items);
            assert!(items.len() <= 100 && items.last().unwrap().ends_with('…'), "{unit}: {}", items.len());
        }
    }

    #[test]
    fn all_texts_together_stay_below_the_limit_of_a_request() {
        let mut room = Room::new();
        let message = "\"\n🦀".repeat(40_000);
        let texts: Vec<Value> = std::iter::from_fn(|| room.rich_text(&message)).collect();
        assert_eq!(texts.len(), 2);
        assert!(contents(&texts[1]).last().unwrap().ends_with('…'));
        let bytes = Value::from(texts).to_string().len();
        assert!((430_000..480_000).contains(&bytes), "{bytes}");
        assert_eq!(room.take("more", 10), None);
    }

    #[test]
    fn short_texts_are_cut_to_one_item() {
        assert_eq!(Room::new().take("abcd", 3).as_deref(), Some("ab…"));
        assert_eq!(Room::new().take("🦀🦀", 3).as_deref(), Some("🦀…"));
        let long = Room::new().short_text(&"a".repeat(3_000)).unwrap();
        assert_eq!(contents(&long)[0].encode_utf16().count(), 2_000);
    }
}
