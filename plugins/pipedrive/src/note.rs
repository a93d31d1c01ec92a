//! The note that keeps what a lead said.

use hookwright_sdk::{Draft, Failure, Reply, Request, Stop, text};
use serde_json::{Value, json};

use crate::api::Api;
use crate::person::Person;
use crate::record::Record;

/// Pipedrive takes about 100 kB; a UTF-16 unit is at most three bytes.
const MESSAGE_MAX_UNITS: usize = 25_000;
/// For a value that is kept here only.
const SET_ASIDE_MAX_UNITS: usize = 2_100;
const DETAIL_MAX_UNITS: usize = 500;

/// Creates the note on the record, if there is something to say that the record does not say.
pub(crate) fn create(api: &Api<'_>, draft: &Draft, person: &Person, record: &Record) -> Result<(), Stop> {
    let Some(content) = content(draft, person, record) else { return Ok(()) };
    let (parent, id) = match record {
        Record::Lead(id) => ("lead_id", Value::from(id.as_str())),
        Record::Deal(id) => ("deal_id", Value::from(*id)),
    };
    let query = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    api.calls.create_once(
        Request::post("create-note").path("/v1/notes").json(&json!({ "content": content, parent: id })),
        || Request::get("find-note").path("/v1/notes").query(parent, &query),
        any,
        |_| Ok(()),
    )
}

/// The note's HTML. A lead has the conversation as its origin, and so needs no note for it alone; a deal does.
fn content(draft: &Draft, person: &Person, record: &Record) -> Option<String> {
    let lead = &draft.lead;
    let channel = lead.channel.as_deref().filter(|_| matches!(record, Record::Deal(_)));
    let conversation = lead.conversation_id.as_deref();
    let line = |label: &str, value: &str, max| format!("<p>{label}: {}</p>", text::html(value, max));
    let not_added = person.not_added.iter().map(|(label, value)| (*label, value.as_str()));
    let kept =
        draft.set_aside().chain(not_added).map(|(label, value)| line(label, value, SET_ASIDE_MAX_UNITS));
    let message = lead.message.as_deref();
    let mut content: String = message
        .map(|message| format!("<p>{}</p>", text::html(message, MESSAGE_MAX_UNITS)))
        .into_iter()
        .chain(kept)
        .collect();
    if content.is_empty() && matches!(record, Record::Lead(_)) {
        return None;
    }
    for (label, value) in [("Channel", channel), ("Conversation", conversation)] {
        content.extend(value.map(|value| line(label, value, DETAIL_MAX_UNITS)));
    }
    Some(content).filter(|content| !content.is_empty())
}

/// The record was made for this event, so a note on it is this event's.
fn any(reply: &Reply) -> Result<Option<()>, Failure> {
    Ok(reply.find("/data/0/id")?.map(drop))
}
