//! The note that keeps what a lead said.

use hookwright_sdk::{Failure, Lead, Reply, Request, Stop, text};
use serde_json::{Value, json};

use crate::api::Api;
use crate::record::Record;

/// Pipedrive takes about 100 kB; a UTF-16 unit is at most three bytes.
const MESSAGE_MAX_UNITS: usize = 30_000;
const DETAIL_MAX_UNITS: usize = 500;

/// Creates the note on the record, if the lead said something.
pub(crate) fn create(api: &Api<'_>, lead: &Lead, record: &Record) -> Result<(), Stop> {
    let Some(message) = &lead.message else { return Ok(()) };
    let mut content = format!("<p>{}</p>", text::html(message, MESSAGE_MAX_UNITS));
    if let Some(conversation) = &lead.conversation_id {
        content.push_str(&format!("<p>Conversation: {}</p>", text::html(conversation, DETAIL_MAX_UNITS)));
    }
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

/// The record was made for this event, so a note on it is this event's.
fn any(reply: &Reply) -> Result<Option<()>, Failure> {
    Ok(reply.find("/data/0/id")?.map(drop))
}
