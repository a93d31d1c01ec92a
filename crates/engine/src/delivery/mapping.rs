//! The plugin has been asked what to do next.

use std::time::Duration;

use hookwright_model::limits::MAX_CALLS;
use hookwright_model::{
    Action, AttemptError, AttemptErrorKind, Failure, History, LogLine, StepRequest, Timestamp,
};

use super::run::{Deed, End, Problem, Run, Wait};
use super::sending::{Answered, Completes, Outgoing, Sending};
use super::{Moment, Next, Pinned, Transition};
use crate::ports::{MapError, Mapped};

/// A delivery that waits for its plugin's answer.
#[derive(Debug)]
pub struct Mapping {
    run: Run,
    pinned: Pinned,
    started_at: Timestamp,
    answered: Option<Answered>,
}

impl Mapping {
    /// The first question of a run.
    pub(super) fn first(run: Run, pinned: Pinned, now: Timestamp) -> Self {
        Self { run, pinned, started_at: now, answered: None }
    }

    /// The question what to do with the answer to a call.
    pub(super) fn after(run: Run, pinned: Pinned, answered: Answered, now: Timestamp) -> Self {
        Self { run, pinned, started_at: now, answered: Some(answered) }
    }

    /// The code and settings to ask with.
    pub fn pinned(&self) -> &Pinned {
        &self.pinned
    }

    /// What the plugin sees of this delivery. A new answer ends the doubt about earlier steps, in the plugin's eyes and,
    /// once the plugin has made something of it, in the store as well.
    pub fn history(&self) -> History {
        let answer = self.answered.iter().map(|answered| answered.reply.clone());
        let uncertain = if self.answered.is_some() { None } else { self.run.delivery.uncertain.clone() };
        History { replies: self.run.replies.iter().cloned().chain(answer).collect(), uncertain }
    }

    /// Takes the plugin's answer.
    pub fn step(self, mapped: Mapped, moment: Moment) -> Transition {
        let Mapped { outcome, logs, usage: _ } = mapped;
        match outcome {
            Ok(Action::Call(request)) => {
                let completes = Completes::Step(self.pinned.clone());
                self.send(request, completes, logs, moment)
            }
            Ok(Action::Deliver(request)) => self.send(request, Completes::Delivery, logs, moment),
            Ok(Action::Done(_)) if self.answered.is_none() && self.run.replies.is_empty() => {
                let problem = invalid(
                    "it said `done` before anything was sent; `skip` ends a delivery without sending",
                );
                self.end(logs, End::Held(problem), moment)
            }
            Ok(Action::Done(receipt)) => self.end(logs, End::Delivered(receipt, None), moment),
            Ok(Action::Skip(reason)) => self.end(logs, End::Skipped(reason), moment),
            Err(error) => self.end(logs, failed(&error), moment),
        }
    }

    /// Sends what the plugin wants sent, after writing down the answer that led to it and, when the request must not be
    /// sent twice, that it is about to be sent.
    fn send(
        mut self,
        request: StepRequest,
        completes: Completes,
        logs: Vec<LogLine>,
        moment: Moment,
    ) -> Transition {
        let calls = self.run.delivery.replies + u32::from(self.answered.is_some());
        if matches!(completes, Completes::Step(_)) && calls >= MAX_CALLS {
            let message = format!("the plugin wants to make more than {MAX_CALLS} calls for one delivery");
            let error = AttemptError { kind: AttemptErrorKind::MappingLimit, message };
            return self.end(logs, End::Held(Problem { error, hint: Some(FIX_PLUGIN.to_owned()) }), moment);
        }
        let url = match self.run.rules.url.join(request.path.as_deref()) {
            Ok(url) => url,
            Err(error) => return self.end(logs, End::Held(invalid(&error.to_string())), moment),
        };
        let kept = self.answered.take();
        if kept.is_some() {
            self.run.delivery.uncertain = None;
        }
        let uncertain_before = self.run.delivery.uncertain.clone();
        if !request.idempotent {
            self.run.delivery.uncertain = Some(request.step.clone());
        }
        let record = match kept {
            Some(Answered { deed, reply }) => {
                let record = self.run.answered(deed, &reply);
                self.run.replies.push(reply);
                Some(record)
            }
            None if uncertain_before != self.run.delivery.uncertain => Some(self.run.row()),
            None => None,
        };
        let outgoing = Outgoing { url, step: Some(request) };
        let sending =
            Sending::new(self.run, outgoing, completes, moment.now).of_plugin(uncertain_before, logs);
        Transition { record: record.map(Box::new), next: Next::Send(sending) }
    }

    fn end(self, mut logs: Vec<LogLine>, end: End, moment: Moment) -> Transition {
        let Self { mut run, pinned: _, started_at, answered } = self;
        let deed = match answered {
            Some(Answered { mut deed, reply: _ }) => {
                deed.logs.append(&mut logs);
                if matches!(end, End::Delivered(..) | End::Skipped(_)) {
                    run.delivery.uncertain = None;
                }
                deed
            }
            None => not_sent(started_at, logs, moment),
        };
        run.end(deed, end, moment)
    }
}

/// An attempt that came to no request.
fn not_sent(started_at: Timestamp, logs: Vec<LogLine>, moment: Moment) -> Deed {
    Deed { started_at, duration: moment.now.since(started_at), step: None, request: None, reply: None, logs }
}

/// Ends a delivery whose mapping cannot even be found.
pub(super) fn unmappable(run: Run, error: &MapError, moment: Moment) -> Transition {
    run.end(not_sent(moment.now, Vec::new(), moment), failed(error), moment)
}

const FIX_PLUGIN: &str =
    "Mend the plugin or the webhook's settings, then send this delivery again: it is kept";

fn invalid(what: &str) -> Problem {
    Problem {
        error: AttemptError {
            kind: AttemptErrorKind::MappingInvalid,
            message: format!("the plugin's answer is not usable: {what}"),
        },
        hint: Some(FIX_PLUGIN.to_owned()),
    }
}

/// What a mapping that failed leads to.
fn failed(error: &MapError) -> End {
    let message = error.to_string();
    let problem = |kind, hint: Option<&str>| Problem {
        error: AttemptError { kind, message: message.clone() },
        hint: hint.map(str::to_owned),
    };
    match error {
        MapError::Plugin(Failure::Retry { after_secs, .. }) => {
            let wait =
                after_secs.map_or(Wait::Schedule, |secs| Wait::Named(Duration::from_secs(secs.into())));
            End::Retry(wait, problem(AttemptErrorKind::MappingRetry, None))
        }
        MapError::NotLoaded | MapError::Unavailable(_) => {
            End::Retry(Wait::Schedule, problem(AttemptErrorKind::MappingUnavailable, None))
        }
        MapError::Plugin(Failure::Permanent(_)) => {
            End::Held(problem(AttemptErrorKind::MappingPermanent, Some(FIX_PLUGIN)))
        }
        MapError::Trap(_) => End::Held(problem(AttemptErrorKind::MappingTrap, Some(FIX_PLUGIN))),
        MapError::Limit(_) => End::Held(problem(AttemptErrorKind::MappingLimit, Some(FIX_PLUGIN))),
        MapError::Invalid(_) => End::Held(problem(AttemptErrorKind::MappingInvalid, Some(FIX_PLUGIN))),
    }
}
