//! The record of a lead.

use hookwright_sdk::field::{Field, Known, Source};
use hookwright_sdk::{Failure, History, Reply, Request, log, text};
use serde_json::{Map, Value, json};

use crate::refusal;
use crate::settings::Settings;

/// Airtable's limit of a long text. Counted in UTF-16 units, which are never fewer than characters.
const TEXT_MAX_UNITS: usize = 100_000;

/// The request that writes the lead's record.
///
/// # Errors
/// A permanent failure if the settings name a column twice.
pub(crate) fn request(
    source: &Source<'_>,
    settings: &Settings,
    so_far: &History,
) -> Result<Request, Failure> {
    let fields = fields(source, settings)?;
    let key = key(settings, &fields);
    let mut body = json!({ "records": [{ "fields": fields }], "typecast": settings.typecast });
    let request = match key {
        Some(column) => {
            body["performUpsert"] = json!({ "fieldsToMergeOn": [column] });
            Request::patch("upsert-record").idempotent()
        }
        None => {
            let create = Request::post("create-record");
            if so_far.uncertain.as_ref() == Some(&create.step) {
                log::warn(
                    "the record may exist already; no column holds an id to find it by, so it is created again (let a column \
                     have the event_id to prevent this)",
                );
            }
            create
        }
    };
    Ok(request.path(settings.path()).json(&body).accept(&refusal::INTERPRETED))
}

/// The id of the record that was written; none if it is beyond what the host reads of a long reply, which has the whole
/// record.
///
/// # Errors
/// A permanent failure if the reply has no id.
pub(crate) fn written(reply: &Reply) -> Result<Option<String>, Failure> {
    let places = ["/records/0/id", "/createdRecords/0", "/updatedRecords/0"];
    match places.into_iter().find_map(|place| reply.word(place).ok()) {
        None if !reply.truncated => reply.word("/records/0/id").map(Some),
        id => Ok(id),
    }
}

/// The column that a record is upserted by: that of the conversation, or else of the event.
fn key<'a>(settings: &'a Settings, fields: &Map<String, Value>) -> Option<&'a str> {
    let conversation = Some(Known::ConversationId).filter(|_| settings.one_per_conversation);
    conversation.into_iter().chain([Known::EventId]).find_map(|known| {
        let is_key = |name: &&str| fields.contains_key(*name);
        let columns = settings.columns.iter().filter(|column| column.field == Field::Known(known));
        columns.map(|column| column.column.as_str()).find(is_key)
    })
}

/// The columns that have a value. What is not known is left out: an empty text would erase what the record has.
fn fields(source: &Source<'_>, settings: &Settings) -> Result<Map<String, Value>, Failure> {
    let mut fields = source.row(&settings.columns)?;
    for value in fields.values_mut() {
        *value = match value.take() {
            Value::String(text) => text::truncate_units(&text, TEXT_MAX_UNITS).into(),
            // No column holds one.
            nested if is_nested(&nested) => text::truncate_units(&nested.to_string(), TEXT_MAX_UNITS).into(),
            other => other,
        };
    }
    Ok(fields)
}

fn is_nested(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| item.is_array() || item.is_object()),
        _ => value.is_object(),
    }
}
