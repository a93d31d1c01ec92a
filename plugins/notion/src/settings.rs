//! What the webhook's owner can set.

use hookwright_sdk::Failure;
use hookwright_sdk::field::{self, Field, Known};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The first version in which a database is a container of data sources.
const DATA_SOURCES_SINCE: &str = "2025-09-03";

/// How leads become pages of a Notion database.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Notion")]
pub(crate) struct Settings {
    /// The ID of the data source that gets the pages: in the database's settings under Manage data sources, Copy data
    /// source ID. Or the ID of the database: the 32 characters before ?v= in its link.
    #[schemars(title = "ID of the data source or database", regex(pattern = "^[0-9a-fA-F-]{32,36}$"))]
    pub(crate) parent_id: String,
    /// What the ID is of. With database, Notion is asked for the data source before each lead; there may be only one.
    #[serde(default)]
    #[schemars(title = "The ID is of a")]
    pub(crate) parent: ParentKind,
    /// Which column of the database gets what. A column that is not here stays empty.
    #[serde(default = "default_columns")]
    #[schemars(title = "Columns", length(min = 1))]
    pub(crate) columns: Vec<Column>,
    /// Write the message into the page as well, below its properties.
    #[serde(default)]
    #[schemars(title = "Message in the page")]
    pub(crate) message_in_page: bool,
    /// The version of Notion's API. Up to 2022-06-28 only databases can be named, not data sources.
    #[serde(default = "default_version")]
    #[schemars(title = "API version", regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub(crate) notion_version: String,
}

/// What a page can be created in.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum ParentKind {
    #[default]
    DataSource,
    Database,
}

/// A column of the database, and what it gets.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Column {
    /// The column's name exactly as in Notion, or the property's id.
    #[schemars(title = "Column", length(min = 1))]
    pub(crate) column: String,
    /// The column's type in Notion: title is that of the first column (exactly one), rich_text is Text.
    #[serde(rename = "type")]
    #[schemars(title = "Type")]
    pub(crate) kind: Kind,
    // Without a comment here: the schema of `Field` brings the help text along.
    pub(crate) field: Field,
}

/// The types of columns that can be written.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Kind {
    Title,
    RichText,
    PhoneNumber,
    Email,
    Url,
    Select,
    MultiSelect,
    Status,
    Date,
    Number,
    Checkbox,
}

impl Kind {
    /// The type's name in Notion.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::RichText => "rich_text",
            Self::PhoneNumber => "phone_number",
            Self::Email => "email",
            Self::Url => "url",
            Self::Select => "select",
            Self::MultiSelect => "multi_select",
            Self::Status => "status",
            Self::Date => "date",
            Self::Number => "number",
            Self::Checkbox => "checkbox",
        }
    }
}

fn default_columns() -> Vec<Column> {
    let column =
        |column: &str, kind, field| Column { column: column.to_owned(), kind, field: Field::Known(field) };
    vec![
        column("Name", Kind::Title, Known::DisplayName),
        column("Phone", Kind::PhoneNumber, Known::Phone),
        column("Email", Kind::Email, Known::Email),
        column("Message", Kind::RichText, Known::Message),
        column("Channel", Kind::Select, Known::Channel),
        column("Conversation", Kind::RichText, Known::ConversationId),
        column("Created", Kind::Date, Known::CreatedAt),
    ]
}

fn default_version() -> String {
    DATA_SOURCES_SINCE.to_owned()
}

impl Settings {
    /// Whether this version of the API has data sources.
    pub(crate) fn has_data_sources(&self) -> bool {
        self.notion_version.as_str() >= DATA_SOURCES_SINCE
    }

    /// Checks what the schema cannot.
    ///
    /// # Errors
    /// A permanent failure that says what to change.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        field::check_columns(self.columns.iter().map(|column| column.column.as_str()))?;
        if self.parent == ParentKind::DataSource && !self.has_data_sources() {
            return Err(Failure::permanent(format!(
                "version {} of Notion's API has no data sources: in the settings, name the database or a later version",
                self.notion_version
            )));
        }
        Ok(())
    }
}
