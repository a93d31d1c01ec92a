//! The pure state machine of a delivery: given an input, what to write down and what to do next. No clock, no
//! randomness, no I/O: the same inputs always lead the same way.
//!
//! ```text
//!          start                       call, deliver              success of a call
//!   claim ───────► Transform ─────────────────────────► Send ─────────────────────────► Transform …
//!             │         │ done, skip, failure              │ success of a deliver, failure, pause
//!             │         ▼                                  ▼
//!             │        End                                End
//!             └──► Send (without a mapping)
//! ```
//!
//! What crosses a crash is in the records: a reply is kept in the same write that ends its attempt, and a step that
//! is not idempotent is noted as uncertain before it is sent, in that very write when it follows a call.

mod run;
mod sending;
#[cfg(test)]
mod tests;
mod transforming;

use std::time::Duration;

pub use sending::{Outgoing, Sending};
pub use transforming::Transforming;

use hookwright_model::{Delivery, Pin, Reply, RetryPolicy, Settings, TargetUrl, Timestamp};
use hookwright_store::AttemptRecord;

use crate::ports::MapError;
use run::Run;
use sending::Completes;

/// What a delivery does next.
#[derive(Debug)]
pub enum Next {
    /// Ask the plugin.
    Transform(Transforming),
    /// Send a request.
    Send(Sending),
    /// Nothing more in this run.
    End,
}

/// What an input leads to: the record is durable before the next thing is done.
#[derive(Debug)]
pub struct Transition {
    /// What to write down, if anything.
    pub record: Option<Box<AttemptRecord>>,
    /// What was learned about the target.
    pub health: Health,
    /// What to do then.
    pub next: Next,
}

/// What an answer, or its absence, says about a target: how much it can be sent, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It answers, and takes requests.
    Good,
    /// It does not answer, or cannot take requests now.
    Failing,
    /// It is sent more than it takes. The pause that it asked for, within the webhook's policy, if it named one.
    Throttling(Option<Duration>),
    /// Nothing was learned.
    Unknown,
}

/// How the event is shaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// It is forwarded unchanged.
    Payload,
    /// By a plugin.
    Mapped(Pinned),
}

/// The plugin that a delivery maps with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The component, and the revision that the settings are of.
    pub pin: Pin,
    /// The settings.
    pub settings: Settings,
}

/// When one attempt happened, and the random number that moves its next one.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The time now.
    pub now: Timestamp,
    /// Uniform over all 64-bit values.
    pub jitter: u64,
}

/// What a delivery takes from its webhook.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Every request stays below this.
    pub url: TargetUrl,
    /// When failed attempts are repeated.
    pub retry: RetryPolicy,
    /// What the requests can be authorised with.
    pub credentials: Credentials,
}

/// Names of headers that may carry a credential, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Those that the webhook adds to its requests.
    pub sent: Vec<String>,
    /// Those that its plugin asks the webhook's owner for.
    pub wanted: Vec<String>,
}

/// Begins or resumes a claimed delivery.
pub fn start(delivery: Delivery, replies: Vec<Reply>, rules: Rules, shape: Shape, now: Timestamp) -> Next {
    match shape {
        Shape::Payload => {
            let run = Run::new(delivery, replies, rules, now);
            let outgoing = Outgoing { url: run.rules.url.clone(), step: None };
            Next::Send(Sending::new(run, outgoing, Completes::Delivery, now))
        }
        Shape::Mapped(pinned) => Next::Transform(start_mapped(delivery, replies, rules, pinned, now)),
    }
}

/// The same for a delivery that a plugin maps.
pub fn start_mapped(
    delivery: Delivery,
    replies: Vec<Reply>,
    rules: Rules,
    pinned: Pinned,
    now: Timestamp,
) -> Transforming {
    let delivery = Delivery { pin: Some(pinned.pin), ..delivery };
    Transforming::first(Run::new(delivery, replies, rules, now), pinned, now)
}

/// A claimed delivery whose mapping cannot even be found: as if the plugin had answered with this error.
pub fn unmappable(delivery: Delivery, rules: Rules, error: &MapError, moment: Moment) -> Transition {
    transforming::never_asked(Run::new(delivery, Vec::new(), rules, moment.now), error, moment)
}
