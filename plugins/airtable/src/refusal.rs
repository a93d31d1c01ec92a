//! What Airtable's refusals mean.

use hookwright_sdk::{Failure, Reply, text};
use serde_json::Value;

/// Not allowed, or unknown; not found; too large; field or value wrong; rate limit.
pub(crate) const INTERPRETED: [u16; 5] = [403, 404, 413, 422, 429];

/// After a 429, requests are refused for so long, which Airtable says in its documentation only.
const PAUSE_SECS: u32 = 30;
/// A quota lasts until the month's end, a missing right until somebody gives it: look now and then.
const LONG_PAUSE_SECS: u32 = 3_600;

const WORDS_MAX_CHARS: usize = 400;

/// The words of a refusal of values; none if it is another answer.
pub(crate) fn value_words(reply: &Reply) -> Option<String> {
    let (kind, words) = words(reply);
    (reply.status == 422 && kind != "UNKNOWN_FIELD_NAME").then_some(words)
}

/// Fails if the reply is a refusal.
pub(crate) fn check(reply: &Reply) -> Result<(), Failure> {
    reply.check_not_web_page()?;
    let (kind, words) = words(reply);
    let with_words = |why: &str| format!("{why}. Airtable's words: {words}");
    let permanent = |why: &str| Err(Failure::permanent(with_words(why)));
    let retry = |why: String, pause| Err(Failure::retry(why, Some(reply.retry_after().unwrap_or(pause))));
    match (reply.status, kind.as_str()) {
        (429, kind) if kind.contains("BILLING_LIMIT") => {
            retry("The workspace has used up its requests of this month.".to_owned(), LONG_PAUSE_SECS)
        }
        (429, _) => retry("There are too many requests for this base or token.".to_owned(), PAUSE_SECS),
        (403, _) => retry(
            with_words(
                "The token has no access to the base or lacks data.records:write, or the base or table does not exist",
            ),
            LONG_PAUSE_SECS,
        ),
        (404, _) => permanent("The base or table does not exist: check their IDs in the settings"),
        (413, _) => permanent("The record is too large"),
        (422, "INVALID_MULTIPLE_CHOICE_OPTIONS") => permanent(
            "A select column does not have this option. Add it, or turn on `Convert values` in the settings",
        ),
        (422, "UNKNOWN_FIELD_NAME") => permanent("The settings name a column that the table does not have"),
        (422, _) => permanent("A value does not fit its column, or several records have the same ID"),
        _ => Ok(()),
    }
}

/// The refusal's type and its words, of each of Airtable's shapes: `{"error": {"type", "message"}}`, `{"error": "TYPE"}` and
/// `{"errors": [{"error", "message"}]}`.
fn words(reply: &Reply) -> (String, String) {
    let body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).and_then(text::line);
    let kind = ["/error/type", "/error", "/errors/0/error"].into_iter().find_map(text);
    let message = ["/error/message", "/errors/0/message"].into_iter().find_map(text);
    let words = match (&kind, message) {
        (Some(kind), Some(message)) => format!("{kind}: {message}"),
        (Some(kind), None) => kind.clone(),
        (None, _) => reply.quote(),
    };
    (kind.unwrap_or_default(), text::truncate(&words, WORDS_MAX_CHARS).into_owned())
}
