//! What PostgREST's errors mean. Its codes say more than their statuses do.

use hookwright_sdk::{Failure, Reply, named_columns};
use serde_json::Value;

/// A value or a column; no right; a constraint; a failure in the database.
pub(crate) const WITH_CODES: [u16; 4] = [400, 403, 409, 500];

/// What PostgreSQL says of a value: of a text that is too long, of a number or a time out of range, of a text that is none
/// of its type, and of a value that a check does not take.
const OF_VALUES: [&str; 6] = ["22001", "22003", "22007", "22008", "22P02", "23514"];

/// How long to wait for a right that only a person can give.
const RIGHT_SECS: u32 = 1_800;

/// Those of the columns whose values the database refuses. PostgreSQL quotes the value, names the column within the name
/// of a check, or says how long a text may be.
pub(crate) fn refused_columns(reply: &Reply, columns: &[(&str, &Value)]) -> Vec<String> {
    let member =
        |name: &str| reply.find(name).ok().flatten().and_then(|value| value.as_str().map(str::to_owned));
    let code = member("/code").unwrap_or_default();
    if reply.status != 400 || !OF_VALUES.contains(&code.as_str()) {
        return Vec::new();
    }
    let words = member("/message").unwrap_or_default();
    let longest = words.split_once("character varying(").or_else(|| words.split_once("character("));
    let longest = longest.and_then(|(_, rest)| rest.split(')').next()?.parse::<usize>().ok());
    let is_named = |(name, value): &&(&str, &Value)| {
        let is_too_long =
            longest.is_some_and(|longest| value.as_str().is_some_and(|text| text.chars().count() > longest));
        let is_checked = code == "23514" && words.contains(&format!("_{name}_"));
        is_too_long || is_checked || !named_columns(&words, [(*name, *value)]).is_empty()
    };
    columns.iter().filter(is_named).map(|(name, _)| (*name).to_owned()).collect()
}

/// Checks that the row is stored, `key` being the column that tells one row from another.
pub(crate) fn check(reply: &Reply, key: &str) -> Result<(), Failure> {
    reply.check_not_web_page()?;
    if !WITH_CODES.contains(&reply.status) {
        return Ok(());
    }
    let member = |pointer| reply.find(pointer).ok().flatten();
    let code = member("/code");
    let code = code.as_ref().and_then(Value::as_str).unwrap_or_default();
    let words = reply.quote();
    match (reply.status, code) {
        (409, "23505") if is_of_key(member("/details").as_ref(), member("/message").as_ref(), key) => Ok(()),
        (409, "23505") => Err(Failure::permanent(format!(
            "Another row has the same value in a unique column that is not the key column {key}: {words}"
        ))),
        (409, _) => Err(Failure::permanent(format!("A constraint of the table refuses the row: {words}"))),
        // Of this row, and not of the others: the webhook must not wait for it.
        (403, "42501") if words.contains("row-level security") => Err(Failure::permanent(format!(
            "A policy of the table does not allow this row. Change the policy, or the columns in the settings: {words}"
        ))),
        (403, code) => {
            let why = match code {
                "42501" => {
                    "The database role of these credentials may not write this row. Grant it the right, or add a policy"
                }
                _ => "The server refuses the request",
            };
            Err(Failure::retry(format!("{why}: {words}"), reply.retry_after().or(Some(RIGHT_SECS))))
        }
        (400, _) => Err(Failure::permanent(format!("The table does not take the row: {words}"))),
        // An exception of a function or trigger, an internal error, a limit of the database: the same again next time.
        (_, code) if ["P0", "XX", "54"].iter().any(|class| code.starts_with(class)) => {
            Err(Failure::permanent(format!("The database fails on this row: {words}")))
        }
        _ => Err(Failure::retry(format!("The database failed: {words}"), reply.retry_after())),
    }
}

/// Whether a unique violation is that of the key column, so that the row is there already. PostgreSQL hides the details
/// from roles that may not read the table; its names of constraints then still tell.
fn is_of_key(details: Option<&Value>, message: Option<&Value>, key: &str) -> bool {
    match details.and_then(Value::as_str) {
        // A name that is not plain is shown in quotes.
        Some(details) => [format!("Key ({key})="), format!("Key (\"{key}\")=")]
            .iter()
            .any(|start| details.starts_with(start)),
        None => message
            .and_then(Value::as_str)
            .is_some_and(|message| message.contains(&format!("_{key}_key\"")) || message.contains("_pkey\"")),
    }
}
