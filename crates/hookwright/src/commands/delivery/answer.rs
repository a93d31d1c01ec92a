//! What the server says of a delivery.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) webhook: String,
    pub(crate) origin: String,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) receipt: Option<Receipt>,
    pub(crate) attempt_count: u32,
    pub(crate) next_attempt_at: Option<String>,
    pub(crate) component: Option<String>,
    pub(crate) created_at: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) reference: Option<String>,
    pub(crate) url: Option<String>,
}

/// A delivery with its event and attempts.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Box<RawValue>")]
pub(crate) struct Detail {
    pub(crate) delivery: Delivery,
    /// As it was received.
    pub(crate) payload: Option<Box<RawValue>>,
    pub(crate) attempts: Vec<Attempt>,
}

#[derive(Deserialize)]
struct History {
    payload: Option<Box<RawValue>>,
    attempts: Vec<Attempt>,
}

/// Reads the members in two goes: flattened into one struct, the payload could not stay as it was received.
impl TryFrom<Box<RawValue>> for Detail {
    type Error = serde_json::Error;

    fn try_from(json: Box<RawValue>) -> Result<Self, Self::Error> {
        let delivery = serde_json::from_str(json.get())?;
        let History { payload, attempts } = serde_json::from_str(json.get())?;
        Ok(Self { delivery, payload, attempts })
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) number: u32,
    pub(crate) started_at: String,
    pub(crate) duration_ms: u64,
    pub(crate) step: Option<String>,
    pub(crate) verdict: String,
    pub(crate) error: Option<AttemptError>,
    pub(crate) hint: Option<String>,
    pub(crate) request: Option<Request>,
    pub(crate) reply: Option<Reply>,
    pub(crate) logs: Vec<LogLine>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AttemptError {
    pub(crate) kind: String,
    pub(crate) message: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) truncated: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct LogLine {
    pub(crate) level: String,
    pub(crate) message: String,
}
