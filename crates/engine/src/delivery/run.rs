//! What both phases share: the rows, and how an attempt ends.

use std::time::Duration;

use hookwright_model::{
    Attempt, AttemptError, Delivery, DeliveryState, DisableReason, LogLine, Origin, Receipt, ReceivedReply,
    Reply, RetryPolicy, SentRequest, Timestamp, Verdict,
};
use hookwright_store::{AttemptRecord, ClaimAfter};

use super::sending::Answered;
use super::{Health, Moment, Next, Rules, Transition};

/// A delivery under way.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) delivery: Delivery,
    pub(super) replies: Vec<Reply>,
    pub(super) rules: Rules,
    /// The calls that count towards the limit.
    pub(super) calls: u32,
}

/// What an attempt did, before it is known what comes of it.
#[derive(Debug)]
pub(super) struct Deed {
    pub(super) started_at: Timestamp,
    pub(super) duration: Duration,
    pub(super) step: Option<String>,
    pub(super) request: Option<SentRequest>,
    pub(super) reply: Option<ReceivedReply>,
    pub(super) logs: Vec<LogLine>,
}

impl Deed {
    /// An attempt that came to no request.
    pub(super) fn nothing_sent(started_at: Timestamp, now: Timestamp) -> Self {
        let duration = now.since(started_at);
        Self { started_at, duration, step: None, request: None, reply: None, logs: Vec::new() }
    }
}

/// What went wrong, and what a person can do about it.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) error: AttemptError,
    pub(super) hint: Option<String>,
}

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// By the webhook's schedule.
    Schedule,
    /// After the time that somebody else named, and never before the schedule.
    Named(Duration),
    /// By the schedule, but not soon.
    Slow,
}

impl Wait {
    pub(super) fn named(wait: Option<Duration>) -> Self {
        wait.map_or(Self::Schedule, Self::Named)
    }
}

/// How a run ends.
#[derive(Debug)]
pub(super) enum End {
    /// With what a person should know about the target's answer, if anything.
    Delivered(Receipt, Option<String>),
    Skipped(String),
    /// With what the failure says about the target.
    Retry(Wait, Health, Problem),
    Held(Problem),
    Failed(Problem, Option<DisableReason>),
}

impl Run {
    pub(super) fn new(mut delivery: Delivery, replies: Vec<Reply>, rules: Rules, now: Timestamp) -> Self {
        // Under a clock that was wrong it may have begun in the future: it would not be given up before that.
        delivery.run_started_at = delivery.run_started_at.min(now);
        Self { delivery, replies, rules, calls: 0 }
    }

    /// Writes down a call that was answered and goes on.
    pub(super) fn answered(&mut self, answered: Answered) -> AttemptRecord {
        let Answered { deed, reply, was_look } = answered;
        self.delivery.replies += 1;
        // A look that is made again and again is no progress: the waits between the doubts have to grow.
        if !was_look && !self.replies.iter().any(|kept| kept.step == reply.step) {
            self.delivery.failures = 0;
        }
        self.delivery.reason = None;
        let attempt = self.attempt(deed, Verdict::Succeeded, None, None);
        let record = AttemptRecord { attempt: Some(attempt), reply: Some(reply.clone()), ..self.row() };
        self.replies.push(reply);
        record
    }

    /// Writes down the delivery as it stands, and goes on.
    pub(super) fn row(&self) -> AttemptRecord {
        AttemptRecord {
            delivery: Delivery { state: DeliveryState::Pending, ..self.delivery.clone() },
            attempt: None,
            reply: None,
            disable_webhook: None,
            claim: ClaimAfter::Keep,
        }
    }

    /// Writes down the last attempt of this run.
    pub(super) fn end(mut self, deed: Deed, end: End, moment: Moment) -> Transition {
        let disable_webhook = if let End::Failed(_, disable) = &end { *disable } else { None };
        let mut health = deed.reply.as_ref().map_or(Health::Unknown, |reply| taken(reply.status));
        let (verdict, error, hint) = match end {
            End::Delivered(receipt, hint) => {
                self.settle(DeliveryState::Delivered, None);
                self.delivery.receipt = Some(receipt).filter(|receipt| *receipt != Receipt::default());
                self.delivery.uncertain = None;
                (Verdict::Succeeded, None, hint)
            }
            End::Skipped(reason) => {
                self.settle(DeliveryState::Skipped, Some(reason));
                (Verdict::Skipped, None, None)
            }
            End::Held(problem) => {
                self.settle(DeliveryState::Held, Some(problem.error.message.clone()));
                (Verdict::Held, Some(problem.error), problem.hint)
            }
            End::Failed(problem, _) => {
                self.settle(DeliveryState::Failed, Some(problem.error.message.clone()));
                (Verdict::Failed, Some(problem.error), problem.hint)
            }
            End::Retry(wait, learned, problem) => {
                health = self.bounded(learned, moment);
                (self.retry(wait, &problem, moment), Some(problem.error), problem.hint)
            }
        };
        let attempt = self.attempt(deed, verdict, error, hint);
        let record = AttemptRecord {
            delivery: self.delivery,
            attempt: Some(attempt),
            reply: None,
            disable_webhook,
            claim: ClaimAfter::Release,
        };
        Transition { record: Some(Box::new(record)), health, next: Next::End }
    }

    /// Writes down that nothing was sent, because the target is left alone for so long. It is no attempt.
    pub(super) fn postpone(mut self, wait: Duration, moment: Moment) -> Transition {
        self.delivery.due_at = moment.now.after(wait);
        let record = AttemptRecord { claim: ClaimAfter::Release, ..self.row() };
        Transition { record: Some(Box::new(record)), health: Health::Unknown, next: Next::End }
    }

    fn settle(&mut self, state: DeliveryState, reason: Option<String>) {
        self.delivery.state = state;
        self.delivery.reason = reason;
    }

    /// The same, with a pause that the webhook's policy allows.
    fn bounded(&self, health: Health, moment: Moment) -> Health {
        match health {
            Health::Throttling(Some(pause)) => {
                Health::Throttling(Some(self.rules.retry.named(pause, moment.jitter)))
            }
            other => other,
        }
    }

    /// Schedules the next attempt, unless this run has had its time and its attempts, or it is a test, which is tried once.
    fn retry(&mut self, wait: Wait, problem: &Problem, moment: Moment) -> Verdict {
        self.delivery.failures += 1;
        let policy = &self.rules.retry;
        let scheduled = policy.jittered(policy.wait(self.delivery.failures), moment.jitter);
        let wait = match wait {
            Wait::Schedule => scheduled,
            Wait::Slow => scheduled.max(RetryPolicy::SLOW),
            Wait::Named(wait) => scheduled.max(policy.named(wait, moment.jitter)),
        };
        let due_at = moment.now.after(wait);
        let message = &problem.error.message;
        if self.delivery.origin == Origin::Test {
            self.settle(DeliveryState::Failed, Some(message.clone()));
            return Verdict::Failed;
        }
        // The time alone says nothing: the process may have stood still, or the clock was set.
        let is_late = due_at.since(self.delivery.run_started_at) > policy.give_up_after;
        if is_late && self.delivery.failures >= policy.least_failures() {
            let tried = moment.now.since(self.delivery.run_started_at).as_secs() / 3_600;
            let failures = self.delivery.failures;
            let reason = format!("given up after {tried} h and {failures} failures in a row: {message}");
            self.settle(DeliveryState::Failed, Some(reason));
            return Verdict::Failed;
        }
        self.settle(DeliveryState::Pending, Some(message.clone()));
        self.delivery.due_at = due_at;
        Verdict::Retry
    }

    fn attempt(
        &mut self,
        deed: Deed,
        verdict: Verdict,
        error: Option<AttemptError>,
        hint: Option<String>,
    ) -> Attempt {
        self.delivery.attempts += 1;
        Attempt {
            delivery: self.delivery.id,
            number: self.delivery.attempts,
            started_at: deed.started_at,
            duration: deed.duration,
            step: deed.step,
            request: deed.request,
            reply: deed.reply,
            verdict,
            error,
            hint,
            logs: deed.logs,
            component: self.delivery.pin.map(|pin| pin.digest),
        }
    }
}

/// What the status of an answer says about the target when nobody says more.
pub(super) fn taken(status: u16) -> Health {
    match status {
        401 | 403 | 404 | 410 | 429 | 500.. => Health::Unknown,
        _ => Health::Good,
    }
}
