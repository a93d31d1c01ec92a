//! HubSpot's search, as far as equality and the order of times go.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::account::Account;
use super::body::{Filter, Operator, Search};
use super::property::{Form, Problem, form, unix_millis};
use super::record::{ObjectType, Record};
use super::refusal::Refusal;
use crate::exchange::Answer;

const MAX_GROUPS: usize = 5;
const MAX_FILTERS: usize = 6;
const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: usize = 200;

/// The records that match every filter of at least one group, oldest first.
pub(super) fn search(account: &Account, kind: ObjectType, body: &Search) -> Result<Answer, Refusal> {
    let limit = body.limit.unwrap_or(DEFAULT_LIMIT);
    if limit > MAX_LIMIT {
        return Err(Refusal::invalid(format!("the limit is at most {MAX_LIMIT}")));
    }
    let groups = tests(account, kind, body)?;
    let is_match = |record: &&Record| {
        groups.is_empty() || groups.iter().any(|tests| tests.iter().all(|test| test.is_met_by(record)))
    };
    let found: Vec<&Record> = account.records(kind).iter().filter(is_match).collect();
    let results: Vec<Value> = found.iter().take(limit).map(|record| record.shown()).collect();
    Ok(Answer::json(200, &json!({ "total": found.len(), "results": results })))
}

/// The filters of each group.
fn tests<'a>(account: &Account, kind: ObjectType, body: &'a Search) -> Result<Vec<Vec<Test<'a>>>, Refusal> {
    if body.filter_groups.len() > MAX_GROUPS {
        return Err(Refusal::invalid(format!("a search has at most {MAX_GROUPS} filter groups")));
    }
    let of_group = |filters: &'a [Filter]| {
        if !(1..=MAX_FILTERS).contains(&filters.len()) {
            return Err(Refusal::invalid(format!("a filter group has 1 to {MAX_FILTERS} filters")));
        }
        filters.iter().map(|filter| Test::of(account, kind, filter)).collect()
    };
    body.filter_groups.iter().map(|group| of_group(&group.filters)).collect()
}

/// A filter that makes sense for the kind of record.
enum Test<'a> {
    Id(&'a str),
    Contact(&'a str),
    CreatedAt(Operator, u64),
    Text(&'a str, &'a str),
    Time(&'a str, Operator, u64),
}

impl<'a> Test<'a> {
    fn of(account: &Account, kind: ObjectType, filter: &'a Filter) -> Result<Self, Refusal> {
        let Filter { property_name: name, operator, value } = filter;
        let created_at = if kind == ObjectType::Note { "hs_createdate" } else { "createdate" };
        match name.as_str() {
            "hs_object_id" => filter.only_equal().map(|()| Self::Id(value)),
            "associations.contact" if kind != ObjectType::Contact => {
                filter.only_equal().map(|()| Self::Contact(value))
            }
            name if name == created_at => Ok(Self::CreatedAt(*operator, filter.unix_millis()?)),
            name => match form(kind, &account.custom, name) {
                None => Err(Refusal::properties(&[Problem::unknown(name)])),
                Some(Form::Time) => Ok(Self::Time(name, *operator, filter.unix_millis()?)),
                Some(_) => filter.only_equal().map(|()| Self::Text(name, value)),
            },
        }
    }

    fn is_met_by(&self, record: &Record) -> bool {
        match *self {
            Self::Id(id) => record.id == id,
            Self::Contact(id) => {
                record.associations.iter().any(|link| link.to == ObjectType::Contact && link.id == id)
            }
            Self::CreatedAt(operator, millis) => operator.accepts(record.created_at.as_millis().cmp(&millis)),
            Self::Text(name, value) => record.property(name) == Some(value),
            Self::Time(name, operator, millis) => record
                .property(name)
                .and_then(unix_millis)
                .is_some_and(|stored| operator.accepts(stored.cmp(&millis))),
        }
    }
}

impl Filter {
    /// What is no time has no order here.
    fn only_equal(&self) -> Result<(), Refusal> {
        match self.operator {
            Operator::Eq => Ok(()),
            _ => Err(Refusal::invalid(format!("{} can only be searched with EQ", self.property_name))),
        }
    }

    fn unix_millis(&self) -> Result<u64, Refusal> {
        let Self { property_name, value, .. } = self;
        unix_millis(value)
            .ok_or_else(|| Refusal::invalid(format!("{property_name} is a time, but {value} is none")))
    }
}

impl Operator {
    fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Lt => ordering.is_lt(),
            Self::Lte => ordering.is_le(),
            Self::Gt => ordering.is_gt(),
            Self::Gte => ordering.is_ge(),
        }
    }
}
