//! Lists: newest first or as they were created, and 204 when there is nothing.

use serde_json::{Value, json};

use super::account::Account;
use super::refusal::{Refusal, success};
use crate::exchange::Answer;
use crate::query::Query;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 250;

pub(super) fn leads(account: &Account, query: &Query) -> Result<Answer, Refusal> {
    let (from, to) = ("filter[created_at][from]", "filter[created_at][to]");
    check(query, &[from, to, "order[id]", "limit"])?;
    let (from, to) = (number(query, from)?, number(query, to)?);
    let is_wanted = |lead: &&Value| {
        let at = lead["created_at"].as_u64().unwrap_or_default();
        from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to)
    };
    list("leads", account.leads.iter().filter(is_wanted), query, "order[id]")
}

pub(super) fn incoming(account: &Account, query: &Query) -> Result<Answer, Refusal> {
    check(query, &["filter[category][]", "order[created_at]", "limit"])?;
    if query.get("filter[category][]").is_some_and(|category| category != "forms") {
        return Err(Refusal::query("filter[category][]: expected forms"));
    }
    list("unsorted", account.incoming.iter(), query, "order[created_at]")
}

pub(super) fn notes(account: &Account, lead: &str, query: &Query) -> Result<Answer, Refusal> {
    check(query, &["order[id]", "limit"])?;
    let lead = account.lead_id(lead).ok_or_else(Refusal::not_found)?;
    list("notes", account.notes.iter().filter(|note| note["entity_id"] == lead), query, "order[id]")
}

/// Contacts that have the text in their name or in a field.
pub(super) fn contacts(account: &Account, query: &Query) -> Result<Answer, Refusal> {
    check(query, &["query", "order[id]", "limit"])?;
    let term = query.get("query").filter(|term| !term.is_empty());
    let term = term.ok_or_else(|| Refusal::query("query: expected a text"))?.to_lowercase();
    let is_found = |contact: &&Value| {
        let fields = contact["custom_fields_values"].as_array().into_iter().flatten();
        let values = fields.flat_map(|field| field["values"].as_array().into_iter().flatten());
        let mut texts =
            values.map(|value| &value["value"]).chain([&contact["name"]]).filter_map(Value::as_str);
        texts.any(|text| text.to_lowercase().contains(&term))
    };
    list("contacts", account.contacts.iter().filter(is_found), query, "order[id]")
}

fn check(query: &Query, known: &[&str]) -> Result<(), Refusal> {
    query.check(known).map_err(|problem| Refusal::query(&problem))
}

fn number(query: &Query, name: &str) -> Result<Option<u64>, Refusal> {
    let parse = |text: &str| text.parse().map_err(|_| Refusal::query(&format!("{name}: expected a number")));
    query.get(name).map(parse).transpose()
}

fn list<'a>(
    kind: &str,
    records: impl DoubleEndedIterator<Item = &'a Value>,
    query: &Query,
    order: &str,
) -> Result<Answer, Refusal> {
    let limit = match number(query, "limit")?.map(usize::try_from) {
        None => DEFAULT_LIMIT,
        Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => limit,
        Some(_) => return Err(Refusal::query(&format!("limit: expected 1 to {MAX_LIMIT}"))),
    };
    let records: Vec<&Value> = match query.get(order) {
        None | Some("asc") => records.take(limit).collect(),
        Some("desc") => records.rev().take(limit).collect(),
        Some(_) => return Err(Refusal::query(&format!("{order}: expected asc or desc"))),
    };
    if records.is_empty() {
        return Ok(Answer::status(204));
    }
    Ok(success(&json!({ "_page": 1, "_embedded": { kind: records } })))
}
