//! A small Airtable base: one table, with the checks that Airtable makes.

use http::Method;
use serde_json::{Value, json};

use crate::exchange::{Answer, Request};
use crate::protected::Protected;
use crate::scripted::Target;
use crate::trouble::{Trouble, page};
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
pub struct Airtable(Protected<Table>);

impl Airtable {
    /// An empty table; requests carry `authorization: Bearer` and this token.
    pub fn new(token: &str) -> Self {
        Self(Protected::bearer(token))
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
        self.0.get_mut().columns = columns.iter().map(column).collect();
        self
    }

    /// The table's records as the API shows them, oldest first.
    pub fn rows(&self) -> Vec<Value> {
        self.0.lock().records.iter().map(Record::shown).collect()
    }
}

impl Target for Airtable {
    fn answer(&self, request: &Request) -> Answer {
        self.0.serve(request, |_| Refusal::unauthenticated(), route).unwrap_or_else(Refusal::answer)
    }
}

impl Vendor for Airtable {
    fn connection(&self) -> Connection {
        Connection {
            plugin: Some("airtable"),
            settings: json!({ "base": BASE_ID, "table": TABLE_ID }),
            headers: self.0.headers(),
        }
    }

    /// Airtable names no pause and means 30 seconds. Who waits for a stand-in is spared these.
    fn too_many_requests(&self) -> Answer {
        Refusal::rate_limited().answer().header("retry-after", "1")
    }

    fn troubles(&self) -> Vec<Trouble> {
        vec![
            // The documents: wait 30 seconds before subsequent requests succeed. No header says so.
            Trouble::later("too-fast", 30, Refusal::rate_limited().answer()),
            Trouble::later("monthly-quota", 0, Refusal::quota().answer()),
            Trouble::later("down", 0, page(503, "Service Unavailable")),
            Trouble::person("token-revoked", Refusal::unauthenticated().answer()),
            Trouble::person("base-not-shared", Refusal::not_allowed_or_unknown().answer()),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        let table = self.0.lock();
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
        Method::POST => table.create(request.parse()?),
        Method::PATCH => table.upsert(request.parse()?),
        _ => Err(Refusal::not_found()),
    }
}
