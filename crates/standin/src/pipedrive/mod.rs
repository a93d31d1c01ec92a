//! A small Pipedrive account: persons, leads, deals and notes, with the checks that Pipedrive makes.

use hookwright_model::Timestamp;
use http::Method;
use serde_json::{Value, json};

use crate::exchange::{Answer, Request};
use crate::protected::Protected;
use crate::query::Query;
use crate::scripted::Target;
use crate::trouble::{Trouble, page};
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
pub struct Pipedrive(Protected<Account>);

impl Pipedrive {
    /// An empty account; requests carry this token in `x-api-token`.
    pub fn new(token: &str) -> Self {
        Self(Protected::header("x-api-token", token))
    }

    /// The account at another time: what new records get as their `add_time`.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.0.get_mut().now = now;
        self
    }

    /// The persons as version 2 shows them, oldest first.
    pub fn persons(&self) -> Vec<Value> {
        self.0.lock().persons.clone()
    }

    /// The leads as version 1 shows them, oldest first.
    pub fn leads(&self) -> Vec<Value> {
        self.0.lock().leads.clone()
    }

    /// The deals as version 2 shows them, oldest first.
    pub fn deals(&self) -> Vec<Value> {
        self.0.lock().deals.clone()
    }

    /// The notes as version 1 shows them, oldest first.
    pub fn notes(&self) -> Vec<Value> {
        self.0.lock().notes.clone()
    }
}

impl Target for Pipedrive {
    fn answer(&self, request: &Request) -> Answer {
        self.0.serve(request, |_| Refusal::unauthorized(), route).unwrap_or_else(Refusal::answer)
    }

    fn base_path(&self) -> &'static str {
        "/api"
    }
}

impl Vendor for Pipedrive {
    fn connection(&self) -> Connection {
        Connection { plugin: Some("pipedrive"), settings: json!({}), headers: self.0.headers() }
    }

    fn too_many_requests(&self) -> Answer {
        Refusal::over_limit()
            .answer()
            .header("x-ratelimit-limit", "20")
            .header("x-ratelimit-remaining", "0")
            .header("x-ratelimit-reset", "1")
    }

    fn troubles(&self) -> Vec<Trouble> {
        let over = || Refusal::over_limit().answer();
        let not_paid =
            Refusal::new(402, "Company account is not open (possible reason: trial expired)").answer();
        vec![
            Trouble::later("burst", 2, over().header("x-ratelimit-reset", "2")),
            Trouble::later("burst-by-older-documents", 3, over().header("retry-after", "3")),
            Trouble::later("daily-budget", 0, over()),
            // Who goes on after a 429 meets Cloudflare.
            Trouble::later("blocked-for-speed", 0, page(403, "Attention Required! | Cloudflare")),
            Trouble::later("not-paid", 0, not_paid),
            Trouble::later("maintenance", 0, Refusal::new(503, "Scheduled maintenance").answer()),
            Trouble::person("token-revoked", Refusal::unauthorized().answer()),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        let account = self.0.lock();
        Shown::all([
            ("person", "id", &account.persons),
            ("lead", "id", &account.leads),
            ("deal", "id", &account.deals),
            ("note", "id", &account.notes),
        ])
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
        (path, method) if let Some(id) = path.strip_prefix("/v2/persons/").filter(|id| *id != "search") => {
            match *method {
                Method::GET => account.person(id).map(|person| account::shown(person)),
                Method::PATCH => account.update_person(id, schema::PERSON.check_change(request)?),
                _ => Err(Refusal::method_not_allowed()),
            }
        }
        ("/v2/persons/search" | "/v2/persons" | "/v1/leads" | "/v2/deals" | "/v1/notes", _) => {
            Err(Refusal::method_not_allowed())
        }
        _ => Err(Refusal::not_found()),
    }
}
