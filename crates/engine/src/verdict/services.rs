//! Answers by which a service says that the address itself has ended. They count before a plugin reads them, because a plugin
//! cannot switch a webhook off. The services are known by their own words, as they may stand behind any proxy.

use hookwright_model::ReceivedReply;

/// So much of a body is searched: these answers are one word.
const MAX_SEARCHED_BYTES: usize = 256;

/// Statuses, the word in the body, and what a person can do. Slack's incoming webhooks:
/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>.
const SLACK: [(&str, &str); 7] = [
    (
        "no_service",
        "Slack has removed this URL, or switched it off with its app. Make a new one in the Slack app, set it as the \
         webhook's URL, then enable the webhook",
    ),
    (
        "no_active_hooks",
        "The Slack app has no active URL any more. Make a new one there, set it as the webhook's URL, then enable the webhook",
    ),
    (
        "invalid_token",
        "Slack has revoked this URL, or it was copied wrongly. Copy it again from the Slack app, then enable the webhook",
    ),
    (
        "no_team",
        "The Slack workspace of this URL does not exist any more. Make a new URL in another one, then enable the webhook",
    ),
    (
        "team_disabled",
        "The Slack workspace of this URL is switched off. Once it is back, enable the webhook; its leads wait until then",
    ),
    (
        "channel_is_archived",
        "The channel of this URL is archived in Slack. Unarchive it there, then enable the webhook; its leads wait until then",
    ),
    (
        "channel_not_found",
        "The channel of this URL was deleted in Slack. Make a URL for another channel, then enable the webhook",
    ),
];

/// What a person can do about an answer after which nothing more should be sent to this address; none for every other.
pub(super) fn switched_off(reply: &ReceivedReply) -> Option<&'static str> {
    if !matches!(reply.status, 400 | 403 | 404 | 410) {
        return None;
    }
    let body = String::from_utf8_lossy(&reply.body[..reply.body.len().min(MAX_SEARCHED_BYTES)]);
    let word = body.trim();
    SLACK.iter().find(|(known, _)| *known == word).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn hint(status: u16, body: &'static str) -> Option<&'static str> {
        let reply = ReceivedReply { status, headers: Vec::new(), body: Bytes::from(body), truncated: false };
        switched_off(&reply)
    }

    #[test]
    fn slack_says_in_one_word_that_a_url_has_ended() {
        assert!(hint(404, "no_service\n").unwrap().contains("Make a new one"));
        assert!(hint(410, "channel_is_archived").unwrap().contains("Unarchive it there, then enable"));
        assert!(hint(403, "invalid_token").is_some());
        for (status, word) in [
            (400, "invalid_payload"),
            (403, "action_prohibited"),
            (429, "no_service"),
            (200, "no_service"),
            (404, "there is no_service here"),
            (404, ""),
        ] {
            assert_eq!(hint(status, word), None, "{status} {word}");
        }
    }
}
