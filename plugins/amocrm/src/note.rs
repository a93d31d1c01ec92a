//! The note that keeps what a lead said.

use hookwright_sdk::{Draft, Request, Stop, text};
use serde_json::json;

use crate::api::{Api, List, Record};

/// amoCRM documents no limit. This many characters, of at most four bytes, fit into 64 KB with the lines below them.
const MESSAGE_MAX_CHARS: usize = 13_000;
/// For a value that is kept here only.
const SET_ASIDE_MAX_CHARS: usize = 2_100;
const DETAIL_MAX_CHARS: usize = 500;

/// Creates the note on the lead, if there is something to say in it. `not_added` is what a known contact did not get.
pub(crate) fn create(
    api: &Api<'_>,
    draft: &Draft,
    not_added: &[(&'static str, String)],
    lead_id: &str,
) -> Result<(), Stop> {
    let Some(text) = body(draft, not_added) else { return Ok(()) };
    let path = format!("/api/v4/leads/{lead_id}/notes");
    let note = json!([{ "note_type": "common", "params": { "text": text } }]);
    let create = Request::post("create-note").path(&path).json(&note);
    let list =
        List { step: "find-note", path: &path, filter: &[], order: ("id", "desc"), kind: "notes", id: "/id" };
    // A note whose text the host has cut off is long, new and on this lead: this one.
    let is_it = |record: &Record<'_>| record.get("params/text").is_none_or(|known| known == text);
    api.create(create, &list, is_it, |reply| reply.id("/_embedded/notes/0/id"))?;
    Ok(())
}

fn body(draft: &Draft, not_added: &[(&'static str, String)]) -> Option<String> {
    let lead = &draft.lead;
    let message =
        lead.message.as_deref().map(|message| text::truncate(message, MESSAGE_MAX_CHARS).into_owned());
    let not_added = not_added.iter().map(|(label, value)| (*label, value.as_str()));
    let kept: Vec<_> =
        draft.set_aside().chain(not_added).map(|(label, value)| (label, Some(value))).collect();
    let details = [("Channel", lead.channel.as_deref()), ("Conversation", lead.conversation_id.as_deref())];
    let details: Vec<String> =
        [text::labelled(&kept, SET_ASIDE_MAX_CHARS), text::labelled(&details, DETAIL_MAX_CHARS)]
            .into_iter()
            .flatten()
            .collect();
    let parts: Vec<String> =
        message.into_iter().chain((!details.is_empty()).then(|| details.join("\n"))).collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}
