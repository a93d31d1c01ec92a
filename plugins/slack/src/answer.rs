//! What Slack answers: a single word as plain text, `ok` for a message that was posted.

use hookwright_sdk::{Failure, Reply, text};

/// The refusals that are explained here. The others mean what the host takes them for: 429 and 5xx "later". The words of a
/// webhook that was revoked, and of a channel that was archived, the host knows whatever is accepted: it switches the
/// webhook off.
pub(crate) const REFUSALS: [u16; 3] = [400, 403, 404];

/// How long to wait for what a person has to do in Slack.
const PERSON_SECS: u32 = 3_600;

/// Whether the message was posted.
///
/// # Errors
/// A failure that says what to do.
pub(crate) fn check(reply: &Reply) -> Result<(), Failure> {
    let word = reply.body.trim();
    if reply.status == 200 && word == "ok" {
        return Ok(());
    }
    let advice = match (reply.status, word) {
        (403, "action_prohibited" | "posting_to_general_channel_denied") => {
            "An administrator of the workspace restricts who may post there. Ask for the right, or make an incoming \
             webhook for another channel and use its URL"
        }
        (403, "invalid_token")
        | (404, "no_service" | "no_service_id" | "no_active_hooks" | "no_team" | "team_disabled") => {
            "The incoming webhook was removed or revoked, or its URL is incomplete. Make a new one in your Slack app and \
             put its whole URL into this webhook"
        }
        (400, "user_not_found") | (404, "channel_not_found") => {
            "The channel or person is gone. Make an incoming webhook for another one and use its URL"
        }
        (400, _) => "Slack does not take the message. Please report this as a fault of the mapping",
        _ => {
            "This is not the answer of an incoming webhook. The URL has to be the whole one that your Slack app shows, \
             such as https://hooks.slack.com/services/T…/B…/…"
        }
    };
    let words = text::line(word).map_or_else(|| "nothing".to_owned(), |_| format!("`{}`", reply.quote()));
    let reason = format!("{advice}. Slack answered {} with {words}.", reply.status);
    Err(match reply.status {
        400 => Failure::permanent(reason),
        _ => Failure::retry(reason, Some(PERSON_SECS)),
    })
}
