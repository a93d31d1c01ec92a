//! A small HubSpot account: contacts, deals and notes, with the checks that HubSpot makes.

use hookwright_model::Timestamp;
use http::Method;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::exchange::{Answer, Request};
use crate::server::Target;
use crate::vendor::{Connection, Shown, Vendor};

mod account;
mod body;
mod property;
mod record;
mod refusal;
mod search;

use account::Account;
pub use record::{Association, ObjectType, Properties, Record};
use refusal::Refusal;

/// The dated versions of the API; `/crm/v3/objects/` is the same under its old name.
const VERSIONS: [&str; 2] = ["2026-03", "2026-09"];

/// A HubSpot account with one token, contact ids from 151 upward, one pipeline (`default`, with its stages as HubSpot
/// sets them up) and an index that knows new records at once. Its time is a second after the documentation's sample
/// event.
#[derive(Debug)]
pub struct HubSpot {
    token: String,
    account: Mutex<Account>,
}

impl HubSpot {
    /// An empty account; requests carry `authorization: Bearer` and this token.
    pub fn new(token: &str) -> Self {
        Self { token: token.to_owned(), account: Mutex::default() }
    }

    /// The account at another time: what new records get as their time of creation.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.account.get_mut().now = now;
        self
    }

    /// The account with a property of its own for contacts, by its internal name.
    #[must_use]
    pub fn contact_property(mut self, name: &str) -> Self {
        self.account.get_mut().custom.insert(name.to_owned());
        self
    }

    /// The contacts, oldest first.
    pub fn contacts(&self) -> Vec<Record> {
        self.account.lock().records(ObjectType::Contact).to_vec()
    }

    /// The deals, oldest first.
    pub fn deals(&self) -> Vec<Record> {
        self.account.lock().records(ObjectType::Deal).to_vec()
    }

    /// The notes, oldest first.
    pub fn notes(&self) -> Vec<Record> {
        self.account.lock().records(ObjectType::Note).to_vec()
    }

    fn authenticate(&self, request: &Request) -> Result<(), Refusal> {
        let token = request.bearer();
        match token {
            None => Err(Refusal::unauthenticated("Authentication credentials not found")),
            Some(token) if token != self.token => {
                Err(Refusal::unauthenticated("Authentication credentials are not valid"))
            }
            Some(_) => Ok(()),
        }
    }
}

impl Target for HubSpot {
    fn answer(&self, request: &Request) -> Answer {
        let mut account = self.account.lock();
        self.authenticate(request)
            .and_then(|()| route(&mut account, request))
            .unwrap_or_else(|refusal| refusal.answer(account.next_correlation()))
    }
}

impl Vendor for HubSpot {
    fn connection(&self) -> Connection {
        Connection {
            plugin: Some("hubspot"),
            settings: json!({}),
            headers: [("authorization", format!("Bearer {}", self.token))].into(),
        }
    }

    fn too_many_requests(&self) -> Answer {
        let body = json!({
            "status": "error", "message": "You have reached your secondly limit.", "errorType": "RATE_LIMIT",
            "correlationId": "c033cdaa-2c40-4a64-ae48-b4cec88dad24", "policyName": "SECONDLY",
        });
        Answer::json(429, &body)
            .header("retry-after", "1")
            .header("x-hubspot-ratelimit-max", "19")
            .header("x-hubspot-ratelimit-remaining", "0")
            .header("x-hubspot-ratelimit-interval-milliseconds", "1000")
    }

    fn records(&self) -> Vec<Shown> {
        let kinds = [("contact", self.contacts()), ("deal", self.deals()), ("note", self.notes())];
        let shown = kinds.into_iter().flat_map(|(kind, records)| {
            records.into_iter().map(move |record| Shown {
                kind,
                id: record.id,
                fields: record.properties.into_iter().collect(),
            })
        });
        shown.collect()
    }
}

fn route(account: &mut Account, request: &Request) -> Result<Answer, Refusal> {
    let segments: Vec<&str> = request.path().split('/').skip(1).collect();
    let (collection, rest) = match segments[..] {
        ["crm", "objects", version, collection, ref rest @ ..] if VERSIONS.contains(&version) => {
            (collection, rest)
        }
        ["crm", "v3", "objects", collection, ref rest @ ..] => (collection, rest),
        _ => return Err(Refusal::not_found()),
    };
    let kind = ObjectType::of_collection(collection).ok_or_else(Refusal::not_found)?;
    match (kind, rest, &request.method) {
        (_, [], &Method::POST) => account.create(kind, parse(request)?),
        (_, ["search"], &Method::POST) => search::search(account, kind, &parse(request)?),
        (ObjectType::Contact, ["batch", "upsert"], &Method::POST) => account.upsert(parse(request)?),
        (ObjectType::Contact, [id], &Method::PATCH) => account.update(id, parse(request)?),
        (_, [] | ["search"], _) | (ObjectType::Contact, ["batch", "upsert"] | [_], _) => {
            Err(Refusal::method_not_allowed())
        }
        _ => Err(Refusal::not_found()),
    }
}

fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    if !request.is_json() {
        return Err(Refusal::not_json());
    }
    serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::invalid(format!("Invalid input JSON: {error}")))
}
