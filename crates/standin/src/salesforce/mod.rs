//! A small Salesforce organization: its leads, with the checks that Salesforce makes.

use hookwright_model::Timestamp;
use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::exchange::{Answer, Request};
use crate::fault::{Fault, When};
use crate::protected::Protected;
use crate::query::Query;
use crate::scripted::Target;
use crate::trouble::Trouble;
use crate::vendor::{Connection, Shown, Vendor};

mod account;
mod field;
mod refusal;
mod soql;

use account::{Account, DuplicateRule};
use refusal::Refusal;

/// The fields of a lead by name, `Id` and `CreatedDate` among them.
pub type Fields = Map<String, Value>;

const VERSION: &str = "/services/data/v60.0/";

/// An organization with one access token and two fields of its own on leads: `Conversation__c`, an external id, and
/// `Channel__c`. Its time is a second after the documentation's sample event.
#[derive(Debug)]
pub struct Salesforce(Protected<Account>);

impl Salesforce {
    /// An empty organization; requests carry `authorization: Bearer` and this token.
    pub fn new(token: &str) -> Self {
        Self(Protected::bearer(token))
    }

    /// The organization at another time: what new leads get as their `CreatedDate`.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.0.get_mut().now = now;
        self
    }

    /// With a duplicate rule that blocks a lead whose address another one has.
    #[must_use]
    pub fn blocking_duplicates(mut self) -> Self {
        self.0.get_mut().duplicate_rule = Some(DuplicateRule::Block);
        self
    }

    /// With a duplicate rule that alerts about a lead whose address another one has: it is saved only with
    /// `allowSave=true`.
    #[must_use]
    pub fn alerting_about_duplicates(mut self) -> Self {
        self.0.get_mut().duplicate_rule = Some(DuplicateRule::Alert);
        self
    }

    /// The leads, oldest first.
    pub fn leads(&self) -> Vec<Fields> {
        self.0.lock().leads.clone()
    }

    /// Salesforce's answer to an organization that has used up its requests of the day.
    pub fn request_limit_exceeded() -> Answer {
        Refusal::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").answer()
    }
}

impl Target for Salesforce {
    fn answer(&self, request: &Request) -> Answer {
        self.0.serve(request, |_| Refusal::unauthenticated(), route).unwrap_or_else(Refusal::answer)
    }
}

fn route(account: &mut Account, request: &Request) -> Result<Answer, Refusal> {
    let path = request.path().strip_prefix(VERSION).ok_or_else(Refusal::not_found)?;
    let segments: Vec<String> =
        path.split('/').map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let query = Query::of(request);
    let parameter = |name: &str| query.check(&[name]).ok().and_then(|()| query.get(name));
    let has_no_query = query.check(&[]).is_ok();
    match (&request.method, segments.as_slice()) {
        (&Method::POST, ["sobjects", "Lead"]) if has_no_query => account.create(request),
        (&Method::GET, ["sobjects", "Lead", field, value]) if parameter("fields") == Some("Id") => {
            account.find(field, value)
        }
        (&Method::PATCH, ["sobjects", "Lead", field, value]) if has_no_query => {
            account.upsert(request, field, value)
        }
        (&Method::GET, ["query"]) => soql::query(account, parameter("q").unwrap_or_default()),
        (method, ["sobjects", "Lead"] | ["sobjects", "Lead", _, _] | ["query"]) => {
            let words = format!("HTTP Method '{method}' not allowed, or parameters that are not known");
            Err(Refusal::new(405, "METHOD_NOT_ALLOWED", &words))
        }
        _ => Err(Refusal::not_found()),
    }
}

impl Vendor for Salesforce {
    fn connection(&self) -> Connection {
        Connection { plugin: Some("salesforce"), settings: json!({}), headers: self.0.headers() }
    }

    /// The limit of a day would last for hours; this is the instance that cannot keep up.
    fn too_many_requests(&self) -> Answer {
        Refusal::new(503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable to handle requests.")
            .answer()
            .header("retry-after", "1")
    }

    fn troubles(&self) -> Vec<Trouble> {
        let lock = "unable to obtain exclusive access to this record or 1 records";
        let off = "The REST API is not enabled for this Organization.";
        vec![
            Trouble::later("daily-limit", 0, Self::request_limit_exceeded()),
            Trouble::later("row-lock", 0, Refusal::new(400, "UNABLE_TO_LOCK_ROW", lock).answer()),
            Trouble::later(
                "unavailable",
                0,
                Refusal::new(503, "SERVER_UNAVAILABLE", "Server unavailable").answer(),
            ),
            // Another sender has made the lead since it was looked for; older versions say nothing about an update.
            Trouble::onward(
                "created-meanwhile",
                When::matching("PATCH", "").times(1),
                Fault::AnswerAfterEffect(Answer::status(204)),
            ),
            Trouble::person("session-expired", Refusal::unauthenticated().answer()),
            Trouble::person("api-off", Refusal::new(403, "API_DISABLED_FOR_ORG", off).answer()),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        let leads = self.leads();
        leads.into_iter().map(|lead| Shown::json("lead", &lead["Id"], &lead.clone().into())).collect()
    }
}
