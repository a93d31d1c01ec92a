//! A small HubSpot account: contacts, deals and notes, with the checks that HubSpot makes.

use hookwright_model::Timestamp;
use http::Method;
use serde_json::json;

use crate::exchange::{Answer, Request};
use crate::protected::Protected;
use crate::scripted::Target;
use crate::trouble::{Trouble, page};
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
pub struct HubSpot(Protected<Account>);

impl HubSpot {
    /// An empty account; requests carry `authorization: Bearer` and this token.
    pub fn new(token: &str) -> Self {
        Self(Protected::bearer(token))
    }

    /// The account at another time: what new records get as their time of creation.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.0.get_mut().now = now;
        self
    }

    /// The account with a property of its own for contacts, by its internal name.
    #[must_use]
    pub fn contact_property(mut self, name: &str) -> Self {
        self.0.get_mut().custom.insert(name.to_owned());
        self
    }

    /// The account with a contact that has this address, and a further one: an upsert by the latter is a conflict.
    #[must_use]
    pub fn with_contact(mut self, email: &str, further: &str) -> Self {
        self.0.get_mut().add_contact(email, further);
        self
    }

    /// The contacts, oldest first.
    pub fn contacts(&self) -> Vec<Record> {
        self.0.lock().records(ObjectType::Contact).to_vec()
    }

    /// The deals, oldest first.
    pub fn deals(&self) -> Vec<Record> {
        self.0.lock().records(ObjectType::Deal).to_vec()
    }

    /// The notes, oldest first.
    pub fn notes(&self) -> Vec<Record> {
        self.0.lock().records(ObjectType::Note).to_vec()
    }
}

impl Target for HubSpot {
    fn answer(&self, request: &Request) -> Answer {
        let number = |refusal: Refusal| refusal.answer(self.0.lock().next_correlation());
        self.0.serve(request, Refusal::unauthenticated, route).unwrap_or_else(number)
    }
}

impl Vendor for HubSpot {
    fn connection(&self) -> Connection {
        Connection { plugin: Some("hubspot"), settings: json!({}), headers: self.0.headers() }
    }

    fn too_many_requests(&self) -> Answer {
        Refusal::rate_limited("secondly", "SECONDLY")
            .answer(0)
            .header("retry-after", "1")
            .header("x-hubspot-ratelimit-max", "19")
            .header("x-hubspot-ratelimit-remaining", "0")
            .header("x-hubspot-ratelimit-interval-milliseconds", "1000")
    }

    fn troubles(&self) -> Vec<Trouble> {
        let limited = |words, policy| Refusal::rate_limited(words, policy).answer(1);
        let moving = Refusal::new(477, "MIGRATION_IN_PROGRESS", "This account is currently being migrated");
        let locked = Refusal::new(423, "LOCKED", "This resource is currently locked for bulk writes");
        let expired = Refusal::new(401, "EXPIRED_AUTHENTICATION", "The token expired 7 second(s) ago.");
        let scopes = Refusal::new(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes");
        vec![
            Trouble::later("ten-secondly-limit", 0, limited("ten_secondly_rolling", "TEN_SECONDLY_ROLLING")),
            Trouble::later("daily-limit", 0, limited("daily", "DAILY")),
            Trouble::later("locked", 2, locked.answer(2)),
            Trouble::later("moving-data-centre", 60, moving.answer(3).header("retry-after", "60")),
            Trouble::later("bad-gateway", 0, page(502, "502 Bad Gateway")),
            Trouble::later("edge-time-out", 0, page(524, "A timeout occurred")),
            Trouble::person("token-expired", expired.answer(4)),
            Trouble::person("scopes-missing", scopes.answer(5)),
        ]
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
        (_, [], &Method::POST) => account.create(kind, request.parse()?),
        (_, ["search"], &Method::POST) => search::search(account, kind, &request.parse()?),
        (ObjectType::Contact, ["batch", "upsert"], &Method::POST) => account.upsert(request.parse()?),
        (ObjectType::Contact, [id], &Method::PATCH) => account.update(id, request.parse()?),
        (_, [] | ["search"], _) | (ObjectType::Contact, ["batch", "upsert"] | [_], _) => {
            Err(Refusal::method_not_allowed())
        }
        _ => Err(Refusal::not_found()),
    }
}
