//! What PostgREST's errors mean. Its codes say more than their statuses do.

use hookwright_sdk::{Failure, Reply};
use serde_json::Value;

/// No right; a constraint; a failure in the database.
pub(crate) const WITH_CODES: [u16; 3] = [403, 409, 500];

/// How long to wait for a gateway that refuses the request: somebody has to open it.
const GATEWAY_SECS: u32 = 1_800;

/// Checks that the row is stored, `key` being the column that tells one row from another.
pub(crate) fn check(reply: &Reply, key: &str) -> Result<(), Failure> {
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
            "another row has the same value in a column that is unique, but not the key column {key}: {words}"
        ))),
        (409, _) => Err(Failure::permanent(format!("a constraint of the table refuses the row: {words}"))),
        (403, "42501") => Err(Failure::permanent(format!(
            "the database role of these credentials may not write this row; grant it the right, or add a policy: {words}"
        ))),
        (403, _) => {
            let reason = format!("the server refuses the request: {words}");
            Err(Failure::retry(reason, reply.retry_after().or(Some(GATEWAY_SECS))))
        }
        // An exception of a function or trigger, an internal error, a limit of the database: the same again next time.
        (_, code) if ["P0", "XX", "54"].iter().any(|class| code.starts_with(class)) => {
            Err(Failure::permanent(format!("the database fails on this row: {words}")))
        }
        _ => Err(Failure::retry(format!("the database failed: {words}"), reply.retry_after())),
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
