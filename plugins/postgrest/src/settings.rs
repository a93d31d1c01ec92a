//! What the webhook's owner can set.

use hookwright_sdk::field::{Column, Known};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How leads become rows of a table.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "PostgREST or Supabase")]
pub(crate) struct Settings {
    /// The table that gets the rows.
    #[schemars(title = "Table", length(min = 1))]
    pub(crate) table: String,
    /// The schema of the table, if it is not the first one that the server shows.
    #[schemars(title = "Schema")]
    pub(crate) schema: String,
    /// The columns that are written; what was not collected is left out.
    #[schemars(title = "Columns", length(min = 1))]
    pub(crate) columns: Vec<Column>,
    /// The column that identifies a lead: one of those above, with a unique constraint or the primary key. A lead without a
    /// value for it gets the event's ID there.
    #[schemars(title = "Key column", length(min = 1))]
    pub(crate) key: String,
    /// What to do if the lead's row exists already. merge: overwrite the row's columns with those of the lead. ignore: keep
    /// the row. insert: keep the row, with a database role that only needs the right to insert.
    #[schemars(title = "If the row exists")]
    pub(crate) duplicates: Duplicates,
}

/// What to do with a lead whose row exists already.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Duplicates {
    Merge,
    Ignore,
    Insert,
}

impl Default for Settings {
    fn default() -> Self {
        let columns = [
            ("conversation_id", Known::ConversationId),
            ("project_id", Known::ProjectId),
            ("created_at", Known::CreatedAt),
            ("name", Known::Name),
            ("phone", Known::Phone),
            ("email", Known::Email),
            ("message", Known::Message),
            ("channel", Known::Channel),
        ];
        Self {
            table: "leads".to_owned(),
            schema: String::new(),
            columns: columns.into_iter().map(|(column, known)| Column::new(column, known)).collect(),
            key: "conversation_id".to_owned(),
            duplicates: Duplicates::Merge,
        }
    }
}
