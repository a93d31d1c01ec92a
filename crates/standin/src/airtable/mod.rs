//! A small Airtable base: one table, with the checks that Airtable makes.

use http::Method;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::exchange::{Answer, Request};
use crate::server::Target;
use crate::vendor::{Connection, Shown, Vendor};

mod column;
mod refusal;
mod table;

use column::{Column, Kind};
use refusal::Refusal;
use table::{Record, Table};

const BASE_ID: &str = "appHookwright0001";
const TABLE_ID: &str = "tblHookwright0001";
const TABLE_NAME: &str = "Leads";

/// An Airtable base with one token and the table Leads. Its columns are Name, Phone, Email, Message, Channel, Conversation ID
/// and Created At unless said otherwise; select columns have no options at first. Its time is a second after the
/// documentation's sample event.
#[derive(Debug)]
pub struct Airtable {
    token: String,
    table: Mutex<Table>,
}

impl Airtable {
    /// An empty table; requests carry `authorization: Bearer` and this token.
    pub fn new(token: &str) -> Self {
        Self { token: token.to_owned(), table: Mutex::default() }
    }

    /// The table with these columns, each by its name and its type as the API has it.
    ///
    /// # Panics
    /// If a type is none that can be written.
    #[must_use]
    pub fn with_columns(mut self, columns: &[(&str, &str)]) -> Self {
        let column = |(name, kind): &(&str, &str)| {
            Column::new(name, Kind::of_name(kind).unwrap_or_else(|| panic!("{kind} is no type of a column")))
        };
        self.table.get_mut().columns = columns.iter().map(column).collect();
        self
    }

    /// The table's records as the API shows them, oldest first.
    pub fn rows(&self) -> Vec<Value> {
        self.table.lock().records.iter().map(Record::shown).collect()
    }
}

impl Target for Airtable {
    fn answer(&self, request: &Request) -> Answer {
        let token = request.bearer();
        if token != Some(self.token.as_str()) {
            return Refusal::unauthenticated().answer();
        }
        route(&mut self.table.lock(), request).unwrap_or_else(Refusal::answer)
    }
}

impl Vendor for Airtable {
    fn connection(&self) -> Connection {
        Connection {
            plugin: Some("airtable"),
            settings: json!({ "base": BASE_ID, "table": TABLE_ID }),
            headers: [("authorization", format!("Bearer {}", self.token))].into(),
        }
    }

    /// Airtable names no pause and means 30 seconds. Who waits for a stand-in is spared these.
    fn too_many_requests(&self) -> Answer {
        Refusal::rate_limited().answer().header("retry-after", "1")
    }

    fn records(&self) -> Vec<Shown> {
        let table = self.table.lock();
        let shown = |record: &Record| {
            Shown::json("record", &record.id.as_str().into(), &record.fields.clone().into())
        };
        table.records.iter().map(shown).collect()
    }
}

fn route(table: &mut Table, request: &Request) -> Result<Answer, Refusal> {
    let segments: Vec<&str> = request.path().split('/').skip(1).collect();
    let ["v0", base, name] = segments[..] else { return Err(Refusal::not_found()) };
    if base != BASE_ID || ![TABLE_ID, TABLE_NAME].contains(&name) {
        return Err(Refusal::not_allowed_or_unknown());
    }
    match request.method {
        Method::POST => table.create(parse(request)?),
        Method::PATCH => table.upsert(parse(request)?),
        _ => Err(Refusal::not_found()),
    }
}

fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    if !request.is_json() {
        return Err(Refusal::not_json());
    }
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| Refusal::not_json())?;
    T::deserialize(body).map_err(|error| Refusal::invalid_request(&format!("Invalid request: {error}")))
}
