//! A target that fails once.

use super::{Answer, Target};
use crate::Request;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request never arrives.
    LostRequest,
    /// The request arrives and takes effect; the answer is lost.
    LostAnswer,
    /// The request arrives and takes effect, but a gateway answers with this status.
    Gateway(u16),
    /// The request is refused with this status, without effect.
    Status(u16),
}

impl Fault {
    /// One of each kind that a delivery has to survive.
    pub const ALL: [Self; 4] = [Self::LostRequest, Self::LostAnswer, Self::Gateway(504), Self::Status(503)];

    /// Whether the request takes effect although the answer does not say so.
    pub fn has_effect(self) -> bool {
        matches!(self, Self::LostAnswer | Self::Gateway(_))
    }
}

/// Passes every request on to another target, except for one.
pub struct Faulty<'a, T> {
    target: &'a mut T,
    fault: Fault,
    requests_before: usize,
}

impl<'a, T: Target> Faulty<'a, T> {
    /// Fails after so many requests, once.
    pub fn new(target: &'a mut T, fault: Fault, requests_before: usize) -> Self {
        Self { target, fault, requests_before }
    }
}

impl<T: Target> Target for Faulty<'_, T> {
    fn answer(&mut self, request: &Request) -> Answer {
        let is_now = self.requests_before == 0;
        self.requests_before = self.requests_before.wrapping_sub(1);
        if !is_now {
            return self.target.answer(request);
        }
        match self.fault {
            Fault::LostRequest => Answer::Lost,
            Fault::Status(status) => Answer::text(status, ""),
            Fault::LostAnswer => {
                self.target.answer(request);
                Answer::Lost
            }
            Fault::Gateway(status) => {
                self.target.answer(request);
                Answer::text(status, "<html>bad gateway</html>")
            }
        }
    }
}
