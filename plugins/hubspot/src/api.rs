//! HubSpot's API as this mapping uses it: dated paths, its search, and the answers that mean "later".

use hookwright_sdk::{Calls, Failure, History, Reply, Request, Stop};
use serde_json::{Value, json};

use crate::settings::Settings;

/// Locked by bulk writes; rate limit; moving between data centres.
const LATER: [u16; 3] = [423, 429, 477];

const BULK_WRITE_SECS: u32 = 5;
/// A daily limit ends at the account's midnight, a move may take 24 hours: look now and then.
const LONG_PAUSE_SECS: u32 = 3_600;

/// The calls of one delivery.
pub(crate) struct Api<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) calls: Calls<'a>,
}

impl<'a> Api<'a> {
    pub(crate) fn new(settings: &'a Settings, so_far: &'a History) -> Self {
        Self { settings, calls: Calls::new(so_far, &LATER, later) }
    }

    /// The path of a collection, for example `contacts`.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/crm/objects/{}/{rest}", self.settings.api_version)
    }

    /// Creates a record, once, and returns its id: after a lost answer it is looked for first.
    pub(crate) fn create(&self, create: Request, search: impl FnOnce() -> Request) -> Result<String, Stop> {
        self.calls.create_once(create, search, |reply| self.found(reply), |reply| reply.id("/id"))
    }

    /// The id of the record that a search found.
    pub(crate) fn found(&self, reply: &Reply) -> Result<Option<String>, Failure> {
        // A long record is cut at the host's limit; its id comes before that.
        let at = "/results/0/id";
        reply.find(at)?.map(|_| reply.id(at)).transpose()
    }

    /// A search for records of a collection that have all these properties.
    pub(crate) fn search(&self, step: &str, collection: &str, properties: &[(&str, &str, &str)]) -> Request {
        let filter = |(name, operator, value): &(&str, &str, &str)| json!({ "propertyName": name, "operator": operator, "value": value });
        let filters: Vec<Value> = properties.iter().map(filter).collect();
        let body = json!({ "filterGroups": [{ "filters": filters }], "limit": 1 });
        Request::post(step).path(self.path(&format!("{collection}/search"))).json(&body).idempotent()
    }
}

/// The names, in quotes, of the properties whose values a refusal does not take, with its words. HubSpot names them in a
/// list of errors, or in JSON within its message. A property that does not exist is a mistake in the settings.
pub(crate) fn refused_properties(reply: &Reply) -> String {
    const UNKNOWN: &str = "PROPERTY_DOESNT_EXIST";
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let body = reply.json().unwrap_or_default();
    // A batch wraps each input's refusal.
    let errors = body["errors"].as_array().into_iter().flatten();
    let errors: Vec<&Value> = errors
        .flat_map(|error| error["errors"].as_array().map_or(std::slice::from_ref(error), Vec::as_slice))
        .collect();
    if errors.is_empty() {
        return Some(text(&body["message"])).filter(|message| !message.contains(UNKNOWN)).unwrap_or_default();
    }
    let of_value = errors.iter().filter(|error| error["code"] != UNKNOWN);
    of_value
        .map(|error| format!("{} {}\n", error["context"]["propertyName"], text(&error["message"])))
        .collect()
}

fn later(reply: &Reply) -> Result<(), Failure> {
    let after = reply.retry_after();
    match reply.status {
        423 => Err(Failure::retry(
            "HubSpot has locked the record for bulk writes.",
            after.or(Some(BULK_WRITE_SECS)),
        )),
        429 => {
            let (limit, pause) = limit(reply);
            Err(Failure::retry(format!("HubSpot's {limit} is used up."), after.or(pause)))
        }
        477 => {
            let reason = "HubSpot is moving the account to another data centre.";
            Err(Failure::retry(reason, after.or(Some(LONG_PAUSE_SECS))))
        }
        _ => Ok(()),
    }
}

/// Which limit a 429 speaks of, and how long it lasts. HubSpot does not document `retry-after` here, but names the policy.
fn limit(reply: &Reply) -> (&'static str, Option<u32>) {
    let policy = reply.find("/policyName").ok().flatten();
    match policy.as_ref().and_then(Value::as_str) {
        Some("TEN_SECONDLY_ROLLING") => ("limit per ten seconds", Some(10)),
        Some("SECONDLY") => ("limit per second", Some(1)),
        Some("DAILY") => ("limit per day", Some(LONG_PAUSE_SECS)),
        _ => ("request limit", None),
    }
}
