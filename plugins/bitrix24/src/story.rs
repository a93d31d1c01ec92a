//! What a lead has no field for, as text.

use hookwright_sdk::{Draft, Event, Failure, Lead, text, time};

/// Bitrix24 documents no limit. This many characters, of at most four bytes, fit into 64 KB with the lines around them.
const MESSAGE_MAX_CHARS: usize = 13_000;
/// For a value that is kept here only.
const SET_ASIDE_MAX_CHARS: usize = 2_100;
const DETAIL_MAX_CHARS: usize = 250;

/// The message, and where it came from.
pub(crate) fn of(event: &Event, draft: &Draft) -> Result<String, Failure> {
    let lead = &draft.lead;
    let collected = time::readable(&event.created_at)?;
    let message =
        lead.message.as_deref().map(|message| text::truncate(message, MESSAGE_MAX_CHARS).into_owned());
    let set_aside: Vec<_> = draft.set_aside().map(|(label, value)| (label, Some(value))).collect();
    let details =
        [("Conversation", lead.conversation_id.as_deref()), ("Collected", Some(collected.as_str()))];
    let details =
        [text::labelled(&set_aside, SET_ASIDE_MAX_CHARS), text::labelled(&details, DETAIL_MAX_CHARS)];
    let details = details.into_iter().flatten().collect::<Vec<_>>().join("\n");
    Ok(plain(&message.into_iter().chain([details]).collect::<Vec<_>>().join("\n\n")))
}

/// Who it was, for a comment on another lead.
pub(crate) fn heading(lead: &Lead) -> String {
    let details = [("Phone", lead.phone.as_deref()), ("E-mail", lead.email.as_deref())];
    let title = Some(text::truncate(&lead.title(), DETAIL_MAX_CHARS).into_owned());
    let parts = [title, text::labelled(&details, DETAIL_MAX_CHARS)];
    plain(&parts.into_iter().flatten().collect::<Vec<_>>().join("\n"))
}

/// The text without BB code: Bitrix24 knows no escape for a bracket, but takes one with an invisible space behind it for
/// nothing else.
fn plain(text: &str) -> String {
    text.replace('[', "[\u{200b}")
}
