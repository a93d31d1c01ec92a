//! The note that keeps what a lead said.

use hookwright_sdk::{Lead, Request, Stop, text};
use serde_json::json;

use crate::api::{Api, List, Record};

/// amoCRM documents no limit. This many characters, of at most four bytes, fit into 64 KB with the lines below them.
const MESSAGE_MAX_CHARS: usize = 15_000;
const DETAIL_MAX_CHARS: usize = 500;

/// Creates the note on the lead, if there is something to say in it.
pub(crate) fn create(
    api: &Api<'_>,
    lead: &Lead,
    unusable_email: Option<&str>,
    lead_id: &str,
) -> Result<(), Stop> {
    if lead.message.is_none() && unusable_email.is_none() {
        return Ok(());
    }
    let text = body(lead, unusable_email);
    let path = format!("/api/v4/leads/{lead_id}/notes");
    let note = json!([{ "note_type": "common", "params": { "text": text } }]);
    let create = Request::post("create-note").path(&path).json(&note);
    let list =
        List { step: "find-note", path: &path, filter: &[], order: ("id", "desc"), kind: "notes", id: "/id" };
    // A note whose text the host has cut off is long, new and on this lead: this one.
    let is_it = |record: &Record<'_>| record.get("params/text").is_none_or(|known| known == text);
    api.create(create, "/_embedded/notes/0/id", &list, is_it)?;
    Ok(())
}

fn body(lead: &Lead, unusable_email: Option<&str>) -> String {
    let message =
        lead.message.as_deref().map(|message| text::truncate(message, MESSAGE_MAX_CHARS).into_owned());
    let details = [
        ("E-mail as given", unusable_email),
        ("Channel", lead.channel.as_deref()),
        ("Conversation", lead.conversation_id.as_deref()),
    ];
    let details = text::labelled(&details, DETAIL_MAX_CHARS);
    [message, details].into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}
