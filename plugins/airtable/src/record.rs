//! The record of a lead.

use hookwright_sdk::field::{Field, Known, Source};
use hookwright_sdk::{
    Failure, History, Refused, Reply, Request, Stop, Written, log, named_columns, refused_lines, text,
};
use serde_json::{Map, Value, json};

use crate::refusal;
use crate::settings::Settings;

/// Airtable's limit of a long text. Counted in UTF-16 units, which are never fewer than characters.
const TEXT_MAX_UNITS: usize = 100_000;

/// Writes the lead's record: the reply, or the columns that Airtable refuses.
///
/// # Errors
/// A permanent failure if the settings name a column twice, and what the reply means.
pub(crate) fn write<'a>(
    source: &Source<'_>,
    settings: &Settings,
    so_far: &'a History,
    refused: &Refused,
) -> Result<Written<'a, &'a Reply>, Stop> {
    let all = fields(source, settings)?;
    let fields = without(&all, settings, refused);
    let key = key(settings, &fields);
    let reply = so_far.call(request(settings, so_far, refused, &fields, key))?;
    // A constant of the settings is theirs to put right.
    let is_optional = |name: &str| {
        Some(name) != key
            && settings
                .columns
                .iter()
                .any(|column| column.column == name && !matches!(column.field, Field::Fixed(_)))
    };
    let optional =
        fields.iter().filter(|(name, _)| is_optional(name)).map(|(name, value)| (name.as_str(), value));
    let named = refusal::value_words(reply).map(|words| named_columns(&words, optional)).unwrap_or_default();
    if !named.is_empty() {
        return Ok(Written::Refused(reply, named));
    }
    refusal::check(reply)?;
    Ok(Written::Done(reply))
}

fn request(
    settings: &Settings,
    so_far: &History,
    refused: &Refused,
    fields: &Map<String, Value>,
    key: Option<&str>,
) -> Request {
    let mut body = json!({ "records": [{ "fields": fields }], "typecast": settings.typecast });
    let request = match key {
        Some(column) => {
            body["performUpsert"] = json!({ "fieldsToMergeOn": [column] });
            Request::patch(&refused.step("upsert-record")).idempotent()
        }
        None => {
            let create = Request::post(&refused.step("create-record"));
            if so_far.uncertain.as_ref() == Some(&create.step) {
                log::warn(
                    "The record may exist already. No column holds an ID to find it by, so it is created again. Let a column \
                     have the event_id to prevent this.",
                );
            }
            create
        }
    };
    request.path(settings.path()).json(&body).accept(&refusal::INTERPRETED)
}

/// The fields without those that Airtable refuses, which the column of the message keeps as text.
fn without(all: &Map<String, Value>, settings: &Settings, refused: &Refused) -> Map<String, Value> {
    let mut fields = all.clone();
    fields.retain(|name, _| !refused.has(name));
    let mut columns = settings.columns.iter().filter(|column| column.field == Field::Known(Known::Message));
    if let Some(lines) = refused_lines(refused, all)
        && let Some(message) = columns.find(|column| !refused.has(&column.column))
    {
        let known = fields.get(&message.column).and_then(Value::as_str);
        let text = known.map_or_else(|| lines.clone(), |known| format!("{known}\n\n{lines}"));
        fields.insert(message.column.clone(), text::truncate_units(&text, TEXT_MAX_UNITS).into());
    }
    fields
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
