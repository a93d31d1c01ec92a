//! What an answer of a target means.

use std::time::Duration;

use hookwright_model::{AttemptError, AttemptErrorKind, DisableReason, ReceivedReply, Timestamp};

use crate::ports::{Reached, SendError};

mod automation;

pub(crate) use automation::judge_event;

/// The most characters of a target's own words in a message.
const MAX_QUOTED_CHARS: usize = 300;

/// What comes of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// The target took it, or gave an answer that the plugin wants to see.
    Success {
        /// What came back.
        reply: ReceivedReply,
        /// What a person should know about it.
        hint: Option<String>,
    },
    /// Not now.
    Failure(Refusal),
}

/// An exchange that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What came back, if anything did.
    pub(crate) reply: Option<ReceivedReply>,
    /// What went wrong.
    pub(crate) error: AttemptError,
    /// What a person can do about it.
    pub(crate) hint: Option<String>,
    /// What to do next.
    pub(crate) remedy: Remedy,
    /// Whether the target may have carried out the request all the same.
    pub(crate) effect: Effect,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Try again by the webhook's schedule.
    Retry,
    /// Try again when the target said.
    RetryAfter(Duration),
    /// Try again, slowly.
    RetrySlowly,
    /// Give up.
    GiveUp,
    /// Give up, and switch the webhook off.
    Disable(DisableReason),
}

/// Whether a failed request may have had its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The target refused it, or never saw it.
    No,
    /// The answer was lost, or a gateway answered for the target.
    Perhaps,
}

/// Judges the outcome of a plugin's request. `accept` are the statuses besides 200–299 that are a reply and not a failure.
pub(crate) fn judge(outcome: Result<ReceivedReply, SendError>, accept: &[u16], now: Timestamp) -> Judgement {
    match outcome {
        Ok(reply) if (200..300).contains(&reply.status) || accept.contains(&reply.status) => {
            Judgement::Success { reply, hint: None }
        }
        Ok(reply) => Judgement::Failure(refused(reply, now)),
        Err(error) => Judgement::Failure(unanswered(error)),
    }
}

fn unanswered(error: SendError) -> Refusal {
    let hint = match error.kind {
        AttemptErrorKind::Dns => Some("The host name has no address: check the webhook's URL"),
        AttemptErrorKind::Blocked => Some(
            "Hookwright only sends to public addresses. The operator of this installation can allow a private range.",
        ),
        AttemptErrorKind::Connect => {
            Some("Nothing answers at this address: check the URL and the target's firewall")
        }
        AttemptErrorKind::Tls => Some("The target's certificate is not accepted, or it does not speak TLS"),
        AttemptErrorKind::Timeout => {
            Some("The target took too long to answer; it should answer at once and work afterwards")
        }
        _ => None,
    };
    Refusal {
        reply: None,
        effect: if error.reached == Reached::No { Effect::No } else { Effect::Perhaps },
        error: AttemptError { kind: error.kind, message: error.message },
        hint: hint.map(str::to_owned),
        remedy: Remedy::Retry,
    }
}

fn refused(reply: ReceivedReply, now: Timestamp) -> Refusal {
    let status = reply.status;
    let remedy = match status {
        408 | 425 | 429 | 500..=599 => retry_after(&reply, now).map_or(Remedy::Retry, Remedy::RetryAfter),
        401 | 403 => Remedy::RetrySlowly,
        410 => Remedy::Disable(DisableReason::Gone),
        _ => Remedy::GiveUp,
    };
    let effect = if matches!(status, 408 | 500..=599) { Effect::Perhaps } else { Effect::No };
    let message = match quoted(&reply) {
        Some(words) => format!("the target answered {status}: {words}"),
        None => format!("the target answered {status}"),
    };
    Refusal {
        hint: hint(&reply),
        reply: Some(reply),
        error: AttemptError { kind: AttemptErrorKind::Status, message },
        remedy,
        effect,
    }
}

fn hint(reply: &ReceivedReply) -> Option<String> {
    let text = match reply.status {
        401 | 403 => "The target wants credentials: add an authorization header in the webhook's settings",
        300..=399 => {
            return Some(match header(reply, "location") {
                Some(location) => format!("The target redirects to {location}: use that address as the URL"),
                None => "The target redirects, but does not say where to: check the URL".to_owned(),
            });
        }
        404 => "Nothing is at this address: check the webhook's URL",
        405 => "The target does not take this method at this address: check the webhook's URL",
        410 => "The target does not want events any more; the webhook has been disabled",
        400 | 422 => "The target refused the shape of the request: its answer says why",
        413 => "The request is too large for the target",
        429 => "The target takes fewer requests than it is sent: lower the webhook's concurrency",
        _ => return None,
    };
    Some(text.to_owned())
}

fn header<'a>(reply: &'a ReceivedReply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// `retry-after` as seconds or as a date (RFC 9110, section 10.2.3).
fn retry_after(reply: &ReceivedReply, now: Timestamp) -> Option<Duration> {
    let value = header(reply, "retry-after")?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(at.saturating_sub(Duration::from_millis(now.as_millis())))
}

/// The beginning of a body that is text, on one line.
fn quoted(reply: &ReceivedReply) -> Option<String> {
    let text = match std::str::from_utf8(&reply.body) {
        Ok(text) => text,
        Err(error) if reply.truncated => std::str::from_utf8(&reply.body[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(MAX_QUOTED_CHARS) {
        words.truncate(end);
        words.push('…');
    }
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Result<ReceivedReply, SendError> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Ok(ReceivedReply { status, headers, body: Bytes::from_static(b"no\n  way"), truncated: false })
    }

    fn refusal(status: u16, headers: &[(&str, &str)]) -> Refusal {
        match judge(answer(status, headers), &[], NOW) {
            Judgement::Failure(refusal) => refusal,
            Judgement::Success { .. } => panic!("{status} is a success"),
        }
    }

    #[test]
    fn statuses_have_remedies() {
        for (status, remedy, effect) in [
            (302, Remedy::GiveUp, Effect::No),
            (400, Remedy::GiveUp, Effect::No),
            (401, Remedy::RetrySlowly, Effect::No),
            (403, Remedy::RetrySlowly, Effect::No),
            (404, Remedy::GiveUp, Effect::No),
            (408, Remedy::Retry, Effect::Perhaps),
            (410, Remedy::Disable(DisableReason::Gone), Effect::No),
            (425, Remedy::Retry, Effect::No),
            (429, Remedy::Retry, Effect::No),
            (500, Remedy::Retry, Effect::Perhaps),
            (503, Remedy::Retry, Effect::Perhaps),
        ] {
            let refusal = refusal(status, &[]);
            assert_eq!((refusal.remedy, refusal.effect), (remedy, effect), "{status}");
            assert_eq!(refusal.error.message, format!("the target answered {status}: no way"));
        }
    }

    #[test]
    fn successes_are_2xx_and_what_the_plugin_accepts() {
        assert!(matches!(judge(answer(204, &[]), &[], NOW), Judgement::Success { .. }));
        assert!(matches!(judge(answer(409, &[]), &[409], NOW), Judgement::Success { .. }));
        assert!(matches!(judge(answer(409, &[]), &[404], NOW), Judgement::Failure(_)));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let after = |value| refusal(429, &[("retry-after", value)]).remedy;
        assert_eq!(after("7"), Remedy::RetryAfter(Duration::from_secs(7)));
        assert_eq!(after("Thu, 01 Jan 1970 00:00:09 GMT"), Remedy::RetryAfter(Duration::from_secs(9)));
        assert_eq!(after("soon"), Remedy::Retry);
    }

    #[test]
    fn hints_name_the_way_out() {
        let hint = |status, headers: &[(&str, &str)]| refusal(status, headers).hint.unwrap();
        assert!(hint(301, &[("location", "https://b.example/")]).contains("https://b.example/"));
        assert!(hint(401, &[]).contains("authorization header"));
        assert!(hint(404, &[]).contains("URL"));
    }

    #[test]
    fn only_a_request_that_never_left_is_certain_to_have_no_effect() {
        for (reached, effect) in [(Reached::No, Effect::No), (Reached::Perhaps, Effect::Perhaps)] {
            let error = SendError { kind: AttemptErrorKind::Reset, message: "reset".into(), reached };
            let Judgement::Failure(refusal) = judge(Err(error), &[], NOW) else { panic!("a success") };
            assert_eq!((refusal.effect, refusal.remedy), (effect, Remedy::Retry));
        }
    }
}
