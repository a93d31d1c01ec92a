//! What both phases share: the rows, and how an attempt ends.

use std::time::Duration;

use hookwright_model::{
    Attempt, AttemptError, Delivery, DeliveryState, DisableReason, LogLine, Origin, Receipt, ReceivedReply,
    Reply, RetryPolicy, SentRequest, Timestamp, Verdict,
};
use hookwright_store::{AttemptRecord, ClaimAfter};

use super::{Moment, Next, Rules, Transition};

/// A delivery under way.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) delivery: Delivery,
    pub(super) replies: Vec<Reply>,
    pub(super) rules: Rules,
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
    /// As somebody else said, within the bounds of the schedule.
    Named(Duration),
    /// By the schedule, but not soon.
    Slow,
}

/// How a run ends.
#[derive(Debug)]
pub(super) enum End {
    /// With what a person should know about the target's answer, if anything.
    Delivered(Receipt, Option<String>),
    Skipped(String),
    Retry(Wait, Problem),
    Held(Problem),
    Failed(Problem, Option<DisableReason>),
}

impl Run {
    /// Writes down a call that was answered and goes on.
    pub(super) fn answered(&mut self, deed: Deed, reply: &Reply) -> AttemptRecord {
        self.delivery.replies += 1;
        self.delivery.failures = 0;
        self.delivery.reason = None;
        let attempt = self.attempt(deed, Verdict::Succeeded, None, None);
        AttemptRecord { attempt: Some(attempt), reply: Some(reply.clone()), ..self.row() }
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
            End::Retry(wait, problem) => {
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
        Transition { record: Some(Box::new(record)), next: Next::End }
    }

    fn settle(&mut self, state: DeliveryState, reason: Option<String>) {
        self.delivery.state = state;
        self.delivery.reason = reason;
    }

    /// Schedules the next attempt, unless the time of this run is over or it is a test, which is tried once.
    fn retry(&mut self, wait: Wait, problem: &Problem, moment: Moment) -> Verdict {
        self.delivery.failures += 1;
        let scheduled =
            || self.rules.retry.jittered(self.rules.retry.wait(self.delivery.failures), moment.jitter);
        let wait = match wait {
            Wait::Schedule => scheduled(),
            Wait::Slow => scheduled().max(RetryPolicy::SLOW),
            Wait::Named(wait) => wait.min(self.rules.retry.max),
        };
        let due_at = moment.now.after(wait);
        let message = &problem.error.message;
        if self.delivery.origin == Origin::Test {
            self.settle(DeliveryState::Failed, Some(message.clone()));
            return Verdict::Failed;
        }
        if due_at.since(self.delivery.run_started_at) > self.rules.retry.give_up_after {
            let tried = moment.now.since(self.delivery.run_started_at).as_secs() / 3_600;
            self.settle(
                DeliveryState::Failed,
                Some(format!("given up after {tried} h of trying: {message}")),
            );
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
