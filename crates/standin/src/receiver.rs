//! A target that takes anything.

use crate::exchange::{Answer, Request};
use crate::scripted::Target;

/// Takes any request on any path and answers always the same: 200 and an empty body unless told otherwise.
#[derive(Debug, Clone)]
pub struct Receiver(Answer);

impl Receiver {
    /// A receiver with this answer.
    pub fn answering(answer: Answer) -> Self {
        Self(answer)
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self(Answer::status(200))
    }
}

impl Target for Receiver {
    fn answer(&self, _: &Request) -> Answer {
        self.0.clone()
    }
}
