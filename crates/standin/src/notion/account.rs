//! The account's one database and its pages.

use std::collections::BTreeMap;

use hookwright_model::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::column::{Column, Kind, Property};
use super::refusal::Refusal;
use super::rich_text;
use super::{DATA_SOURCE_ID, DATABASE_ID, SECOND_DATA_SOURCE_ID, Version};
use crate::exchange::Answer;
use crate::time;

const MAX_CHILDREN: usize = 100;
/// Notion rounds times of creation down to the minute.
const MINUTE_MILLIS: u64 = 60_000;

#[derive(Debug)]
pub(super) struct Account {
    pub(super) now: Timestamp,
    pub(super) columns: Vec<Column>,
    pub(super) has_second_data_source: bool,
    pub(super) pages: Vec<Page>,
}

#[derive(Debug)]
pub(super) struct Page {
    pub(super) id: String,
    pub(super) created_at: Timestamp,
    /// By column; empty ones are not there.
    pub(super) properties: BTreeMap<String, Property>,
    /// The texts of the paragraphs.
    pub(super) paragraphs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPage {
    parent: Parent,
    properties: Map<String, Value>,
    #[serde(default)]
    children: Vec<Block>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parent {
    #[serde(rename = "type")]
    kind: Option<String>,
    data_source_id: Option<String>,
    database_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    object: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    paragraph: Paragraph,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paragraph {
    rich_text: Value,
}

impl Default for Account {
    fn default() -> Self {
        let columns = [
            ("Name", Kind::Title),
            ("Phone", Kind::PhoneNumber),
            ("Email", Kind::Email),
            ("Message", Kind::RichText),
            ("Channel", Kind::Select),
            ("Conversation", Kind::RichText),
            ("Created", Kind::Date),
        ];
        let columns = columns.map(|(name, kind)| Column { name: name.to_owned(), kind }).into();
        let now = time::after_the_sample_event();
        Self { now, columns, has_second_data_source: false, pages: Vec::new() }
    }
}

impl Account {
    pub(super) fn column(&self, name: &str) -> Result<&Column, Refusal> {
        let column = self.columns.iter().find(|column| column.name == name);
        column.ok_or_else(|| Refusal::invalid(format!("{name} is not a property that exists.")))
    }

    pub(super) fn database(&self, version: Version, id: &str) -> Result<Answer, Refusal> {
        if !is_id(id, DATABASE_ID) {
            return Err(Refusal::not_found("database", id));
        }
        let title = rich_text::shown(&["Leads".to_owned()]);
        let mut database = json!({ "object": "database", "id": DATABASE_ID, "title": title });
        if version.has_data_sources() {
            let second = self
                .has_second_data_source
                .then(|| json!({ "id": SECOND_DATA_SOURCE_ID, "name": "Archive" }));
            let sources = [json!({ "id": DATA_SOURCE_ID, "name": "Leads" })].into_iter().chain(second);
            database["data_sources"] = sources.collect();
        } else {
            let columns = self
                .columns
                .iter()
                .map(|column| (column.name.clone(), json!({ "type": column.kind.name() })));
            database["properties"] = Value::Object(columns.collect());
        }
        Ok(Answer::json(200, &database))
    }

    /// Refuses an id that is not that of the data source, or in old versions of the database.
    pub(super) fn check_source(&self, version: Version, id: &str) -> Result<(), Refusal> {
        let (kind, known) = if version.has_data_sources() {
            ("data source", DATA_SOURCE_ID)
        } else {
            ("database", DATABASE_ID)
        };
        if !is_id(id, known) {
            return Err(Refusal::not_found(kind, id));
        }
        if !version.has_data_sources() && self.has_second_data_source {
            return Err(several_data_sources());
        }
        Ok(())
    }

    fn check_parent(&self, version: Version, parent: &Parent) -> Result<(), Refusal> {
        let (kind, id) = match (&parent.data_source_id, &parent.database_id) {
            (Some(id), None) => ("data_source_id", id),
            (None, Some(id)) => ("database_id", id),
            _ => return Err(Refusal::member("parent", "should have one of data_source_id and database_id.")),
        };
        if parent.kind.as_deref().is_some_and(|given| given != kind) {
            return Err(Refusal::member("parent.type", &format!("should be `\"{kind}\"`.")));
        }
        match (kind, version) {
            ("data_source_id", Version::V2022) => {
                Err(Refusal::member("parent.data_source_id", "should be not present, in this version."))
            }
            ("data_source_id", _) | (_, Version::V2022) => self.check_source(version, id),
            // Whether it is still accepted is not documented.
            (_, Version::V2026) => {
                Err(Refusal::member("parent.database_id", "should be not present, in this version."))
            }
            _ if !is_id(id, DATABASE_ID) => Err(Refusal::not_found("database", id)),
            _ if self.has_second_data_source => Err(several_data_sources()),
            _ => Ok(()),
        }
    }

    pub(super) fn create(&mut self, version: Version, page: &NewPage) -> Result<Answer, Refusal> {
        self.check_parent(version, &page.parent)?;
        let mut properties = BTreeMap::new();
        for (name, value) in &page.properties {
            let column = self.column(name)?;
            if let Some(property) = column.parse(value)? {
                properties.insert(column.name.clone(), property);
            }
        }
        if page.children.len() > MAX_CHILDREN {
            return Err(Refusal::member("children", ".length should be ≤ `100`."));
        }
        let paragraphs = page.children.iter().map(Block::text).collect::<Result<_, _>>()?;
        let id = format!("59833787-2cf9-4fdf-8782-{:012}", self.pages.len() + 1);
        let created_at = Timestamp::from_millis(self.now.as_millis() / MINUTE_MILLIS * MINUTE_MILLIS);
        let page = Page { id, created_at, properties, paragraphs };
        let answer = Answer::json(200, &self.shown(&page, |_| true));
        self.pages.push(page);
        Ok(answer)
    }

    /// The page with these of its properties.
    pub(super) fn shown(&self, page: &Page, is_shown: impl Fn(&Column) -> bool) -> Value {
        let columns = self.columns.iter().enumerate().filter(|(_, column)| is_shown(column));
        let properties: Map<String, Value> = columns
            .map(|(id, column)| (column.name.clone(), column.shown(id, page.properties.get(&column.name))))
            .collect();
        let created_at = page.created_at.to_string().replace('Z', ".000Z");
        json!({
            "object": "page", "id": page.id, "created_time": created_at, "last_edited_time": created_at,
            "parent": { "type": "data_source_id", "data_source_id": DATA_SOURCE_ID, "database_id": DATABASE_ID },
            "in_trash": false, "properties": properties,
            "url": format!("https://www.notion.so/{}", page.id.replace('-', "")), "public_url": null,
        })
    }
}

impl Block {
    fn text(&self) -> Result<String, Refusal> {
        let is = |given: &Option<String>, expected| given.as_ref().is_none_or(|given| given == expected);
        if !is(&self.object, "block") || !is(&self.kind, "paragraph") {
            return Err(Refusal::member("children", "should be blocks of the type paragraph, here."));
        }
        Ok(rich_text::parse("children.paragraph.rich_text", &self.paragraph.rich_text)?.concat())
    }
}

fn several_data_sources() -> Refusal {
    Refusal::invalid("Databases with multiple data sources are not supported in this API version.")
}

/// Notion takes ids with and without dashes.
fn is_id(given: &str, id: &str) -> bool {
    given.replace('-', "").eq_ignore_ascii_case(&id.replace('-', ""))
}
