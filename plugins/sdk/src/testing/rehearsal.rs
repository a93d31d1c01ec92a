//! One delivery, driven as the host drives it.

use std::marker::PhantomData;

use serde_json::Value;

use super::{Answer, Target, host, take_log};
use crate::log::Level;
use crate::{Action, Event, Failure, Header, History, Lead, Mapping, Receipt, Reply, Request, guest};

/// The most requests that the host makes for one delivery before it takes the mapping for a loop.
pub const MAX_CALLS: usize = 8;

/// How much of a reply's body the host reads.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The target has it.
    Delivered(Receipt),
    /// The mapping decided not to deliver it.
    Skipped(String),
    /// The mapping failed: it waits for a person.
    Held(String),
    /// It is tried again, after so many seconds if a time was named.
    Retry(String, Option<u32>),
    /// The target refused it for good, with this status.
    Refused(u16),
}

/// One event on its way to one target, attempt by attempt.
pub struct Rehearsal<M> {
    event: Event,
    settings: String,
    history: History,
    pub(super) exchanges: Vec<(Request, Answer)>,
    pub(super) log: Vec<(Level, String)>,
    pub(super) outcomes: Vec<(usize, Outcome)>,
    mapping: PhantomData<M>,
}

impl<M: Mapping> Rehearsal<M> {
    /// A delivery of this lead, with the default settings.
    pub fn of(lead: Lead) -> Self {
        Self::of_event(super::samples::event(lead))
    }

    /// A delivery of this event, with the default settings.
    pub fn of_event(event: Event) -> Self {
        Self {
            event,
            settings: "{}".to_owned(),
            history: History { replies: Vec::new(), uncertain: None },
            exchanges: Vec::new(),
            log: Vec::new(),
            outcomes: Vec::new(),
            mapping: PhantomData,
        }
    }

    /// Uses these settings.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "reads well with `json!`")]
    pub fn settings(mut self, settings: Value) -> Self {
        self.settings = settings.to_string();
        self
    }

    /// The requests sent so far, in all attempts.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.exchanges.iter().map(|(request, _)| request)
    }

    /// The steps sent so far, in all attempts.
    pub fn steps(&self) -> Vec<&str> {
        self.requests().map(|request| request.step.as_str()).collect()
    }

    /// The lines that the mapping logged.
    pub fn log(&self) -> &[(Level, String)] {
        &self.log
    }

    /// Sends what is left to send, until the delivery ends or has to wait. What the target answered in earlier
    /// attempts is kept, as the host keeps it.
    ///
    /// # Panics
    /// If the mapping is not a pure function of its arguments, or asks for more than [`MAX_CALLS`] replies.
    pub fn attempt(&mut self, target: &mut impl Target) -> Outcome {
        let outcome = self.run(target);
        self.outcomes.push((self.exchanges.len(), outcome.clone()));
        outcome
    }

    /// Attempts until the delivery no longer wants to be tried again.
    ///
    /// # Panics
    /// As [`Rehearsal::attempt`], and after 20 attempts.
    pub fn finish(&mut self, target: &mut impl Target) -> Outcome {
        for _ in 0..20 {
            let outcome = self.attempt(target);
            if !matches!(outcome, Outcome::Retry(..)) {
                return outcome;
            }
        }
        panic!("still retrying after 20 attempts: {:?}", self.outcomes.last());
    }

    fn run(&mut self, target: &mut impl Target) -> Outcome {
        // The reply that the mapping has not yet taken with an action. It is kept, and ends the doubt, only then.
        let mut fresh: Option<Reply> = None;
        loop {
            let mut seen = self.history.clone();
            if let Some(reply) = &fresh {
                seen.replies.push(reply.clone());
                seen.uncertain = None;
            }
            let action = match self.transform(&seen) {
                Err(Failure::Permanent(reason)) => return Outcome::Held(reason),
                Err(Failure::Retry(delay)) => return Outcome::Retry(delay.reason, delay.after),
                Ok(action) => action,
            };
            self.history = seen;
            assert!(
                self.history.replies.len() <= MAX_CALLS,
                "more than {MAX_CALLS} calls: {:?}",
                self.steps()
            );
            let (request, is_last) = match action {
                Action::Call(request) => (request, false),
                Action::Deliver(request) => (request, true),
                Action::Done(receipt) => {
                    return host::check_receipt(&receipt)
                        .map_or_else(Outcome::Held, |()| Outcome::Delivered(receipt));
                }
                Action::Skip(reason) => return Outcome::Skipped(reason),
            };
            if let Err(rule) = host::check_request(&request) {
                return Outcome::Held(rule);
            }
            match self.send(request, target) {
                Ok(_) if is_last => return Outcome::Delivered(Receipt { reference: None, url: None }),
                Ok(reply) => fresh = Some(reply),
                Err(outcome) => return outcome,
            }
        }
    }

    /// The next action; asked twice, because the same arguments must give the same answer.
    fn transform(&mut self, so_far: &History) -> Result<Action, Failure> {
        let first = guest::transform::<M>(&self.event, &self.settings, so_far);
        self.log.extend(take_log());
        let second = guest::transform::<M>(&self.event, &self.settings, so_far);
        take_log();
        assert_eq!(first, second, "the mapping is not a pure function");
        first
    }

    /// Sends one request and judges the answer by the host's table.
    fn send(&mut self, request: Request, target: &mut impl Target) -> Result<Reply, Outcome> {
        let answer = target.answer(&request);
        self.exchanges.push((request.clone(), answer.clone()));
        // The host notes the step before it sends it, and takes the note back if the request certainly had no effect.
        let before = self.history.uncertain.clone();
        if !request.idempotent {
            self.history.uncertain = Some(request.step.clone());
        }
        let Answer::Reply { status, headers, body } = answer else {
            return Err(Outcome::Retry("no answer".to_owned(), None));
        };
        // A refusal has no effect; the service behind a gateway may have done what it was asked to before the answer went
        // wrong.
        if !matches!(status, 200..300 | 408 | 500..600) {
            self.history.uncertain.clone_from(&before);
        }
        if (200..300).contains(&status) || request.accept.contains(&status) {
            let headers = headers.into_iter().map(|(name, value)| Header { name, value }).collect();
            let (body, truncated) = cut(body);
            return Ok(Reply { step: request.step, status, headers, body, truncated });
        }
        match status {
            401..=403 | 408 | 423 | 425 | 429 | 500..600 => {
                Err(Outcome::Retry(format!("status {status}"), None))
            }
            _ => Err(Outcome::Refused(status)),
        }
    }
}

/// The body as the host passes it on, and whether that is not all.
fn cut(mut body: String) -> (String, bool) {
    let truncated = body.len() > MAX_BODY_BYTES;
    body.truncate(body.floor_char_boundary(MAX_BODY_BYTES));
    (body, truncated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::samples;
    use crate::{Description, Stop};

    /// Looks before it creates again, and takes a 503 for a reply that asks for patience.
    struct Patient;

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Settings {}

    impl Mapping for Patient {
        type Settings = Settings;

        fn describe() -> Description {
            Description { title: "", summary: "", url: "", headers: &[] }
        }

        fn transform(_: &Event, _: &Settings, so_far: &History) -> Result<Action, Stop> {
            so_far.look_before("create", Request::get("look"))?;
            let reply = so_far.call(Request::post("create").accept(&[503]))?;
            if reply.status == 503 {
                return Err(Failure::retry("busy", None).into());
            }
            Ok(Action::done("x", None))
        }
    }

    #[test]
    fn only_a_request_that_certainly_had_no_effect_leaves_no_doubt() {
        let text = |status| Answer::text(status, "");
        for (answer, is_in_doubt) in [
            (text(401), false),
            (text(408), true),
            (text(429), false),
            (text(500), true),
            // The mapping took it for a reply and then failed, so that the host has not kept it.
            (text(503), true),
            (Answer::Lost, true),
        ] {
            let mut rehearsal = Rehearsal::<Patient>::of(samples::complete());
            let mut first = Some(answer.clone());
            rehearsal.finish(&mut |_: &Request| first.take().unwrap_or_else(|| text(200)));
            let expected =
                if is_in_doubt { &["create", "look", "create"][..] } else { &["create", "create"] };
            assert_eq!(rehearsal.steps(), expected, "{answer:?}");
        }
    }
}
