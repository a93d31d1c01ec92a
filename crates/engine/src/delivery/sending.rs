//! A request is on its way.

use hookwright_model::{
    DeliveryId, LogLine, Receipt, ReceivedReply, Reply, StepRequest, TargetUrl, Timestamp,
};

use super::mapping::Mapping;
use super::run::{Deed, End, Problem, Run, Wait};
use super::{Moment, Next, Pinned, Transition};
use crate::ports::Exchange;
use crate::verdict::{Effect, Judgement, Refusal, Remedy, judge, judge_event};

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
    /// One step: the plugin is asked again.
    Step(Pinned),
}

/// A call that was answered, as long as the plugin has not said what it makes of the answer.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) deed: Deed,
    pub(super) reply: Reply,
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

    /// What to send.
    pub fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }

    /// Takes what came of the request.
    pub fn step(self, exchange: Exchange, moment: Moment) -> Transition {
        let Exchange { request, outcome, duration } = exchange;
        let Outgoing { url, step } = self.outgoing;
        let judgement = match &step {
            Some(request) => judge(outcome, &request.accept, moment.now),
            None => judge_event(outcome, &url, self.run.delivery.failures, moment.now),
        };
        let step = step.map(|request| request.step);
        let deed = |reply| Deed {
            started_at: self.started_at,
            duration,
            step: step.clone(),
            request: Some(request),
            reply,
            logs: self.logs,
        };
        match (judgement, self.completes) {
            (Judgement::Success { reply, hint }, Completes::Delivery) => {
                self.run.end(deed(Some(reply)), End::Delivered(Receipt::default(), hint), moment)
            }
            (Judgement::Success { reply, .. }, Completes::Step(pinned)) => {
                let seen = seen(step.as_deref().unwrap_or_default(), &reply);
                let answered = Answered { deed: deed(Some(reply)), reply: seen };
                let mapping = Mapping::after(self.run, pinned, answered, moment.now);
                Transition { record: None, next: Next::Map(mapping) }
            }
            (Judgement::Failure(Refusal { reply, error, hint, remedy, effect }), _) => {
                let mut run = self.run;
                if effect == Effect::No {
                    run.delivery.uncertain = self.uncertain_before;
                }
                let problem = Problem { error, hint };
                let end = match remedy {
                    Remedy::Retry => End::Retry(Wait::Schedule, problem),
                    Remedy::RetryAfter(wait) => End::Retry(Wait::Named(wait), problem),
                    Remedy::RetrySlowly => End::Retry(Wait::Slow, problem),
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
