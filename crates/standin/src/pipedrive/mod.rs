//! A small Pipedrive account: persons, leads, deals and notes, with the checks that Pipedrive makes.

use hookwright_model::Timestamp;
use http::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::exchange::{Answer, Request};
use crate::query::Query;
use crate::server::Target;
use crate::vendor::{Connection, Shown, Vendor};

mod account;
mod lookup;
mod refusal;
mod schema;

use account::Account;
use refusal::Refusal;

/// A Pipedrive account with one token. Persons, deals and notes count from 1; it has no organizations. Its search knows
/// new records at once. Its time is a second after the documentation's sample event.
#[derive(Debug)]
pub struct Pipedrive {
    token: String,
    account: Mutex<Account>,
}

impl Pipedrive {
    /// An empty account; requests carry this token in `x-api-token`.
    pub fn new(token: &str) -> Self {
        Self { token: token.to_owned(), account: Mutex::default() }
    }

    /// The account at another time: what new records get as their `add_time`.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.account.get_mut().now = now;
        self
    }

    /// The persons as version 2 shows them, oldest first.
    pub fn persons(&self) -> Vec<Value> {
        self.account.lock().persons.clone()
    }

    /// The leads as version 1 shows them, oldest first.
    pub fn leads(&self) -> Vec<Value> {
        self.account.lock().leads.clone()
    }

    /// The deals as version 2 shows them, oldest first.
    pub fn deals(&self) -> Vec<Value> {
        self.account.lock().deals.clone()
    }

    /// The notes as version 1 shows them, oldest first.
    pub fn notes(&self) -> Vec<Value> {
        self.account.lock().notes.clone()
    }
}

impl Target for Pipedrive {
    fn answer(&self, request: &Request) -> Answer {
        if request.header("x-api-token") != Some(self.token.as_str()) {
            return Refusal::unauthorized().answer();
        }
        route(&mut self.account.lock(), request).unwrap_or_else(Refusal::answer)
    }

    fn base_path(&self) -> &'static str {
        "/api"
    }
}

impl Vendor for Pipedrive {
    fn connection(&self) -> Connection {
        Connection {
            plugin: Some("pipedrive"),
            settings: json!({}),
            headers: [("x-api-token", self.token.clone())].into(),
        }
    }

    fn too_many_requests(&self) -> Answer {
        let body = json!({
            "success": false, "error": "request over limit",
            "error_info": "Please check developers.pipedrive.com for more information about Pipedrive API.",
            "data": null, "additional_data": null,
        });
        Answer::json(429, &body)
            .header("x-ratelimit-limit", "20")
            .header("x-ratelimit-remaining", "0")
            .header("x-ratelimit-reset", "1")
    }

    fn records(&self) -> Vec<Shown> {
        let account = self.account.lock();
        let kinds = [
            ("person", &account.persons),
            ("lead", &account.leads),
            ("deal", &account.deals),
            ("note", &account.notes),
        ];
        let shown = kinds.map(|(kind, records)| {
            records.iter().map(move |record| Shown::json(kind, &record["id"], record))
        });
        shown.into_iter().flatten().collect()
    }
}

fn route(account: &mut Account, request: &Request) -> Result<Answer, Refusal> {
    let path = request.path().strip_prefix("/api").ok_or_else(Refusal::not_found)?;
    let query = Query::of(request);
    match (path, &request.method) {
        ("/v2/persons/search", &Method::GET) => lookup::search_persons(account, &query),
        ("/v2/persons", &Method::POST) => account.create_person(schema::PERSON.check(request)?),
        ("/v1/leads", &Method::GET) => lookup::list_leads(account, &query),
        ("/v1/leads", &Method::POST) => account.create_lead(schema::LEAD.check(request)?),
        ("/v2/deals", &Method::GET) => lookup::list_deals(account, &query),
        ("/v2/deals", &Method::POST) => account.create_deal(schema::DEAL.check(request)?),
        ("/v1/notes", &Method::GET) => lookup::list_notes(account, &query),
        ("/v1/notes", &Method::POST) => account.create_note(schema::NOTE.check(request)?),
        ("/v2/persons/search" | "/v2/persons" | "/v1/leads" | "/v2/deals" | "/v1/notes", _) => {
            Err(Refusal::method_not_allowed())
        }
        _ => Err(Refusal::not_found()),
    }
}
