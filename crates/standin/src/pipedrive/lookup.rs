//! Finding records: the search of persons, and lists.

use serde_json::{Value, json};

use super::account::Account;
use super::refusal::{Refusal, Version};
use crate::exchange::Answer;
use crate::query::Query;

/// The fields that the search of persons knows.
const SEARCH_FIELDS: [&str; 5] = ["custom_fields", "email", "name", "notes", "phone"];

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;

enum Order {
    OldestFirst,
    NewestFirst,
}

pub(super) fn search_persons(account: &Account, query: &Query) -> Result<Answer, Refusal> {
    let search = PersonSearch::parse(query)?;
    let found = account.persons.iter().filter(|person| search.finds(person));
    let items: Vec<Value> =
        found.map(|person| json!({ "result_score": 1.0, "item": search_item(person) })).collect();
    let next = json!({ "next_cursor": null });
    Ok(Answer::json(200, &json!({ "success": true, "data": { "items": items }, "additional_data": next })))
}

pub(super) fn list_leads(account: &Account, query: &Query) -> Result<Answer, Refusal> {
    check(query, Version::V1, &["person_id", "sort", "limit"])?;
    let order = match query.get("sort") {
        None | Some("add_time ASC") => Order::OldestFirst,
        Some("add_time DESC") => Order::NewestFirst,
        Some(_) => {
            return Err(Refusal::invalid(Version::V1, "sort: expected add_time ASC or add_time DESC"));
        }
    };
    list(Version::V1, &account.leads, query, &["person_id"], &order)
}

pub(super) fn list_deals(account: &Account, query: &Query) -> Result<Answer, Refusal> {
    check(query, Version::V2, &["person_id", "sort_by", "sort_direction", "limit"])?;
    if query.get("sort_by").is_some_and(|field| field != "add_time") {
        return Err(Refusal::invalid(Version::V2, "sort_by: expected add_time"));
    }
    let order = match query.get("sort_direction") {
        None | Some("asc") => Order::OldestFirst,
        Some("desc") => Order::NewestFirst,
        Some(_) => return Err(Refusal::invalid(Version::V2, "sort_direction: expected asc or desc")),
    };
    list(Version::V2, &account.deals, query, &["person_id"], &order)
}

pub(super) fn list_notes(account: &Account, query: &Query) -> Result<Answer, Refusal> {
    let links = ["lead_id", "deal_id", "person_id"];
    check(query, Version::V1, &links)?;
    list(Version::V1, &account.notes, query, &links, &Order::OldestFirst)
}

fn check(query: &Query, version: Version, known: &[&str]) -> Result<(), Refusal> {
    query.check(known).map_err(|problem| Refusal::invalid(version, problem))
}

/// The records that hang on everything that the query names.
fn list(
    version: Version,
    records: &[Value],
    query: &Query,
    links: &[&str],
    order: &Order,
) -> Result<Answer, Refusal> {
    let mut wanted: Vec<(&str, Value)> = Vec::new();
    for link in links {
        let Some(id) = query.get(link) else { continue };
        let id = match *link {
            "lead_id" => Ok(id.into()),
            _ => id.parse::<u64>().map(Value::from),
        };
        wanted.push((link, id.map_err(|_| Refusal::invalid(version, format!("{link}: expected a number")))?));
    }
    let is_wanted = |record: &&Value| wanted.iter().all(|(link, id)| record.get(link) == Some(id));
    let mut data: Vec<&Value> = records.iter().filter(is_wanted).collect();
    if matches!(order, Order::NewestFirst) {
        data.reverse();
    }
    match query.get("limit").map(str::parse) {
        None => data.truncate(DEFAULT_LIMIT),
        Some(Ok(limit @ 1..=MAX_LIMIT)) => data.truncate(limit),
        Some(_) => return Err(Refusal::invalid(version, format!("limit: expected 1 to {MAX_LIMIT}"))),
    }
    let more = match version {
        Version::V1 => json!({ "pagination": { "more_items_in_collection": false } }),
        Version::V2 => json!({ "next_cursor": null }),
    };
    Ok(Answer::json(200, &json!({ "success": true, "data": data, "additional_data": more })))
}

/// A search for persons, not minding case.
struct PersonSearch<'a> {
    term: String,
    fields: Vec<&'a str>,
    matching: Match,
}

enum Match {
    Whole,
    Part,
}

impl<'a> PersonSearch<'a> {
    fn parse(query: &'a Query) -> Result<Self, Refusal> {
        let invalid = |problem: String| Refusal::invalid(Version::V2, problem);
        check(query, Version::V2, &["term", "fields", "exact_match"])?;
        let (matching, min_chars) = match query.get("exact_match") {
            None | Some("false") => (Match::Part, 2),
            Some("true") => (Match::Whole, 1),
            Some(_) => return Err(invalid("exact_match: expected true or false".to_owned())),
        };
        let term = query.get("term").unwrap_or_default().to_lowercase();
        if term.chars().count() < min_chars {
            return Err(invalid(format!("term: expected {min_chars} characters or more")));
        }
        let fields =
            query.get("fields").map_or_else(|| SEARCH_FIELDS.to_vec(), |fields| fields.split(',').collect());
        if !fields.iter().all(|field| SEARCH_FIELDS.contains(field)) {
            return Err(invalid(format!("fields: expected some of {}", SEARCH_FIELDS.join(", "))));
        }
        Ok(Self { term, fields, matching })
    }

    fn finds(&self, person: &Value) -> bool {
        let texts = self.fields.iter().flat_map(|field| match *field {
            "name" => person["name"].as_str().into_iter().collect(),
            "email" => details(person, "emails"),
            "phone" => details(person, "phones"),
            _ => Vec::new(),
        });
        texts.map(str::to_lowercase).any(|text| match self.matching {
            Match::Whole => text == self.term,
            Match::Part => text.contains(&self.term),
        })
    }
}

/// A person as the search shows it: addresses and numbers are plain texts.
fn search_item(person: &Value) -> Value {
    json!({
        "id": person["id"], "type": "person", "name": person["name"], "emails": details(person, "emails"),
        "phones": details(person, "phones"),
    })
}

fn details<'a>(person: &'a Value, member: &str) -> Vec<&'a str> {
    let items = person.get(member).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(|item| item["value"].as_str()).collect()
}
