//! The page of a lead.

use hookwright_sdk::field::Source;
use hookwright_sdk::{Request, Stop, log};
use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::look;
use crate::parent::Parent;
use crate::property;
use crate::room::Room;
use crate::settings::Settings;

const CREATE: &str = "create-page";

/// The id of the lead's page, which is created unless it is found after a lost answer; none if the id is beyond what the
/// host reads of a long reply, which has the whole page.
pub(crate) fn create(api: &Api<'_>, source: &Source<'_>, parent: &Parent) -> Result<Option<String>, Stop> {
    if let Some(created) = api.reply(CREATE)? {
        return match created.uuid("/id") {
            Err(_) if created.truncated => Ok(None),
            id => Ok(Some(id?)),
        };
    }
    let mut room = Room::new();
    let properties = properties(source, api.settings, &mut room);
    if let Some(found) = find(api, source, parent, &properties)? {
        return Ok(Some(found));
    }
    let mut page = json!({ "parent": parent.json(), "properties": properties });
    if let Some(children) = children(source, api.settings, &mut room) {
        page["children"] = children;
    }
    Err(api.request(Request::post(CREATE).path("/v1/pages").json(&page)))
}

/// The id of the lead's page, if it may have been created although the answer was never seen, and was.
fn find(
    api: &Api<'_>,
    source: &Source<'_>,
    parent: &Parent,
    properties: &Map<String, Value>,
) -> Result<Option<String>, Stop> {
    let Some(filter) = look::filter(source, api.settings, properties)? else {
        if api.so_far.uncertain.as_deref() == Some(CREATE) {
            log::warn(
                "the page may exist already; no column holds what it could be found by, so it is created again",
            );
        }
        return Ok(None);
    };
    // The title alone: all properties of a page may be more than the host reads.
    let look = Request::post("find-page")
        .path(parent.query_path())
        .query("filter_properties", "title")
        .json(&json!({ "filter": filter, "page_size": 1 }))
        .idempotent();
    match api.look_before(CREATE, look)? {
        Some(found) if found.find("/results/0")?.is_some() => Ok(Some(found.uuid("/results/0/id")?)),
        _ => Ok(None),
    }
}

/// The properties that are known; a column without a value is left out.
fn properties(source: &Source<'_>, settings: &Settings, room: &mut Room) -> Map<String, Value> {
    let mut properties = Map::new();
    for column in &settings.columns {
        let Some(value) = source.value(&column.field) else { continue };
        match property::of(column.kind, &value, room) {
            Ok(property) => {
                properties.insert(column.column.clone(), property);
            }
            Err(why) => log::warn(&format!("the column {} stays empty: {why}", column.column)),
        }
    }
    properties
}

/// The page's content: the message as a paragraph, if that is wished.
fn children(source: &Source<'_>, settings: &Settings, room: &mut Room) -> Option<Value> {
    let message = source.lead().message.as_deref().filter(|_| settings.message_in_page)?;
    let rich_text = room.rich_text(message)?;
    Some(json!([{ "object": "block", "type": "paragraph", "paragraph": { "rich_text": rich_text } }]))
}
