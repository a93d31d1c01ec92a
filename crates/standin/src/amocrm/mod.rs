//! A small amoCRM account: leads, contacts, incoming leads and notes, with the checks that amoCRM makes.

use hookwright_model::Timestamp;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::blank::first_blank;
use crate::exchange::{Answer, Request};
use crate::protected::Protected;
use crate::query::Query;
use crate::scripted::Target;
use crate::trouble::{Trouble, page};
use crate::vendor::{Connection, Shown, Vendor};

mod account;
mod body;
mod lookup;
mod refusal;

use account::Account;
use refusal::Refusal;

/// An amoCRM account with one token, two pipelines ([`AmoCrm::PIPELINES`]) and two users ([`AmoCrm::USERS`]). Its
/// duplicate control is off. Its time is a second after the documentation's sample event.
#[derive(Debug)]
pub struct AmoCrm(Protected<Account>);

impl AmoCrm {
    /// The pipelines with their stages, the main one first; a new lead gets the first stage.
    pub const PIPELINES: [(u64, [u64; 2]); 2] =
        [(3_177_727, [32_392_156, 32_392_159]), (3_177_900, [32_392_400, 32_392_403])];
    /// The users; a new lead is the first one's.
    pub const USERS: [u64; 2] = [504_141, 504_142];

    /// An empty account; requests carry `authorization: Bearer` and this token.
    pub fn new(token: &str) -> Self {
        Self(Protected::bearer(token))
    }

    /// The account at another time: what new notes get as their time of creation, and leads that come without one.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.0.get_mut().now = now;
        self
    }

    /// The account with its duplicate control switched on: a lead with a known phone number or address is merged into the
    /// newest lead of that contact.
    #[must_use]
    pub fn with_duplicate_control(mut self) -> Self {
        self.0.get_mut().controls_duplicates = true;
        self
    }

    /// The leads, oldest first; those that are still incoming are not among them.
    pub fn leads(&self) -> Vec<Value> {
        self.0.lock().leads.clone()
    }

    /// The contacts, oldest first.
    pub fn contacts(&self) -> Vec<Value> {
        self.0.lock().contacts.clone()
    }

    /// The incoming leads, oldest first.
    pub fn incoming(&self) -> Vec<Value> {
        self.0.lock().incoming.clone()
    }

    /// The notes, oldest first.
    pub fn notes(&self) -> Vec<Value> {
        self.0.lock().notes.clone()
    }
}

impl Target for AmoCrm {
    fn answer(&self, request: &Request) -> Answer {
        self.0.serve(request, |_| Refusal::unauthorized(), route).unwrap_or_else(Refusal::answer)
    }
}

impl Vendor for AmoCrm {
    fn connection(&self) -> Connection {
        Connection { plugin: Some("amocrm"), settings: json!({}), headers: self.0.headers() }
    }

    fn too_many_requests(&self) -> Answer {
        Refusal::too_many_requests().answer()
    }

    fn troubles(&self) -> Vec<Trouble> {
        vec![
            Trouble::later("too-fast", 0, Refusal::too_many_requests().answer()),
            // Who goes on after a 429 is blocked, account and address.
            Trouble::later("blocked-for-speed", 0, Refusal::blocked().answer()),
            Trouble::later("not-paid", 0, Refusal::not_paid().answer()),
            Trouble::later("gateway-time-out", 0, page(504, "504 Gateway Time-out")),
            Trouble::person("token-revoked", Refusal::unauthorized().answer()),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        let account = self.0.lock();
        Shown::all([
            ("contact", "id", &account.contacts),
            ("lead", "id", &account.leads),
            ("incoming lead", "uid", &account.incoming),
            ("note", "id", &account.notes),
        ])
    }
}

fn route(account: &mut Account, request: &Request) -> Result<Answer, Refusal> {
    let path = request.path().strip_prefix("/api/v4/").ok_or_else(Refusal::not_found)?;
    let segments: Vec<&str> = path.split('/').collect();
    let query = Query::of(request);
    match (&request.method, &segments[..]) {
        (&Method::POST, ["leads", "complex"]) => account.create_leads(parse(request)?),
        (&Method::POST, ["leads", "unsorted", "forms"]) => account.create_incoming(parse(request)?),
        (&Method::POST, ["leads", id, "notes"]) => account.create_notes(id, parse(request)?),
        (&Method::GET, ["leads"]) => lookup::leads(account, &query),
        (&Method::GET, ["leads", "unsorted"]) => lookup::incoming(account, &query),
        (&Method::GET, ["leads", id, "notes"]) => lookup::notes(account, id, &query),
        (&Method::GET, ["contacts"]) => lookup::contacts(account, &query),
        (&Method::PATCH, ["contacts", id]) => account.update_contact(id, request.parse()?),
        (
            _,
            ["leads" | "contacts"]
            | ["contacts", _]
            | ["leads", "complex" | "unsorted"]
            | ["leads", _, "notes" | "forms"],
        ) => Err(Refusal::method_not_allowed()),
        _ => Err(Refusal::not_found()),
    }
}

/// The items of a body, which is a list even of one.
fn parse<T: DeserializeOwned>(request: &Request) -> Result<Vec<T>, Refusal> {
    let body: Value = request.parse()?;
    let Some(items) = body.as_array().filter(|items| !items.is_empty()) else {
        return Err(Refusal::invalid("0", "FieldMissing", "the body is no list of items"));
    };
    if let Some(blank) = first_blank(&body) {
        return Err(Refusal::invalid(&blank, "NotBlank", "This value should not be blank."));
    }
    let read = |(index, item): (usize, &Value)| {
        T::deserialize(item)
            .map_err(|error| Refusal::invalid(&index.to_string(), "InvalidType", &error.to_string()))
    };
    items.iter().enumerate().map(read).collect()
}
