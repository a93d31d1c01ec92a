//! The pure state machine of a delivery: given an input, what to write down and what to do next. No clock, no
//! randomness, no I/O: the same inputs always lead the same way.
//!
//! ```text
//!          start                 call, deliver              success of a call
//!   claim ───────► Map ─────────────────────────► Send ───────────────────────► Map …
//!             │     │ done, skip, failure           │ success of a deliver, failure
//!             │     ▼                               ▼
//!             │    End                             End
//!             └──► Send (without a mapping)
//! ```
//!
//! What crosses a crash is in the records: a reply is kept in the same write that ends its attempt, and a step that
//! is not idempotent is noted as uncertain before it is sent, in that very write when it follows a call.

mod mapping;
mod run;
mod sending;
#[cfg(test)]
mod tests;

pub use mapping::Mapping;
pub use sending::{Outgoing, Sending};

use hookwright_model::{Delivery, Pin, Reply, RetryPolicy, TargetUrl, Timestamp};
use hookwright_store::AttemptRecord;

use crate::ports::{MapError, Mapped};
use run::Run;
use sending::Completes;

/// What a delivery does next.
#[derive(Debug)]
pub enum Next {
    /// Ask the plugin.
    Map(Mapping),
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
    /// What to do then.
    pub next: Next,
}

/// How the event is shaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// As it is.
    Payload,
    /// By this component, with these settings.
    Mapped(Pin),
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
}

/// Begins or resumes a claimed delivery.
pub fn start(
    mut delivery: Delivery,
    replies: Vec<Reply>,
    rules: Rules,
    shape: Shape,
    now: Timestamp,
) -> Next {
    if let Shape::Mapped(pin) = shape {
        delivery.pin = Some(pin);
    }
    let run = Run { delivery, replies, rules };
    match shape {
        Shape::Payload => {
            let outgoing = Outgoing { url: run.rules.url.clone(), step: None };
            Next::Send(Sending::new(run, outgoing, Completes::Delivery, now))
        }
        Shape::Mapped(_) => Next::Map(Mapping::first(run, now)),
    }
}

/// A claimed delivery whose mapping cannot even be found: as if the plugin had answered with this error.
pub fn unmappable(delivery: Delivery, rules: Rules, error: MapError, moment: Moment) -> Transition {
    let run = Run { delivery, replies: Vec::new(), rules };
    Mapping::first(run, moment.now).step(Mapped::not_run(error), moment)
}
