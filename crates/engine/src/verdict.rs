//! What an answer of a target means.

use std::time::Duration;

use hookwright_model::{AttemptError, AttemptErrorKind, DisableReason, ReceivedReply, TargetUrl, Timestamp};

use crate::delivery::{Credentials, Health};
use crate::ports::{Reached, SendError};

mod automation;
mod hints;
mod services;

pub(crate) use automation::judge_event;
pub(crate) use hints::{is_not_http, is_web_page};

/// The most characters of a target's own words in a message.
const MAX_QUOTED_CHARS: usize = 300;

/// What was asked, as far as it tells what the answer means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// When the answer came.
    pub(crate) now: Timestamp,
    /// The webhook's URL.
    pub(crate) base: &'a TargetUrl,
    /// The URL of the request: the webhook's, or below it.
    pub(crate) url: &'a TargetUrl,
    /// The statuses besides 200–299 that are a reply for the plugin and not a failure.
    pub(crate) accept: &'a [u16],
    /// What the request can have been authorised with.
    pub(crate) credentials: &'a Credentials,
}

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
    /// Not now, or never.
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

/// Whether a request that was not answered with a success may have had its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The target refused it, or never saw it.
    No,
    /// The answer was lost, or a gateway answered for the target.
    Perhaps,
}

/// Judges the outcome of a plugin's request.
pub(crate) fn judge(outcome: Result<ReceivedReply, SendError>, context: &Context<'_>) -> Judgement {
    let reply = match outcome {
        Ok(reply) => reply,
        Err(error) => return Judgement::Failure(unanswered(error)),
    };
    if let Some(hint) = services::switched_off(&reply) {
        let hint = Some(hint.to_owned());
        let remedy = Remedy::Disable(DisableReason::Gone);
        return Judgement::Failure(Refusal { hint, remedy, ..refused(reply, context) });
    }
    if (200..300).contains(&reply.status) || context.accept.contains(&reply.status) {
        Judgement::Success { reply, hint: None }
    } else {
        Judgement::Failure(refused(reply, context))
    }
}

/// Whether a request that got this status may have had its effect. A refusal has none.
pub(crate) fn effect(status: u16) -> Effect {
    match status {
        200..=299 | 408 | 500.. => Effect::Perhaps,
        _ => Effect::No,
    }
}

/// What an answer after which the request is made again says about the target. `named` is the wait that it names.
pub(crate) fn health(status: u16, named: Option<Duration>) -> Health {
    match named.filter(|named| !named.is_zero()) {
        None if status != 429 => Health::Failing,
        named => Health::Throttling(named),
    }
}

/// The wait that a reply's `retry-after` names. A date counts from what the target's own clock shows, if it says so.
pub(crate) fn retry_after(reply: &ReceivedReply, now: Timestamp) -> Option<Duration> {
    let sent_at = header(reply, "date").and_then(hookwright_retry_after::date);
    let secs =
        hookwright_retry_after::retry_after(header(reply, "retry-after")?, sent_at.unwrap_or(now.as_secs()))?;
    Some(Duration::from_secs(secs))
}

fn unanswered(error: SendError) -> Refusal {
    Refusal {
        reply: None,
        effect: if error.reached == Reached::No { Effect::No } else { Effect::Perhaps },
        hint: hints::unanswered(&error).map(str::to_owned),
        error: AttemptError { kind: error.kind, message: error.message },
        remedy: Remedy::Retry,
    }
}

fn refused(reply: ReceivedReply, context: &Context<'_>) -> Refusal {
    let status = reply.status;
    let remedy = match status {
        402 | 408 | 423 | 425 | 429 | 500..=599 => {
            retry_after(&reply, context.now).map_or(Remedy::Retry, Remedy::RetryAfter)
        }
        401 | 403 => Remedy::RetrySlowly,
        410 => Remedy::Disable(DisableReason::Gone),
        _ => Remedy::GiveUp,
    };
    let message = match quoted(&reply) {
        Some(words) => format!("the target answered {status}: {words}"),
        None => format!("the target answered {status}"),
    };
    Refusal {
        hint: hints::refused(&reply, context),
        reply: Some(reply),
        error: AttemptError { kind: AttemptErrorKind::Status, message },
        remedy,
        effect: effect(status),
    }
}

fn header<'a>(reply: &'a ReceivedReply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
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

    fn judged(outcome: Result<ReceivedReply, SendError>, accept: &[u16]) -> Judgement {
        let url = TargetUrl::parse("https://crm.example/").unwrap();
        let credentials = Credentials::default();
        judge(outcome, &Context { now: NOW, base: &url, url: &url, accept, credentials: &credentials })
    }

    fn refusal(status: u16, headers: &[(&str, &str)]) -> Refusal {
        match judged(answer(status, headers), &[]) {
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
            (402, Remedy::Retry, Effect::No),
            (403, Remedy::RetrySlowly, Effect::No),
            (404, Remedy::GiveUp, Effect::No),
            (408, Remedy::Retry, Effect::Perhaps),
            (409, Remedy::GiveUp, Effect::No),
            (410, Remedy::Disable(DisableReason::Gone), Effect::No),
            (423, Remedy::Retry, Effect::No),
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
        assert!(matches!(judged(answer(204, &[]), &[]), Judgement::Success { .. }));
        assert!(matches!(judged(answer(409, &[]), &[409]), Judgement::Success { .. }));
        assert!(matches!(judged(answer(409, &[]), &[404]), Judgement::Failure(_)));
    }

    #[test]
    fn a_named_wait_is_seconds_or_a_date() {
        let after = |value| refusal(429, &[("retry-after", value)]).remedy;
        let secs = |secs| Remedy::RetryAfter(Duration::from_secs(secs));
        assert_eq!(after("7"), secs(7));
        assert_eq!(after("299.997"), secs(300));
        assert_eq!(after("99999999999999999999999"), secs(u64::MAX));
        assert_eq!(after("Thu, 01 Jan 1970 00:00:09 GMT"), secs(9));
        assert_eq!(after("Thursday, 01-Jan-70 00:00:09 GMT"), secs(9));
        assert_eq!(after("Thu Jan  1 00:00:09 1970"), secs(9));
        assert_eq!(after("soon"), Remedy::Retry);
        let by_its_own_clock =
            [("date", "Fri, 02 Jan 1970 00:00:00 GMT"), ("retry-after", "Fri, 02 Jan 1970 00:00:05 GMT")];
        assert_eq!(refusal(503, &by_its_own_clock).remedy, secs(5));
    }

    #[test]
    fn only_a_wait_or_a_429_says_that_the_target_takes_less() {
        let second = Duration::from_secs(1);
        assert_eq!(health(429, None), Health::Throttling(None));
        assert_eq!(health(429, Some(Duration::ZERO)), Health::Throttling(None));
        assert_eq!(health(503, Some(second)), Health::Throttling(Some(second)));
        assert_eq!(health(503, None), Health::Failing);
        assert_eq!(health(503, Some(Duration::ZERO)), Health::Failing);
    }

    #[test]
    fn only_a_request_that_never_left_is_certain_to_have_no_effect() {
        for (reached, effect) in [(Reached::No, Effect::No), (Reached::Perhaps, Effect::Perhaps)] {
            let error = SendError { kind: AttemptErrorKind::Reset, message: "reset".into(), reached };
            let Judgement::Failure(refusal) = judged(Err(error), &[]) else { panic!("a success") };
            assert_eq!((refusal.effect, refusal.remedy), (effect, Remedy::Retry));
        }
    }
}
