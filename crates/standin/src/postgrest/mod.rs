//! A table behind PostgREST, as Supabase serves it, with the checks that PostgREST and PostgreSQL make.

use http::Method;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::exchange::{Answer, Request};
use crate::server::Target;
use crate::vendor::{Connection, Shown, Vendor};

mod insert;
mod refusal;
mod table;

use insert::Insert;
use refusal::Refusal;
use table::Table;

/// A row: a value for each column that has one.
pub type Row = Map<String, Value>;

/// A database with one table, `leads`, in the one schema that is served, `public`:
///
/// ```sql
/// create table leads (
///   conversation_id text primary key, event_id text unique, project_id uuid, created_at timestamptz not null,
///   name text, phone text, email text, message text, channel text);
/// ```
#[derive(Debug)]
pub struct Postgrest {
    key: String,
    table: Mutex<Table>,
}

impl Postgrest {
    /// An empty table; requests carry this key in `apikey` and, as a bearer token, in `authorization`.
    pub fn new(key: &str) -> Self {
        Self { key: key.to_owned(), table: Mutex::default() }
    }

    /// The table with a unique constraint on one more column.
    #[must_use]
    pub fn unique(mut self, column: &'static str) -> Self {
        self.table.get_mut().unique.push(column);
        self
    }

    /// The rows, oldest first.
    pub fn rows(&self) -> Vec<Row> {
        self.table.lock().rows.clone()
    }

    fn authenticate(&self, request: &Request) -> Result<(), Refusal> {
        match request.header("apikey") {
            None => Err(Refusal::gateway(401, "No API key found in request")),
            Some(key) if key != self.key => Err(Refusal::gateway(401, "Invalid API key")),
            Some(_) if request.bearer() != Some(self.key.as_str()) => {
                Err(Refusal::new(401, "PGRST301", "JWSError JWSInvalidSignature"))
            }
            Some(_) => Ok(()),
        }
    }
}

impl Target for Postgrest {
    fn answer(&self, request: &Request) -> Answer {
        self.authenticate(request)
            .and_then(|()| route(&mut self.table.lock(), request))
            .unwrap_or_else(Refusal::answer)
    }

    fn base_path(&self) -> &'static str {
        "/rest/v1"
    }
}

fn route(table: &mut Table, request: &Request) -> Result<Answer, Refusal> {
    match request.path().strip_prefix("/rest/v1/") {
        Some("leads") if request.method == Method::POST => table.insert(Insert::parse(request)?),
        Some("leads") => Err(Refusal::gateway(405, "Method not allowed")),
        Some(other) => {
            let words = format!("Could not find the table 'public.{other}' in the schema cache");
            Err(Refusal::new(404, "PGRST205", words))
        }
        None => Err(Refusal::gateway(404, "no Route matched with those values")),
    }
}

impl Vendor for Postgrest {
    fn connection(&self) -> Connection {
        let headers =
            [("authorization", format!("Bearer {}", self.key)), ("apikey", self.key.clone())].into();
        Connection { plugin: Some("postgrest"), settings: json!({}), headers }
    }

    fn too_many_requests(&self) -> Answer {
        Answer::json(429, &json!({ "message": "API rate limit exceeded" })).header("retry-after", "1")
    }

    fn records(&self) -> Vec<Shown> {
        let rows = self.table.lock().rows.clone();
        rows.into_iter().map(|row| Shown::json("row", &row["conversation_id"], &row.clone().into())).collect()
    }
}
