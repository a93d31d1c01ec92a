//! What a lead has no field for, as text.

use hookwright_sdk::{Event, Failure, Lead, text, time};

/// Bitrix24 documents no limit. This many characters, of at most four bytes, fit into 64 KB with the lines around them.
const MESSAGE_MAX_CHARS: usize = 15_000;
const DETAIL_MAX_CHARS: usize = 250;

/// The message, and where it came from.
pub(crate) fn of(event: &Event, lead: &Lead, unusable_email: Option<&str>) -> Result<String, Failure> {
    let collected = time::readable(&event.created_at)?;
    let message =
        lead.message.as_deref().map(|message| text::truncate(message, MESSAGE_MAX_CHARS).into_owned());
    let details = [
        ("E-mail as given", unusable_email),
        ("Conversation", lead.conversation_id.as_deref()),
        ("Collected", Some(collected.as_str())),
    ];
    let details = text::labelled(&details, DETAIL_MAX_CHARS);
    Ok(plain(&[message, details].into_iter().flatten().collect::<Vec<_>>().join("\n\n")))
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
