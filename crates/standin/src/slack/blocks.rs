//! Block Kit, as far as a message of this account may use it: `header`, `section`, `context` and `divider`, with the
//! limits that docs.slack.dev gives in its block reference.

use serde_json::{Map, Value};

use super::mrkdwn;

const BLOCKS_MAX: usize = 50;
const BLOCK_ID_MAX_UNITS: usize = 255;
const HEADER_MAX_UNITS: usize = 150;
const SECTION_MAX_UNITS: usize = 3_000;
const FIELDS_MAX: usize = 10;
const FIELD_MAX_UNITS: usize = 2_000;
const ELEMENTS_MAX: usize = 10;
/// All texts together; not documented, but reported.
const ALL_MAX_UNITS: usize = 13_000;

pub(super) fn are_valid(blocks: &Value) -> bool {
    let Some(blocks) = blocks.as_array() else { return false };
    let lengths: Vec<Option<usize>> = blocks.iter().map(units_if_valid).collect();
    let all = lengths.iter().copied().sum::<Option<usize>>();
    blocks.len() <= BLOCKS_MAX && all.is_some_and(|units| units <= ALL_MAX_UNITS)
}

/// What people read in each block: its type, and its texts.
pub(super) fn shown(message: &Value) -> Vec<(String, String)> {
    let blocks = message["blocks"].as_array().into_iter().flatten();
    let texts = blocks.flat_map(|block| {
        let kind = block["type"].as_str().unwrap_or_default();
        let lists = [&block["fields"], &block["elements"]].into_iter().filter_map(Value::as_array).flatten();
        let texts = [&block["text"]].into_iter().chain(lists);
        texts.filter_map(|text| text["text"].as_str()).map(move |text| (kind, text))
    });
    let line = |text: &str| mrkdwn::shown(text).replace('\n', " | ");
    texts.map(|(kind, text)| (kind.to_owned(), line(text))).collect()
}

/// The length of the block's texts; none if it is not a block.
fn units_if_valid(block: &Value) -> Option<usize> {
    let block = block.as_object()?;
    if let Some(id) = block.get("block_id") {
        id.as_str().filter(|id| (1..=BLOCK_ID_MAX_UNITS).contains(&id.encode_utf16().count()))?;
    }
    match block.get("type")?.as_str()? {
        "divider" => has_only(block, &[]).then_some(0),
        "header" => {
            let text = block.get("text").filter(|_| has_only(block, &["text"]))?;
            text_units(text, &["plain_text"], HEADER_MAX_UNITS)
        }
        "section" => {
            let text = block.get("text").map(|text| text_units(text, &BOTH, SECTION_MAX_UNITS));
            let fields = block.get("fields").map(|fields| list_units(fields, FIELDS_MAX, FIELD_MAX_UNITS));
            let parts: Vec<Option<usize>> = [text, fields].into_iter().flatten().collect();
            (has_only(block, &["text", "fields"]) && !parts.is_empty())
                .then(|| parts.into_iter().sum())
                .flatten()
        }
        "context" => {
            let elements = block.get("elements").filter(|_| has_only(block, &["elements"]))?;
            list_units(elements, ELEMENTS_MAX, SECTION_MAX_UNITS)
        }
        _ => None,
    }
}

const BOTH: [&str; 2] = ["plain_text", "mrkdwn"];

fn has_only(block: &Map<String, Value>, members: &[&str]) -> bool {
    block.keys().all(|name| matches!(name.as_str(), "type" | "block_id") || members.contains(&name.as_str()))
}

fn list_units(list: &Value, max: usize, max_units: usize) -> Option<usize> {
    let items = list.as_array().filter(|items| (1..=max).contains(&items.len()))?;
    items.iter().map(|text| text_units(text, &BOTH, max_units)).sum()
}

/// The length of a text object; none if it is not one of these kinds, is empty or too long, or is not escaped.
fn text_units(text: &Value, kinds: &[&str], max_units: usize) -> Option<usize> {
    let object = text.as_object()?;
    let kind = object.get("type")?.as_str().filter(|kind| kinds.contains(kind))?;
    let flag = if kind == "mrkdwn" { "verbatim" } else { "emoji" };
    let is_known = |(name, value): (&String, &Value)| match name.as_str() {
        "type" | "text" => true,
        name => name == flag && value.is_boolean(),
    };
    let text = object.get("text")?.as_str().filter(|_| object.iter().all(is_known))?;
    let is_sound = !text.trim().is_empty() && (kind != "mrkdwn" || mrkdwn::is_escaped(text));
    let units = text.encode_utf16().count();
    (is_sound && units <= max_units).then_some(units)
}
