//! By what a page is found that may have been created.

use hookwright_sdk::field::{Field, Known, Source};
use hookwright_sdk::{Failure, time};
use serde_json::{Map, Value, json};

use crate::room;
use crate::settings::{Column, Kind, Settings};

/// How far the producer's clock may be ahead of Notion's, and the minute to which Notion rounds `created_time`.
const SKEW_SECS: u32 = 120;
/// So much of a longer text is compared: how much Notion takes in a filter is not documented.
const COMPARED_MAX_UNITS: usize = 500;

/// The filter for the lead's page; none if no column holds what a page can be found by.
///
/// The event's id finds it exactly. Otherwise it is a page, not older than the event, of the same conversation, or else one
/// with all the texts that are known of the lead, so that a namesake's page is not taken for it.
pub(crate) fn filter(
    source: &Source<'_>,
    settings: &Settings,
    properties: &Map<String, Value>,
) -> Result<Option<Value>, Failure> {
    let like = |column: &Column| like(column, properties.get(&column.column)?);
    let of = |known: Known| {
        settings.columns.iter().filter(|column| column.field == Field::Known(known)).find_map(like)
    };
    if let Some(event) = of(Known::EventId) {
        return Ok(Some(event));
    }
    let mut all: Vec<Value> = match of(Known::ConversationId) {
        Some(conversation) => vec![conversation],
        None => settings
            .columns
            .iter()
            .filter(|column| tells_leads_apart(&column.field))
            .filter_map(like)
            .collect(),
    };
    if all.is_empty() {
        return Ok(None);
    }
    let since = time::seconds_before(&source.event().created_at, SKEW_SECS)?;
    all.push(json!({ "timestamp": "created_time", "created_time": { "on_or_after": since } }));
    Ok(Some(json!({ "and": all })))
}

fn tells_leads_apart(field: &Field) -> bool {
    !matches!(field, Field::Fixed(_) | Field::Known(Known::Channel | Known::CreatedAt | Known::ProjectId))
}

/// That the column holds this value; none if it is not a text.
fn like(column: &Column, property: &Value) -> Option<Value> {
    let name = column.kind.name();
    let (text, is_whole) = match column.kind {
        Kind::Title | Kind::RichText => {
            let items = property[name].as_array()?;
            (items.first()?["text"]["content"].as_str()?, items.len() == 1)
        }
        Kind::PhoneNumber | Kind::Email | Kind::Url => (property[name].as_str()?, true),
        _ => return None,
    };
    let compared = room::start(text, COMPARED_MAX_UNITS);
    let condition = if is_whole && compared.len() == text.len() { "equals" } else { "starts_with" };
    Some(json!({ "property": column.column, name: { condition: compared } }))
}
