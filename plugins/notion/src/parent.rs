//! What pages are created in.

use hookwright_sdk::{Failure, Reply, Request, Stop, text};
use serde_json::{Value, json};

use crate::api::Api;
use crate::settings::ParentKind;

/// How many data sources are listed to choose from, and how much of their names.
const LISTED: usize = 10;
const NAME_MAX_CHARS: usize = 60;

/// A data source, or in versions without these a database.
pub(crate) struct Parent {
    member: &'static str,
    id: String,
}

impl Parent {
    /// As a page names it.
    pub(crate) fn json(&self) -> Value {
        json!({ "type": self.member, self.member: self.id })
    }

    /// Where its pages are looked for.
    pub(crate) fn query_path(&self) -> String {
        let collection = if self.member == "database_id" { "databases" } else { "data_sources" };
        format!("/v1/{collection}/{}/query", self.id)
    }
}

/// The parent that the settings name.
pub(crate) fn of(api: &Api<'_>) -> Result<Parent, Stop> {
    let id = &api.settings.parent_id;
    match api.settings.parent {
        ParentKind::DataSource => Ok(Parent { member: "data_source_id", id: id.clone() }),
        ParentKind::Database if api.settings.has_data_sources() => {
            let database = api.call(Request::get("get-database").path(format!("/v1/databases/{id}")))?;
            Ok(Parent { member: "data_source_id", id: only_data_source(database)? })
        }
        ParentKind::Database => Ok(Parent { member: "database_id", id: id.clone() }),
    }
}

fn only_data_source(database: &Reply) -> Result<String, Failure> {
    let sources = database.find("/data_sources")?;
    let sources = sources.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if sources.len() < 2 {
        return database.uuid("/data_sources/0/id");
    }
    let member = |source: &Value, name: &str| {
        let words = source[name].as_str().and_then(text::line).unwrap_or_default();
        text::truncate(&words, NAME_MAX_CHARS).into_owned()
    };
    let listed = sources
        .iter()
        .take(LISTED)
        .map(|source| format!("{} ({})", member(source, "id"), member(source, "name")));
    Err(Failure::permanent(format!(
        "the database has {} data sources; in the settings, name one of them: {}",
        sources.len(),
        listed.collect::<Vec<_>>().join(", ")
    )))
}
