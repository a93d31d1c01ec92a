//! A target whose requests are kept and can go wrong by script.

use std::future::pending;

use parking_lot::Mutex;

use crate::exchange::{Answer, Request};
use crate::fault::{Fault, Script, When};
use crate::journal::{Journal, Keep, Received};

/// What a stand-in stands in for.
pub trait Target: Send + Sync + 'static {
    /// Lets the request take its effect, and returns the answer to it.
    fn answer(&self, request: &Request) -> Answer;

    /// The path of the URL that a webhook for this target has, below the origin; empty or with a leading slash.
    fn base_path(&self) -> &str {
        ""
    }
}

/// A target with its script of faults and the journal of what it received. It needs no socket: tests in paused time hand
/// it requests by [`Scripted::exchange`].
#[derive(Debug)]
pub struct Scripted<T> {
    target: T,
    script: Mutex<Script>,
    journal: Journal,
}

impl<T: Target> Scripted<T> {
    /// A target that keeps what it receives.
    pub fn new(target: T) -> Self {
        Self::keeping(Keep::Everything, target)
    }

    pub(crate) fn keeping(keep: Keep, target: T) -> Self {
        Self { target, script: Mutex::default(), journal: Journal::new(keep) }
    }

    /// The target, to look at what has become of the requests.
    pub fn target(&self) -> &T {
        &self.target
    }

    /// Lets requests of a kind go wrong from now on. Of several entries for a request the first one scripted counts,
    /// until it is used up.
    pub fn script(&self, when: When, fault: Fault) {
        self.script.lock().add(when, fault);
    }

    /// Forgets every fault scripted so far. Requests that hang stay so.
    pub fn heal(&self) {
        self.script.lock().clear();
    }

    /// How many requests were received.
    pub fn count(&self) -> u64 {
        self.journal.count()
    }

    /// What was received so far, in order; nothing with [`Keep::Count`].
    pub fn received(&self) -> Vec<Received> {
        self.journal.received()
    }

    /// Waits until `n` requests have been received since the start, and returns what [`Scripted::received`] does then. A
    /// request counts as received once its effect has happened, just before its answer is sent.
    ///
    /// # Cancel safety
    /// Nothing is lost: what was received stays.
    pub async fn wait_for(&self, n: u64) -> Vec<Received> {
        self.journal.wait_for(n).await;
        self.received()
    }

    /// Waits until what was received meets a condition, which is tried with every request, and returns it.
    ///
    /// # Cancel safety
    /// Nothing is lost: what was received stays.
    pub async fn wait_until(&self, condition: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        self.journal.wait_until(condition).await;
        self.received()
    }

    /// Receives a request; gives the answer, or none when the connection breaks instead.
    ///
    /// # Cancel safety
    /// The request counts as received from the first poll on.
    pub async fn exchange(&self, request: Request) -> Option<Answer> {
        let fault = self.script.lock().next(&request);
        let answer = match &fault {
            None | Some(Fault::Delay(_) | Fault::Hold(_)) => Some(self.target.answer(&request)),
            Some(Fault::Answer(answer)) => Some(answer.clone()),
            Some(Fault::AnswerAfterEffect(answer)) => {
                self.target.answer(&request);
                Some(answer.clone())
            }
            Some(Fault::ResetAfterEffect) => {
                self.target.answer(&request);
                None
            }
            Some(Fault::ResetBeforeEffect | Fault::Hang) => None,
        };
        self.journal.record(request, answer.as_ref().map(Answer::code));

        match fault {
            Some(Fault::Delay(pause)) => tokio::time::sleep(pause).await,
            Some(Fault::Hold(gate)) => gate.opened().await,
            Some(Fault::Hang) => pending().await,
            _ => {}
        }
        answer
    }
}
