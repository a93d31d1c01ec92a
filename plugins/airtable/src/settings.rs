//! What the webhook's owner can set.

use hookwright_sdk::field::{Column, Known};
use schemars::JsonSchema;
use serde::Deserialize;

/// How leads become records of an Airtable table.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Airtable")]
pub(crate) struct Settings {
    /// The ID of the base: the part of its link that begins with app.
    #[schemars(title = "Base ID", regex(pattern = "^app[A-Za-z0-9]{14}$"))]
    pub(crate) base: String,
    /// The table's ID: the part of its link that begins with tbl. A renamed table keeps it.
    #[schemars(title = "Table ID", regex(pattern = "^tbl[A-Za-z0-9]{14}$"))]
    pub(crate) table: String,
    /// Which column of the table gets what. A column that is not here stays empty.
    #[serde(default = "default_columns")]
    #[schemars(title = "Columns", length(min = 1))]
    pub(crate) columns: Vec<Column>,
    /// A later lead of the same conversation updates the conversation's record. If off, every lead gets a record of its
    /// own; let a column have the event_id then, so that a lost answer makes no second record.
    #[serde(default = "yes")]
    #[schemars(title = "One record for each conversation")]
    pub(crate) one_per_conversation: bool,
    /// Let Airtable convert values to the column's type and add options to select columns. If off, a value that does not
    /// fit goes into the column of the message.
    #[serde(default = "yes")]
    #[schemars(title = "Convert values")]
    pub(crate) typecast: bool,
}

fn yes() -> bool {
    true
}

fn default_columns() -> Vec<Column> {
    vec![
        // Not the display name: that of a later lead without a name would replace the name that the record has.
        Column::new("Name", Known::Name),
        Column::new("Phone", Known::Phone),
        Column::new("Email", Known::Email),
        Column::new("Message", Known::Message),
        Column::new("Channel", Known::Channel),
        Column::new("Conversation ID", Known::ConversationId),
        Column::new("Created At", Known::CreatedAt),
    ]
}

impl Settings {
    /// The table's path below the API's origin.
    pub(crate) fn path(&self) -> String {
        format!("/v0/{}/{}", self.base, self.table)
    }

    /// A link that opens the record for a person.
    pub(crate) fn record_url(&self, record: &str) -> String {
        format!("https://airtable.com/{}/{}/{record}", self.base, self.table)
    }
}
