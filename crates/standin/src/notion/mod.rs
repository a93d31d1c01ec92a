//! A small Notion workspace: one database, with the checks that Notion makes.

use hookwright_model::Timestamp;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::exchange::{Answer, Request};
use crate::protected::Protected;
use crate::scripted::Target;
use crate::trouble::{Trouble, page};
use crate::vendor::{Connection, Shown, Vendor};

mod account;
mod column;
mod query;
mod refusal;
mod rich_text;

use account::Account;
use column::{Column, Kind, Property};
use refusal::Refusal;

const REQUEST_MAX_BYTES: usize = 500_000;

/// The id of the workspace's database.
pub const DATABASE_ID: &str = "1a44be12-0953-4631-b498-9e5817518db8";
/// The id of the data source that has the pages.
pub const DATA_SOURCE_ID: &str = "2b55cf23-1a64-4742-a5a9-af6928629ec9";
/// The id of the data source of [`Notion::with_second_data_source`].
pub const SECOND_DATA_SOURCE_ID: &str = "3c66d034-2b75-4853-b6ba-b07a39730fda";

/// The versions of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// 2022-06-28: databases have the pages.
    V2022,
    /// 2025-09-03: data sources have them.
    V2025,
    /// 2026-03-11.
    V2026,
}

impl Version {
    fn of(request: &Request) -> Result<Self, Refusal> {
        match request.header("notion-version") {
            None => Err(Refusal::missing_version()),
            Some("2022-06-28") => Ok(Self::V2022),
            Some("2025-09-03") => Ok(Self::V2025),
            Some("2026-03-11") => Ok(Self::V2026),
            Some(other) => Err(Refusal::invalid(format!(
                "Notion-Version header failed validation: {other} is no version."
            ))),
        }
    }

    fn has_data_sources(self) -> bool {
        self != Self::V2022
    }
}

/// A Notion workspace with one integration and one database, which is shared with it. Its columns are Name, Phone, Email,
/// Message, Channel, Conversation and Created unless said otherwise; columns of the type status have the options Not
/// started, In progress and Done. Queries know new pages at once. Its time is a second after the documentation's sample
/// event.
#[derive(Debug)]
pub struct Notion(Protected<Account>);

impl Notion {
    /// An empty database; requests carry `authorization: Bearer` and this token.
    pub fn new(token: &str) -> Self {
        Self(Protected::bearer(token))
    }

    /// The workspace at another time: when new pages are created.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.0.get_mut().now = now;
        self
    }

    /// The database with these columns, each by its name and its type as the API has it.
    ///
    /// # Panics
    /// If a type is none that can be written.
    #[must_use]
    pub fn with_columns(mut self, columns: &[(&str, &str)]) -> Self {
        let column = |(name, kind): &(&str, &str)| Column {
            name: (*name).to_owned(),
            kind: Kind::of_name(kind).unwrap_or_else(|| panic!("{kind} is no type of a column")),
        };
        self.0.get_mut().columns = columns.iter().map(column).collect();
        self
    }

    /// The database after its owner has added another data source, which is empty.
    #[must_use]
    pub fn with_second_data_source(mut self) -> Self {
        self.0.get_mut().has_second_data_source = true;
        self
    }

    /// The pages as the API shows them, oldest first.
    pub fn pages(&self) -> Vec<Value> {
        let account = self.0.lock();
        account.pages.iter().map(|page| account.shown(page, |_| true)).collect()
    }
}

impl Target for Notion {
    fn answer(&self, request: &Request) -> Answer {
        self.0.serve(request, |_| Refusal::unauthorized(), route).unwrap_or_else(Refusal::answer)
    }
}

impl Vendor for Notion {
    fn connection(&self) -> Connection {
        Connection {
            plugin: Some("notion"),
            settings: json!({ "parent_id": DATA_SOURCE_ID }),
            headers: self.0.headers(),
        }
    }

    fn too_many_requests(&self) -> Answer {
        Refusal::rate_limited().answer().header("retry-after", "1")
    }

    fn troubles(&self) -> Vec<Trouble> {
        let answer = |status, code, words: &str| Refusal::new(status, code, words).answer();
        let overloaded = answer(529, "service_overload", "Notion is overloaded. Please try again later.");
        vec![
            Trouble::later("too-fast", 3, Refusal::rate_limited().answer().header("retry-after", "3")),
            // Whole seconds by the documents; reports have fractions.
            Trouble::later(
                "window-used-up",
                300,
                Refusal::rate_limited().answer().header("retry-after", "299.997"),
            ),
            Trouble::later("overloaded", 5, overloaded.header("retry-after", "5")),
            Trouble::later("collision", 0, answer(409, "conflict_error", "Conflict occurred while saving.")),
            Trouble::later("edge", 0, page(502, "502 Bad Gateway").header("cf-ray", "8c4a13c91f8f9bb0-FRA")),
            Trouble::person("token-revoked", Refusal::unauthorized().answer()),
            Trouble::person("not-shared", Refusal::not_found("data_source", DATA_SOURCE_ID).answer()),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        let account = self.0.lock();
        let shown = |page: &account::Page| {
            let property = |column: &Column| {
                let text = page.properties.get(&column.name).map(Property::text)?;
                Some((column.name.clone(), text))
            };
            let content = page.paragraphs.iter().map(|text| ("(content)".to_owned(), text.clone()));
            let fields = account.columns.iter().filter_map(property).chain(content).collect();
            Shown { kind: "page", id: page.id.clone(), fields }
        };
        account.pages.iter().map(shown).collect()
    }
}

fn route(account: &mut Account, request: &Request) -> Result<Answer, Refusal> {
    let version = Version::of(request)?;
    let segments: Vec<&str> = request.path().split('/').skip(1).collect();
    let sources = if version.has_data_sources() { "data_sources" } else { "databases" };
    match (&request.method, &segments[..]) {
        (&Method::POST, ["v1", "pages"]) => account.create(version, &parse(request)?),
        (&Method::GET, ["v1", "databases", id]) => account.database(version, id),
        (&Method::POST, ["v1", collection, id, "query"]) if *collection == sources => {
            account.check_source(version, id)?;
            let shown = query::Shown::parse(request.uri.query())?;
            query::query(account, &parse(request)?, &shown)
        }
        _ => Err(Refusal::invalid_url()),
    }
}

fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    if request.body.len() > REQUEST_MAX_BYTES {
        return Err(Refusal::too_large());
    }
    Ok(request.parse()?)
}
