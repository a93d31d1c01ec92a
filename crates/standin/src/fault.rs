//! Scripted misbehaviour.

use std::time::Duration;

use http::Method;
use tokio::sync::watch;

use crate::exchange::{Answer, Request};

/// What goes wrong with a request. The effect is what the target would have done with it: created a contact, say.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This answer, without the effect.
    Answer(Answer),
    /// The effect, then this answer instead of the target's own: a gateway that lost patience, say.
    AnswerAfterEffect(Answer),
    /// The connection is closed without an answer and without the effect.
    ResetBeforeEffect,
    /// The effect happens, but the connection is closed without an answer.
    ResetAfterEffect,
    /// No effect, and no answer for as long as the stand-in runs.
    Hang,
    /// The effect at once, the target's own answer so much later.
    Delay(Duration),
    /// The effect at once, the target's own answer once the gate is open.
    Hold(Gate),
}

/// Holds answers back until a test lets them go.
#[derive(Debug, Clone, Default)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// Lets every answer go, those to come too.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(crate) async fn opened(&self) {
        // The sender lives as long as this gate.
        let _ = self.0.subscribe().wait_for(|is_open| *is_open).await;
    }
}

/// Which requests a fault meets.
#[derive(Debug, Clone)]
pub struct When {
    matching: Option<(Method, String)>,
    skip: u64,
    times: u64,
}

impl When {
    /// The next `n` requests.
    pub fn next(n: u64) -> Self {
        Self::always().times(n)
    }

    /// The `n`th request from now on; the next one is the first.
    pub fn nth(n: u64) -> Self {
        Self { skip: n.saturating_sub(1), times: 1, ..Self::always() }
    }

    /// Every request.
    pub fn always() -> Self {
        Self { matching: None, skip: 0, times: u64::MAX }
    }

    /// Every request with this method whose path (without its query) ends with `path`, such as `/notes`.
    ///
    /// # Panics
    /// If `method` is not a method's name.
    pub fn matching(method: &str, path: &str) -> Self {
        let method = Method::from_bytes(method.as_bytes()).expect("a method's name, such as POST");
        Self { matching: Some((method, path.to_owned())), ..Self::always() }
    }

    /// The first `n` of these requests only.
    #[must_use]
    pub fn times(self, n: u64) -> Self {
        Self { times: n, ..self }
    }

    fn matches(&self, request: &Request) -> bool {
        self.matching
            .as_ref()
            .is_none_or(|(method, path)| request.method == *method && request.path().ends_with(path))
    }
}

/// The faults to come, in the order in which they were scripted.
#[derive(Debug, Default)]
pub(crate) struct Script(Vec<(When, Fault)>);

impl Script {
    pub(crate) fn add(&mut self, when: When, fault: Fault) {
        // Entries that are used up are gone; one for no request is used up from the start.
        if when.times > 0 {
            self.0.push((when, fault));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of this request: that of the first entry whose turn it is. Entries that wait for their `n`th request
    /// count this one even then; entries whose turn it would have been too keep it for the next request.
    pub(crate) fn next(&mut self, request: &Request) -> Option<Fault> {
        let mut chosen = None;
        for (when, fault) in self.0.iter_mut().filter(|(when, _)| when.matches(request)) {
            if when.skip > 0 {
                when.skip -= 1;
            } else if chosen.is_none() {
                when.times -= 1;
                chosen = Some(fault.clone());
            }
        }
        self.0.retain(|(when, _)| when.times > 0);
        chosen
    }
}
