//! What Slack answers: a single word as plain text, `ok` for a message that was posted.

use hookwright_sdk::{Failure, Reply, text};

/// The refusals that are explained here. The others mean what the host takes them for: 429 and 5xx "later", and 410, a
/// channel that was archived, the end of the webhook.
pub(crate) const REFUSALS: [u16; 3] = [400, 403, 404];

/// Whether the message was posted.
///
/// # Errors
/// A permanent failure that says what to do.
pub(crate) fn check(reply: &Reply) -> Result<(), Failure> {
    let word = reply.body.trim();
    if reply.status == 200 && word == "ok" {
        return Ok(());
    }
    let advice = match (reply.status, word) {
        (403, "action_prohibited" | "posting_to_general_channel_denied") => {
            "an administrator of the workspace restricts who may post there: ask for the right, or make an incoming \
             webhook for another channel and use its URL"
        }
        (403, "invalid_token")
        | (404, "no_service" | "no_service_id" | "no_active_hooks" | "no_team" | "team_disabled") => {
            "the incoming webhook was removed or revoked, or its URL is incomplete: make a new one in your Slack app and \
             put its whole URL into this webhook"
        }
        (400, "user_not_found") | (404, "channel_not_found") => {
            "the channel or person is gone: make an incoming webhook for another one and use its URL"
        }
        (400, _) => "Slack does not take the message; please report this as a fault of the mapping",
        _ => {
            "this is not the answer of an incoming webhook: the URL has to be the whole one that your Slack app shows, \
             such as https://hooks.slack.com/services/T…/B…/…"
        }
    };
    let words = text::line(word).map_or_else(|| "nothing".to_owned(), |_| format!("`{}`", reply.quote()));
    Err(Failure::permanent(format!("Slack answered {} with {words}: {advice}", reply.status)))
}
