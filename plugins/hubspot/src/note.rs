//! The note that keeps what a lead said.

use hookwright_sdk::{Draft, Event, Request, Stop, text, time};
use serde_json::json;

use crate::api::Api;

/// HubSpot's own association type from a note to a contact.
const NOTE_TO_CONTACT: u32 = 202;
/// HubSpot's limit of `hs_note_body` is 65,536; the rest is for the lines below the message.
const MESSAGE_MAX_UNITS: usize = 52_000;
/// For a value that is kept here only.
const SET_ASIDE_MAX_UNITS: usize = 2_100;
const DETAIL_MAX_UNITS: usize = 500;

/// Creates the note on the contact, if there is something to say in it.
pub(crate) fn create(api: &Api<'_>, event: &Event, draft: &Draft, contact: &str) -> Result<(), Stop> {
    let Some(html) = body(api, draft) else { return Ok(()) };
    let note = json!({
        "properties": { "hs_timestamp": event.created_at, "hs_note_body": html },
        "associations": [{
            "to": { "id": contact },
            "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": NOTE_TO_CONTACT }],
        }],
    });
    let at = time::unix_millis(&event.created_at)?;
    let search = || {
        let wanted = [("associations.contact", "EQ", contact), ("hs_timestamp", "EQ", &at.to_string())];
        api.search("find-note", "notes", &wanted)
    };
    api.create(Request::post("create-note").path(api.path("notes")).json(&note), search)?;
    Ok(())
}

/// The note's HTML: the message, then what has no property of its own. None if that is nothing, or if notes are off and
/// nothing would be lost without one.
fn body(api: &Api<'_>, draft: &Draft) -> Option<String> {
    let set_aside: Vec<_> = draft.set_aside().collect();
    if !api.settings.note && set_aside.is_empty() {
        return None;
    }
    let lead = &draft.lead;
    let unless_stored = |value: &'_ Option<String>, stored: bool| value.clone().filter(|_| !stored);
    let details = [
        ("Channel", unless_stored(&lead.channel, api.settings.channel(lead).is_some())),
        ("Conversation", unless_stored(&lead.conversation_id, api.settings.conversation(lead).is_some())),
    ];
    let line = |label: &str, value: &str, max| format!("{label}: {}", text::html(value, max));
    let set_aside = set_aside.into_iter().map(|(label, value)| line(label, value, SET_ASIDE_MAX_UNITS));
    let details =
        details.iter().filter_map(|(label, value)| Some(line(label, value.as_deref()?, DETAIL_MAX_UNITS)));
    let details: Vec<String> = set_aside.chain(details).collect();
    let message = lead.message.as_deref().filter(|_| api.settings.note);
    let message = message.map(|message| text::html(message, MESSAGE_MAX_UNITS));
    let details = Some(details.join("<br>")).filter(|details| !details.is_empty());
    let parts: Vec<String> = [message, details].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("<br><br>"))
}
