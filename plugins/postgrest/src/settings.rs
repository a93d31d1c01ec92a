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
    /// The column that tells one lead from another: one of those above, with a unique constraint or the primary key. A
    /// row of a lead without its value gets the event's id there.
    #[schemars(title = "Key column", length(min = 1))]
    pub(crate) key: String,
    /// What becomes of a lead whose row is there already. merge: its columns overwrite those of the row. ignore: the row
    /// stays. insert: the row stays as well, and the database role only needs the right to insert.
    #[schemars(title = "If the row is there already")]
    pub(crate) duplicates: Duplicates,
}

/// What becomes of a lead whose row is there already.
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
