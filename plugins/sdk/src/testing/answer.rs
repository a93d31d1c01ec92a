//! What the target answers in a test.

use serde_json::Value;

use crate::Request;

/// One answer of the target.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The request arrived and was answered.
    Reply {
        /// The HTTP status.
        status: u16,
        /// Names in lower case.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// The request may have arrived; the answer never did: a reset, a timeout, or a crash of the host.
    Lost,
}

impl Answer {
    /// A reply with a JSON body.
    #[expect(clippy::needless_pass_by_value, reason = "reads well with `json!`")]
    pub fn json(status: u16, body: Value) -> Self {
        Self::text(status, &body.to_string())
    }

    /// A reply with any body.
    pub fn text(status: u16, body: &str) -> Self {
        Self::Reply { status, headers: Vec::new(), body: body.to_owned() }
    }

    /// The same reply with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Reply { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// Something that answers requests: a closure, a script, or a small model of the vendor's service.
pub trait Target {
    /// Takes the request and answers it.
    fn answer(&mut self, request: &Request) -> Answer;
}

impl<F: FnMut(&Request) -> Answer> Target for F {
    fn answer(&mut self, request: &Request) -> Answer {
        self(request)
    }
}
