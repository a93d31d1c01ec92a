//! A request is on its way.

use std::time::Duration;

use hookwright_model::{
    DeliveryId, LogLine, Origin, Receipt, ReceivedReply, Reply, StepRequest, TargetUrl, Timestamp,
};

use super::run::{Deed, End, Problem, Run, Wait};
use super::transforming::Transforming;
use super::{Health, Moment, Next, Pinned, Transition};
use crate::ports::Exchange;
use crate::verdict::{self, Context, Effect, Judgement, Refusal, Remedy};

/// A delivery that waits for its target's answer.
#[derive(Debug)]
pub struct Sending {
    run: Run,
    outgoing: Outgoing,
    completes: Completes,
    /// What was uncertain before this request: true again if it certainly had no effect.
    uncertain_before: Option<String>,
    logs: Vec<LogLine>,
    started_at: Timestamp,
}

/// What to send, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The whole URL.
    pub url: TargetUrl,
    /// What the plugin asked for; none sends the event as it was received.
    pub step: Option<StepRequest>,
}

/// What a success completes.
#[derive(Debug)]
pub(super) enum Completes {
    /// The delivery.
    Delivery,
    /// One step: this plugin is asked again.
    Step(Pinned),
}

/// A call that was answered, as long as the plugin has not said what it makes of the answer.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) deed: Deed,
    pub(super) reply: Reply,
    /// Whether it was made because of a doubt about an earlier step.
    pub(super) was_look: bool,
}

impl Sending {
    pub(super) fn new(run: Run, outgoing: Outgoing, completes: Completes, now: Timestamp) -> Self {
        Self { run, outgoing, completes, uncertain_before: None, logs: Vec::new(), started_at: now }
    }

    /// What belongs to a request of a plugin besides the request.
    pub(super) fn of_plugin(self, uncertain_before: Option<String>, logs: Vec<LogLine>) -> Self {
        Self { uncertain_before, logs, ..self }
    }

    /// The delivery.
    pub fn delivery(&self) -> DeliveryId {
        self.run.delivery.id
    }

    /// Why the delivery exists.
    pub fn origin(&self) -> Origin {
        self.run.delivery.origin
    }

    /// What to send.
    pub fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }

    /// The request is not sent, because its target is left alone for so long.
    pub fn postpone(self, wait: Duration, moment: Moment) -> Transition {
        let mut run = self.run;
        run.delivery.uncertain = self.uncertain_before;
        run.postpone(wait, moment)
    }

    /// Takes what came of the request.
    pub fn step(self, exchange: Exchange, moment: Moment) -> Transition {
        let Self { mut run, outgoing: Outgoing { url, step }, completes, uncertain_before, logs, started_at } =
            self;
        let Exchange { request, outcome, duration } = exchange;
        let context = Context {
            now: moment.now,
            base: &run.rules.url,
            url: &url,
            accept: step.as_ref().map_or(&[], |request| &request.accept),
            credentials: &run.rules.credentials,
        };
        let judgement = match &step {
            Some(_) => verdict::judge(outcome, &context),
            None => {
                let tried_for = moment.now.since(run.delivery.run_started_at);
                verdict::judge_event(outcome, &context, run.delivery.failures, tried_for)
            }
        };
        let step = step.map(|request| request.step);
        let deed =
            |reply| Deed { started_at, duration, step: step.clone(), request: Some(request), reply, logs };
        match (judgement, completes) {
            (Judgement::Success { reply, hint }, Completes::Delivery) => {
                run.end(deed(Some(reply)), End::Delivered(Receipt::default(), hint), moment)
            }
            (Judgement::Success { reply, .. }, Completes::Step(pinned)) => {
                let was_look = uncertain_before.is_some();
                if verdict::effect(reply.status) == Effect::No {
                    run.delivery.uncertain = uncertain_before;
                }
                let seen = seen(step.as_deref().unwrap_or_default(), &reply);
                let answered = Answered { deed: deed(Some(reply)), reply: seen, was_look };
                let next = Next::Transform(Transforming::after(run, pinned, answered, moment.now));
                Transition { record: None, health: Health::Unknown, next }
            }
            (Judgement::Failure(Refusal { reply, error, hint, remedy, effect }), _) => {
                if effect == Effect::No {
                    run.delivery.uncertain = uncertain_before;
                }
                let problem = Problem { error, hint };
                let status = reply.as_ref().map(|reply| reply.status);
                let health = |named| status.map_or(Health::Failing, |status| verdict::health(status, named));
                let end = match remedy {
                    Remedy::Retry => End::Retry(Wait::Schedule, health(None), problem),
                    Remedy::RetryAfter(wait) => End::Retry(Wait::Named(wait), health(Some(wait)), problem),
                    Remedy::RetrySlowly => End::Retry(Wait::Slow, health(None), problem),
                    Remedy::GiveUp => End::Failed(problem, None),
                    Remedy::Disable(reason) => End::Failed(problem, Some(reason)),
                };
                run.end(deed(reply), end, moment)
            }
        }
    }
}

/// A reply as its plugin sees it.
fn seen(step: &str, reply: &ReceivedReply) -> Reply {
    Reply {
        step: step.to_owned(),
        status: reply.status,
        headers: reply.headers.clone(),
        body: String::from_utf8_lossy(&reply.body).into_owned(),
        truncated: reply.truncated,
    }
}
