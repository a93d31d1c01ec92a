//! Salesforce's query language, as far as finding a lead's id goes:
//! `SELECT Id FROM Lead WHERE … AND … ORDER BY CreatedDate DESC LIMIT 1`.

use hookwright_model::Timestamp;
use serde_json::{Value, json};

use super::Fields;
use super::account::{Account, shown};
use super::field::{Form, form};
use super::refusal::Refusal;
use crate::exchange::Answer;

const HEAD: &str = "SELECT Id FROM Lead WHERE ";
const TAIL: &str = " ORDER BY CreatedDate DESC LIMIT 1";

/// What a lead must meet.
enum Condition {
    /// The text of a field, not minding case; none for a field without one.
    Is(String, Option<String>),
    CreatedSince(Timestamp),
}

pub(super) fn query(account: &Account, soql: &str) -> Result<Answer, Refusal> {
    let conditions = soql
        .strip_prefix(HEAD)
        .and_then(|rest| rest.strip_suffix(TAIL))
        .ok_or_else(|| malformed(&format!("expected `{HEAD}… AND …{TAIL}`")))
        .and_then(conditions)?;
    let is_found = |lead: &&Fields| conditions.iter().all(|condition| condition.is_met_by(lead));
    let found: Vec<Value> = account.leads.iter().rev().filter(is_found).take(1).map(shown).collect();
    Ok(Answer::json(200, &json!({ "totalSize": found.len(), "done": true, "records": found })))
}

fn malformed(words: &str) -> Refusal {
    Refusal::new(400, "MALFORMED_QUERY", words)
}

fn conditions(mut text: &str) -> Result<Vec<Condition>, Refusal> {
    let mut conditions = Vec::new();
    loop {
        let (condition, rest) = condition(text)?;
        conditions.push(condition);
        match rest.strip_prefix(" AND ") {
            Some(more) => text = more,
            None if rest.is_empty() => return Ok(conditions),
            None => return Err(malformed(&format!("unexpected token: {rest}"))),
        }
    }
}

/// The first condition, and what follows it.
fn condition(text: &str) -> Result<(Condition, &str), Refusal> {
    if let Some(rest) = text.strip_prefix("CreatedDate >= ") {
        let (time, rest) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
        let time = time.parse().map_err(|_| malformed(&format!("no time: {time}")))?;
        return Ok((Condition::CreatedSince(time), rest));
    }
    let (name, rest) = text.split_once(" = ").ok_or_else(|| malformed(&format!("no condition: {text}")))?;
    match form(name) {
        None => {
            let words = format!("No such column '{name}' on entity 'Lead'");
            return Err(Refusal::new(400, "INVALID_FIELD", &words));
        }
        Some(Form::LongText(_)) => {
            let words = format!("field '{name}' can not be filtered in a query call");
            return Err(Refusal::new(400, "INVALID_FIELD", &words));
        }
        Some(_) => {}
    }
    let (value, rest) = match rest.strip_prefix("null") {
        Some(rest) => (None, rest),
        None => literal(rest).map(|(text, rest)| (Some(text), rest))?,
    };
    Ok((Condition::Is(name.to_owned(), value), rest))
}

/// The text in quotes at the start, and what follows it.
fn literal(text: &str) -> Result<(String, &str), Refusal> {
    let unclosed = || malformed(&format!("expected a text in quotes: {text}"));
    let inside = text.strip_prefix('\'').ok_or_else(unclosed)?;
    let (mut value, mut chars) = (String::new(), inside.char_indices());
    while let Some((index, c)) = chars.next() {
        match c {
            '\'' => return Ok((value, &inside[index + 1..])),
            '\\' => match chars.next() {
                Some((_, escaped @ ('\'' | '\\' | '"'))) => value.push(escaped),
                _ => return Err(malformed("Illegal escape sequence in string literal")),
            },
            c => value.push(c),
        }
    }
    Err(unclosed())
}

impl Condition {
    fn is_met_by(&self, lead: &Fields) -> bool {
        let text = |name: &str| lead.get(name).and_then(Value::as_str);
        match self {
            Self::Is(name, None) => text(name).is_none(),
            Self::Is(name, Some(value)) => {
                text(name).is_some_and(|known| known.to_lowercase() == value.to_lowercase())
            }
            Self::CreatedSince(time) => {
                let created = text("CreatedDate").and_then(|time| time.parse::<Timestamp>().ok());
                created.is_some_and(|created| created.as_millis() >= time.as_millis())
            }
        }
    }
}
