//! What goes wrong at a vendor: its answers, by its documents and its users' reports, and what they mean there.

use std::time::Duration;

use crate::exchange::Answer;
use crate::fault::{Fault, When};

/// One way in which a vendor refuses or surprises a sender.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// Words joined by hyphens; the vendor has no other one of this name.
    pub name: &'static str,
    /// The requests that meet it, once.
    pub when: When,
    /// What they meet.
    pub fault: Fault,
    /// What the vendor means.
    pub means: Means,
}

/// What a vendor means by an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Not now: the same request again, after this pause at the earliest. Zero where no pause is named, or none that can
    /// be meant.
    Later(Duration),
    /// Go on at once, in another way.
    Onward,
    /// Nothing helps until a person has done something.
    Person,
    /// The webhook's address is dead: no further request makes sense.
    Gone,
}

impl Trouble {
    pub(crate) fn later(name: &'static str, secs: u64, answer: Answer) -> Self {
        Self::new(name, Means::Later(Duration::from_secs(secs)), answer)
    }

    pub(crate) fn onward(name: &'static str, when: When, fault: Fault) -> Self {
        Self { name, when, fault, means: Means::Onward }
    }

    pub(crate) fn person(name: &'static str, answer: Answer) -> Self {
        Self::new(name, Means::Person, answer)
    }

    pub(crate) fn gone(name: &'static str, answer: Answer) -> Self {
        Self::new(name, Means::Gone, answer)
    }

    fn new(name: &'static str, means: Means, answer: Answer) -> Self {
        Self { name, when: When::next(1), fault: Fault::Answer(answer), means }
    }
}

/// A gateway's page before the vendor's own servers.
pub(crate) fn page(status: u16, title: &str) -> Answer {
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>\r\n"
    );
    Answer::status(status).header("content-type", "text/html; charset=UTF-8").body(page)
}
