//! The plugin has been asked what to do next.

use std::time::Duration;

use hookwright_model::limits::MAX_CALLS;
use hookwright_model::{
    Action, AttemptError, AttemptErrorKind, Event, Failure, History, LogLine, ReceivedReply, StepRequest,
    Timestamp,
};

use super::run::{Deed, End, Problem, Run, Wait, taken};
use super::sending::{Answered, Completes, Outgoing, Sending};
use super::{Health, Moment, Next, Pinned, Transition};
use crate::ports::{MapError, MapRequest, Mapped};
use crate::verdict;

/// A delivery that waits for its plugin's answer.
#[derive(Debug)]
pub struct Transforming {
    run: Run,
    pinned: Pinned,
    started_at: Timestamp,
    answered: Option<Answered>,
}

impl Transforming {
    /// The first question of a run.
    pub(super) fn first(run: Run, pinned: Pinned, now: Timestamp) -> Self {
        Self { run, pinned, started_at: now, answered: None }
    }

    /// The question what to do with the answer to a call.
    pub(super) fn after(run: Run, pinned: Pinned, answered: Answered, now: Timestamp) -> Self {
        Self { run, pinned, started_at: now, answered: Some(answered) }
    }

    /// Counts the calls of this run from here, as if these had been made in it: a preview has one run for all.
    #[must_use]
    pub fn having_made(mut self, calls: u32) -> Self {
        self.run.calls = calls;
        self
    }

    /// The question.
    pub fn request(&self, event: &Event) -> MapRequest {
        MapRequest {
            component: self.pinned.pin.digest,
            event: event.clone(),
            settings: self.pinned.settings.clone(),
            history: self.history(),
        }
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
            Ok(Action::Call(request)) => self.call(request, logs, moment),
            Ok(Action::Deliver(request)) => self.send(request, logs, moment, |_| Completes::Delivery),
            Ok(Action::Done(_)) if self.answered.is_none() && self.run.replies.is_empty() => {
                let problem = invalid(
                    "it said `done` before anything was sent; `skip` ends a delivery without sending",
                );
                self.end(logs, End::Held(problem), moment)
            }
            Ok(Action::Done(receipt)) => self.end(logs, End::Delivered(receipt, None), moment),
            Ok(Action::Skip(reason)) => self.end(logs, End::Skipped(reason), moment),
            Err(error) => {
                let reply = self.answered.as_ref().and_then(|answered| answered.deed.reply.as_ref());
                let end = failed(&error, reply, moment.now);
                self.end(logs, end, moment)
            }
        }
    }

    /// Sends a call, unless the run has made too many. What repeats does not count: a run begins with the replies that are
    /// kept, and a look after a doubt comes on top.
    fn call(mut self, request: StepRequest, logs: Vec<LogLine>, moment: Moment) -> Transition {
        let is_look = self.answered.is_none() && self.run.delivery.uncertain.is_some();
        if !is_look {
            self.run.calls += 1;
        }
        if self.run.calls > MAX_CALLS {
            let message = format!("the plugin wants to make more than {MAX_CALLS} calls for one delivery");
            let error = AttemptError { kind: AttemptErrorKind::MappingLimit, message };
            return self.end(logs, End::Held(Problem { error, hint: Some(FIX_PLUGIN.to_owned()) }), moment);
        }
        self.send(request, logs, moment, Completes::Step)
    }

    /// Sends what the plugin wants sent, after writing down the answer that led to it and, when the request must not be
    /// sent twice, that it is about to be sent.
    fn send(
        mut self,
        request: StepRequest,
        logs: Vec<LogLine>,
        moment: Moment,
        completes: impl FnOnce(Pinned) -> Completes,
    ) -> Transition {
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
        let health = kept.as_ref().map_or(Health::Unknown, |answered| taken(answered.reply.status));
        let record = match kept {
            Some(answered) => Some(self.run.answered(answered)),
            None if uncertain_before != self.run.delivery.uncertain => Some(self.run.row()),
            None => None,
        };
        let outgoing = Outgoing { url, step: Some(request) };
        let sending = Sending::new(self.run, outgoing, completes(self.pinned), moment.now)
            .of_plugin(uncertain_before, logs);
        Transition { record: record.map(Box::new), health, next: Next::Send(sending) }
    }

    fn end(self, mut logs: Vec<LogLine>, end: End, moment: Moment) -> Transition {
        let Self { mut run, started_at, answered, pinned: _ } = self;
        let deed = match answered {
            Some(Answered { mut deed, .. }) => {
                deed.logs.append(&mut logs);
                if matches!(end, End::Delivered(..) | End::Skipped(_)) {
                    run.delivery.uncertain = None;
                }
                deed
            }
            None => Deed { logs, ..Deed::nothing_sent(started_at, moment.now) },
        };
        run.end(deed, end, moment)
    }
}

/// Ends a run whose plugin could not be asked.
pub(super) fn never_asked(run: Run, error: &MapError, moment: Moment) -> Transition {
    run.end(Deed::nothing_sent(moment.now, moment.now), failed(error, None, moment.now), moment)
}

const FIX_PLUGIN: &str = "Fix the plugin or the webhook's settings, then resend. The delivery is kept";

const FIX_TARGET: &str = "The target refused the request. Change there, or in the webhook, what the reason names; then resend. The delivery is kept";

const NOT_HTTP: &str = "The target's answer breaks off, or is not HTTP behind its first line: have its server repaired, then \
                        resend. The delivery is kept";

const WEB_PAGE: &str = "The target answered with a web page instead of data: check the webhook's URL. Then resend; the \
                        delivery is kept";

fn invalid(what: &str) -> Problem {
    Problem {
        error: AttemptError {
            kind: AttemptErrorKind::MappingInvalid,
            message: format!("the plugin's answer is not usable: {what}"),
        },
        hint: Some(FIX_PLUGIN.to_owned()),
    }
}

/// What a mapping that failed leads to. `reply` is the answer that it failed on, if it did not fail before any.
fn failed(error: &MapError, reply: Option<&ReceivedReply>, now: Timestamp) -> End {
    let message = error.to_string();
    let problem = |kind, hint: Option<&str>| Problem {
        error: AttemptError { kind, message: message.clone() },
        hint: hint.map(str::to_owned),
    };
    match error {
        MapError::Plugin(Failure::Retry { after_secs, .. }) => {
            let named = after_secs.map(|secs| Duration::from_secs(secs.into()));
            let problem = problem(AttemptErrorKind::MappingRetry, None);
            match reply {
                // The plugin may not have read the header, or not in this form.
                Some(reply) => {
                    let named = named.max(verdict::retry_after(reply, now));
                    End::Retry(Wait::named(named), verdict::health(reply.status, named), problem)
                }
                None => End::Retry(Wait::named(named), Health::Unknown, problem),
            }
        }
        MapError::NotLoaded | MapError::Unavailable(_) => {
            let problem = problem(AttemptErrorKind::MappingUnavailable, None);
            End::Retry(Wait::Schedule, Health::Unknown, problem)
        }
        MapError::Plugin(Failure::Permanent(_)) => {
            let hint = match reply {
                Some(reply) if verdict::is_not_http(reply) => NOT_HTTP,
                Some(reply) if verdict::is_web_page(reply) => WEB_PAGE,
                Some(reply) if reply.status >= 300 => FIX_TARGET,
                _ => FIX_PLUGIN,
            };
            End::Held(problem(AttemptErrorKind::MappingPermanent, Some(hint)))
        }
        MapError::Trap(_) => End::Held(problem(AttemptErrorKind::MappingTrap, Some(FIX_PLUGIN))),
        MapError::Limit(_) => End::Held(problem(AttemptErrorKind::MappingLimit, Some(FIX_PLUGIN))),
        MapError::Invalid(_) => End::Held(problem(AttemptErrorKind::MappingInvalid, Some(FIX_PLUGIN))),
    }
}
