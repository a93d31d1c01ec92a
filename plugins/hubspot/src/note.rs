//! The note that keeps what a lead said.

use hookwright_sdk::{Event, Lead, Request, Stop, text, time};
use serde_json::json;

use crate::api::Api;

/// HubSpot's own association type from a note to a contact.
const NOTE_TO_CONTACT: u32 = 202;
/// HubSpot's limit of `hs_note_body` is 65,536; the rest is for the lines below the message.
const MESSAGE_MAX_UNITS: usize = 60_000;
const DETAIL_MAX_UNITS: usize = 500;

/// Creates the note on the contact, if there is something to say in it.
pub(crate) fn create(
    api: &Api<'_>,
    event: &Event,
    lead: &Lead,
    unusable_email: Option<&str>,
    contact: &str,
) -> Result<(), Stop> {
    let Some(html) = body(api, lead, unusable_email) else { return Ok(()) };
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

/// The note's HTML: the message, then what has no property of its own; none if neither message nor address is left.
fn body(api: &Api<'_>, lead: &Lead, unusable_email: Option<&str>) -> Option<String> {
    let message = lead.message.as_deref().filter(|_| api.settings.note);
    if message.is_none() && unusable_email.is_none() {
        return None;
    }
    let unless_stored = |value: &'_ Option<String>, stored: bool| value.clone().filter(|_| !stored);
    let details = [
        ("E-mail as given", unusable_email.map(str::to_owned)),
        ("Channel", unless_stored(&lead.channel, api.settings.channel(lead).is_some())),
        ("Conversation", unless_stored(&lead.conversation_id, api.settings.conversation(lead).is_some())),
    ];
    let details: Vec<String> = details
        .iter()
        .filter_map(|(label, value)| {
            Some(format!("{label}: {}", text::html(value.as_deref()?, DETAIL_MAX_UNITS)))
        })
        .collect();
    let message = message.map(|message| text::html(message, MESSAGE_MAX_UNITS));
    let details = Some(details.join("<br>")).filter(|details| !details.is_empty());
    Some([message, details].into_iter().flatten().collect::<Vec<_>>().join("<br><br>"))
}
