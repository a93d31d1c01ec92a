//! The page of a lead.

use hookwright_sdk::field::{Field, Source};
use hookwright_sdk::{Refused, Reply, Request, Stop, Written, log, named_columns};
use serde_json::{Map, Value, json};

use crate::api::{self, Api};
use crate::look;
use crate::parent::Parent;
use crate::property;
use crate::room::Room;
use crate::settings::{Column, Kind, Settings};

const CREATE: &str = "create-page";

/// The lead's page, which is created unless it is found after a lost answer: its id, or the columns that Notion refuses.
/// The id is none if it is beyond what the host reads of a long reply, which has the whole page.
pub(crate) fn create<'a>(
    api: &Api<'a>,
    source: &Source<'_>,
    parent: &Parent,
    refused: &Refused,
) -> Result<Written<'a, Option<String>>, Stop> {
    let mut room = Room::new();
    let (properties, unfit) = properties(source, api.settings, &mut room, refused);
    let step = refused.step(CREATE);
    if let Some(reply) = api.so_far.reply(&step) {
        let named = refused_columns(api.settings, &properties, reply);
        if !named.is_empty() {
            return Ok(Written::Refused(reply, named));
        }
    }
    if let Some(created) = api.reply(&step)? {
        return match created.uuid("/id") {
            Err(_) if created.truncated => Ok(Written::Done(None)),
            id => Ok(Written::Done(Some(id?))),
        };
    }
    if let Some(found) = find(api, source, parent, &properties, &step)? {
        return Ok(Written::Done(Some(found)));
    }
    let mut page = json!({ "parent": parent.json(), "properties": properties });
    if let Some(children) = children(source, api.settings, &unfit, &mut room) {
        page["children"] = children;
    }
    Err(api.request(Request::post(&step).path("/v1/pages").json(&page)))
}

/// The columns that a refusal speaks of. A title is never left out, and a constant of the settings is theirs to put right.
fn refused_columns(settings: &Settings, properties: &Map<String, Value>, reply: &Reply) -> Vec<String> {
    let Some(words) = api::value_words(reply) else { return Vec::new() };
    let is_named = |column: &&Column| {
        let Some(property) = properties.get(&column.column) else { return false };
        let value = match &property[column.kind.name()] {
            Value::Object(option) => option.get("name").cloned().unwrap_or_default(),
            value => value.clone(),
        };
        words.contains(&format!("properties.{}.", column.column))
            || !named_columns(&words, [(column.column.as_str(), &value)]).is_empty()
    };
    let can_do_without =
        |column: &&Column| column.kind != Kind::Title && !matches!(column.field, Field::Fixed(_));
    settings
        .columns
        .iter()
        .filter(can_do_without)
        .filter(is_named)
        .map(|column| column.column.clone())
        .collect()
}

/// The id of the lead's page, if it may have been created although the answer was never seen, and was.
fn find(
    api: &Api<'_>,
    source: &Source<'_>,
    parent: &Parent,
    properties: &Map<String, Value>,
    step: &str,
) -> Result<Option<String>, Stop> {
    let Some(filter) = look::filter(source, api.settings, properties)? else {
        if api.so_far.uncertain.as_deref() == Some(step) {
            log::warn("The page may exist already. No column identifies it, so it is created again.");
        }
        return Ok(None);
    };
    // The title alone: all properties of a page may be more than the host reads.
    let look = Request::post("find-page")
        .path(parent.query_path())
        .query("filter_properties", "title")
        .json(&json!({ "filter": filter, "page_size": 1 }))
        .idempotent();
    match api.look_before(step, look)? {
        Some(found) if found.find("/results/0")?.is_some() => Ok(Some(found.uuid("/results/0/id")?)),
        _ => Ok(None),
    }
}

/// The properties that are known, and a line for each value that its column does not take. A column without a value is left
/// out.
fn properties(
    source: &Source<'_>,
    settings: &Settings,
    room: &mut Room,
    refused: &Refused,
) -> (Map<String, Value>, Vec<String>) {
    let (mut properties, mut unfit) = (Map::new(), Vec::new());
    for column in &settings.columns {
        let Some(value) = source.value(&column.field) else { continue };
        let line = || {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{}: {text}", column.column)
        };
        if refused.has(&column.column) {
            unfit.push(line());
            continue;
        }
        match property::of(column.kind, &value, room) {
            Ok(property) => {
                properties.insert(column.column.clone(), property);
            }
            Err(why) => {
                log::warn(&format!(
                    "The column {} stays empty: {why}. Its value is in the page.",
                    column.column
                ));
                unfit.push(line());
            }
        }
    }
    (properties, unfit)
}

/// The page's content: the message as a paragraph, if that is wished, and what no column takes.
fn children(source: &Source<'_>, settings: &Settings, unfit: &[String], room: &mut Room) -> Option<Value> {
    let message = source.lead().message.as_deref().filter(|_| settings.message_in_page);
    let paragraph = |text: &str| {
        let rich_text = room.rich_text(text)?;
        Some(json!({ "object": "block", "type": "paragraph", "paragraph": { "rich_text": rich_text } }))
    };
    let paragraphs: Vec<Value> =
        message.into_iter().chain(unfit.iter().map(String::as_str)).filter_map(paragraph).collect();
    (!paragraphs.is_empty()).then(|| paragraphs.into())
}
