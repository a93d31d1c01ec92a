//! Rich text: lists of items with a text each.

use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::Refusal;

const MAX_ITEMS: usize = 100;
const CONTENT_MAX_UNITS: usize = 2_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    #[serde(default, rename = "type")]
    kind: ItemKind,
    text: Text,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ItemKind {
    #[default]
    Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    content: String,
}

/// The contents of the items.
pub(super) fn parse(path: &str, value: &Value) -> Result<Vec<String>, Refusal> {
    let items: Vec<Item> = Vec::deserialize(value)
        .map_err(|error| Refusal::member(path, &format!("is no rich text: {error}")))?;
    if items.len() > MAX_ITEMS {
        let problem = format!(".length should be ≤ `{MAX_ITEMS}`, instead was `{}`.", items.len());
        return Err(Refusal::member(path, &problem));
    }
    items
        .into_iter()
        .enumerate()
        .map(|(index, Item { kind: ItemKind::Text, text })| {
            let units = text.content.encode_utf16().count();
            if units > CONTENT_MAX_UNITS {
                let path = format!("{path}[{index}].text.content");
                let problem = format!(".length should be ≤ `{CONTENT_MAX_UNITS}`, instead was `{units}`.");
                return Err(Refusal::member(&path, &problem));
            }
            Ok(text.content)
        })
        .collect()
}

/// The items as Notion shows them.
pub(super) fn shown(contents: &[String]) -> Value {
    let item = |content: &String| {
        json!({
            "type": "text", "text": { "content": content, "link": null },
            "annotations": {
                "bold": false, "italic": false, "strikethrough": false, "underline": false, "code": false,
                "color": "default",
            },
            "plain_text": content, "href": null,
        })
    };
    contents.iter().map(item).collect()
}
