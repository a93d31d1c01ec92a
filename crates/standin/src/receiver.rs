//! A target that takes anything.

use serde_json::json;

use crate::exchange::{Answer, Request};
use crate::scripted::Target;
use crate::trouble::{Trouble, page};
use crate::vendor::{Connection, Shown, Vendor};

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

/// Nothing but HTTP says what its answers mean.
impl Vendor for Receiver {
    fn connection(&self) -> Connection {
        Connection { plugin: None, settings: json!({}), headers: [].into() }
    }

    fn too_many_requests(&self) -> Answer {
        Answer::status(429)
    }

    fn troubles(&self) -> Vec<Trouble> {
        let after = |value: &str| Answer::status(429).header("retry-after", value);
        vec![
            Trouble::later("too-fast", 0, Answer::status(429)),
            Trouble::later("pause", 7, after("7")),
            Trouble::later("pause-zero", 0, after("0")),
            Trouble::later("pause-below-zero", 0, after("-1")),
            Trouble::later("pause-with-fraction", 8, after("7.001")),
            Trouble::later("pause-in-words", 0, after("soon")),
            Trouble::later("pause-over", 0, after("Sun, 06 Nov 1994 08:49:37 GMT")),
            // Twenty minutes after the documentation's sample event.
            Trouble::later("pause-until", 1_190, after("Sun, 31 May 2026 10:20:00 GMT")),
            Trouble::later("pause-without-end", 0, after("99999999999999999999999")),
            Trouble::later("not-paid", 0, Answer::status(402)),
            Trouble::later("slow-request", 0, Answer::status(408)),
            Trouble::later("locked", 0, Answer::status(423)),
            Trouble::later("too-early", 0, Answer::status(425)),
            Trouble::later("error", 0, page(500, "Internal Server Error")),
            Trouble::later("gateway", 0, page(502, "Bad Gateway")),
            Trouble::later("maintenance", 30, Answer::status(503).header("retry-after", "30")),
            Trouble::later("gateway-time-out", 0, page(504, "Gateway Time-out")),
            // A deployment takes the routes away for moments.
            Trouble::later("not-there", 0, page(404, "Not Found")),
            Trouble::person("credential-wrong", Answer::status(401)),
            Trouble::person("forbidden", Answer::status(403)),
            Trouble::person("shape-refused", Answer::json(422, &json!({ "error": "phone is not a phone" }))),
            Trouble::person("too-large", Answer::status(413)),
            Trouble::person("moved", Answer::status(301).header("location", "/new")),
            Trouble::gone("gone", Answer::status(410)),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        Vec::new()
    }
}
