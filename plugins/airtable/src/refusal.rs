//! What Airtable's refusals mean.

use hookwright_sdk::{Failure, Reply, text};
use serde_json::Value;

/// Not allowed, or unknown; not found; too large; field or value wrong; rate limit.
pub(crate) const INTERPRETED: [u16; 5] = [403, 404, 413, 422, 429];

/// After a 429, requests are refused for so long, which Airtable says in its documentation only.
const PAUSE_SECS: u32 = 30;
/// A quota lasts until the month's end: look now and then.
const QUOTA_PAUSE_SECS: u32 = 3_600;

const WORDS_MAX_CHARS: usize = 400;

/// Fails if the reply is a refusal.
pub(crate) fn check(reply: &Reply) -> Result<(), Failure> {
    let (kind, words) = words(reply);
    let permanent = |why: &str| Err(Failure::permanent(format!("{why}; Airtable's words: {words}")));
    match (reply.status, kind.as_str()) {
        (429, kind) if kind.contains("BILLING_LIMIT") => {
            let pause = reply.retry_after().unwrap_or(QUOTA_PAUSE_SECS);
            Err(Failure::retry("the workspace has used up its requests of this month", Some(pause)))
        }
        (429, _) => {
            let pause = reply.retry_after().unwrap_or(PAUSE_SECS);
            Err(Failure::retry("too many requests for this base or token", Some(pause)))
        }
        (403 | 404, _) => permanent(
            "the base or table does not exist, or the token has no access to it or lacks data.records:write",
        ),
        (413, _) => permanent("the record is too large"),
        (422, "INVALID_MULTIPLE_CHOICE_OPTIONS") => {
            permanent("a select column does not have this option; add it, or let the settings convert values")
        }
        (422, "UNKNOWN_FIELD_NAME") => permanent("the settings name a column that the table does not have"),
        (422, _) => permanent("a value does not fit its column, or several records have the same id"),
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
