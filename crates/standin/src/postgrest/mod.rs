//! A table behind PostgREST, as Supabase serves it, with the checks that PostgREST and PostgreSQL make.

use http::Method;
use serde_json::{Map, Value, json};

use crate::exchange::{Answer, Request};
use crate::protected::{Denied, Protected};
use crate::scripted::Target;
use crate::trouble::{Trouble, page};
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
    table: Protected<Table>,
}

impl Postgrest {
    /// An empty table; requests carry this key in `apikey` and, as a bearer token, in `authorization`.
    pub fn new(key: &str) -> Self {
        Self { key: key.to_owned(), table: Protected::header("apikey", key) }
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
}

impl Target for Postgrest {
    fn answer(&self, request: &Request) -> Answer {
        // Supabase's gateway asks for the key, and PostgREST behind it for the token.
        let deny = |denied| match denied {
            Denied::Missing => Refusal::gateway(401, "No API key found in request"),
            Denied::Wrong => Refusal::gateway(401, "Invalid API key"),
        };
        let route = |table: &mut Table, request: &Request| match request.bearer() {
            Some(token) if token == self.key => route(table, request),
            _ => Err(Refusal::new(401, "PGRST301", "JWSError JWSInvalidSignature")),
        };
        self.table.serve(request, deny, route).unwrap_or_else(Refusal::answer)
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
        let mut headers = self.table.headers();
        headers.insert("authorization", format!("Bearer {}", self.key));
        Connection { plugin: Some("postgrest"), settings: json!({}), headers }
    }

    fn too_many_requests(&self) -> Answer {
        Answer::json(429, &json!({ "message": "API rate limit exceeded" })).header("retry-after", "1")
    }

    fn troubles(&self) -> Vec<Trouble> {
        let answer = |status, code, words: &str| Refusal::new(status, code, words).answer();
        let no_cache = "Could not query the database for the schema cache. Retrying.";
        let no_pool = "Timed out acquiring connection from connection pool.";
        let quota = json!({ "message": "Service for this project is restricted: exceed_egress_quota" });
        vec![
            Trouble::later(
                "too-fast",
                2,
                Refusal::gateway(429, "API rate limit exceeded").answer().header("retry-after", "2"),
            ),
            Trouble::later("database-away", 0, answer(503, "PGRST002", no_cache)),
            Trouble::later("pool-exhausted", 0, answer(504, "PGRST003", no_pool)),
            Trouble::later(
                "serialization",
                0,
                answer(500, "40001", "could not serialize access due to concurrent update"),
            ),
            Trouble::later("deadlock", 0, answer(500, "40P01", "deadlock detected")),
            Trouble::later("quota", 0, Answer::json(402, &quota)),
            Trouble::person("token-expired", answer(401, "PGRST303", "JWT expired")),
            Trouble::person(
                "row-policy",
                answer(403, "42501", "new row violates row-level security policy for table \"leads\""),
            ),
            // What a proxy before it answers to anybody; nothing is stored.
            Trouble::person("login-page", page(200, "Sign in")),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        let rows = self.table.lock().rows.clone();
        rows.into_iter().map(|row| Shown::json("row", &row["conversation_id"], &row.clone().into())).collect()
    }
}
