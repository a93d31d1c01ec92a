//! Querying a data source, as far as texts and the time of creation go.

use hookwright_model::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::account::{Account, Page};
use super::column::{Column, Kind};
use super::refusal::Refusal;
use crate::exchange::Answer;

const MAX_PAGE_SIZE: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    filter: Option<Value>,
    page_size: Option<usize>,
}

/// The properties that are shown: those with these ids, or all.
pub(super) struct Shown {
    title_only: bool,
}

impl Shown {
    /// Reads the parameters of the request.
    pub(super) fn parse(query: Option<&str>) -> Result<Self, Refusal> {
        match query {
            None => Ok(Self { title_only: false }),
            Some("filter_properties=title") => Ok(Self { title_only: true }),
            Some(_) => {
                Err(Refusal::invalid("query failed validation: only filter_properties=title is known here."))
            }
        }
    }
}

pub(super) fn query(account: &Account, query: &Query, shown: &Shown) -> Result<Answer, Refusal> {
    let size = query.page_size.unwrap_or(MAX_PAGE_SIZE);
    if !(1..=MAX_PAGE_SIZE).contains(&size) {
        return Err(Refusal::member("page_size", "should be within 1 and 100."));
    }
    let filter = query.filter.as_ref().map(|filter| Filter::parse(account, filter)).transpose()?;
    let is_match = |page: &&Page| filter.as_ref().is_none_or(|filter| filter.matches(page));
    let found: Vec<&Page> = account.pages.iter().rev().filter(is_match).collect();
    let is_shown = |column: &Column| !shown.title_only || column.kind == Kind::Title;
    let results: Vec<Value> = found.iter().take(size).map(|page| account.shown(page, is_shown)).collect();
    let next = (found.len() > size).then_some("8b1b7d6c-0f4e-4f0e-9b57-2f4f3c1d6a10");
    Ok(Answer::json(
        200,
        &json!({
            "object": "list", "results": results, "next_cursor": next, "has_more": next.is_some(),
            "type": "page_or_data_source", "page_or_data_source": {},
        }),
    ))
}

enum Filter {
    And(Vec<Self>),
    Text { column: String, condition: Condition, text: String },
    CreatedSince(Timestamp),
}

enum Condition {
    Equals,
    StartsWith,
}

impl Filter {
    fn parse(account: &Account, filter: &Value) -> Result<Self, Refusal> {
        let wrong = |problem: &str| Refusal::member("filter", problem);
        let members = filter.as_object().ok_or_else(|| wrong("should be an object."))?;
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        if let Some(all) = members.get("and").and_then(Value::as_array).filter(|_| members.len() == 1) {
            return all
                .iter()
                .map(|filter| Self::parse(account, filter))
                .collect::<Result<_, _>>()
                .map(Self::And);
        }
        if let (2, Some("created_time"), Some(condition)) =
            (members.len(), text("timestamp"), members.get("created_time"))
        {
            let since = only(condition)
                .filter(|(name, _)| *name == "on_or_after")
                .and_then(|(_, time)| time.parse().ok());
            return since
                .map(Self::CreatedSince)
                .ok_or_else(|| wrong("created_time should have on_or_after and a time."));
        }
        let name = text("property").ok_or_else(|| wrong("should have and, timestamp or property."))?;
        let column = account.column(name)?;
        if !column.kind.is_text() {
            return Err(wrong("compares texts only, here."));
        }
        let condition = members.get(column.kind.name()).filter(|_| members.len() == 2);
        let condition = condition.ok_or_else(|| {
            Refusal::invalid(format!(
                "database property {name} does not match filter: it is {}",
                column.kind.name()
            ))
        })?;
        let (condition, text) = match only(condition) {
            Some(("equals", text)) => (Condition::Equals, text),
            Some(("starts_with", text)) => (Condition::StartsWith, text),
            _ => return Err(wrong("should have equals or starts_with and a text.")),
        };
        Ok(Self::Text { column: column.name.clone(), condition, text: text.to_owned() })
    }

    fn matches(&self, page: &Page) -> bool {
        match self {
            Self::And(all) => all.iter().all(|filter| filter.matches(page)),
            Self::CreatedSince(time) => page.created_at >= *time,
            Self::Text { column, condition, text } => {
                let found =
                    page.properties.get(column).map(super::column::Property::text).unwrap_or_default();
                match condition {
                    Condition::Equals => found == *text,
                    Condition::StartsWith => found.starts_with(text),
                }
            }
        }
    }
}

/// The only member of an object, if its value is a text that is not empty.
fn only(value: &Value) -> Option<(&str, &str)> {
    let members = value.as_object().filter(|members: &&Map<_, _>| members.len() == 1)?;
    let (name, value) = members.iter().next()?;
    Some((name, value.as_str().filter(|text| !text.is_empty())?))
}
