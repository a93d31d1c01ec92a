//! The variables of expressions.

use hookwright_sdk::{Event, Failure, Lead, Reply};
use minijinja::value::Value;
use serde_json::{Map, Value as Json, json};

use crate::value::of_json;

/// The variables that are there before the reply.
pub(crate) const VARIABLES: [&str; 4] = ["lead", "event", "payload", "title"];
/// The members of `lead` that the contract names.
pub(crate) const LEAD: [&str; 6] = ["name", "phone", "email", "message", "channel", "conversation_id"];
/// The members of `event`.
pub(crate) const EVENT: [&str; 3] = ["created_at", "id", "project_id"];
/// The members of `reply`.
pub(crate) const REPLY: [&str; 3] = ["body", "headers", "status"];

/// The variables for the request.
///
/// # Errors
/// As [`Event::payload`].
pub(crate) fn of(event: &Event, lead: &Lead) -> Result<Value, Failure> {
    let payload = event.payload()?;
    Ok(variables([
        ("lead", json!(members(&payload, lead))),
        ("title", lead.title().into()),
        ("event", json!({ "id": event.id, "project_id": event.project_id, "created_at": event.created_at })),
        ("payload", payload),
    ]))
}

/// The same with the variable `reply`, whose body is text if it is not JSON.
pub(crate) fn with_reply(scope: &Value, reply: &Reply) -> Value {
    let body: Json = serde_json::from_str(&reply.body).unwrap_or_else(|_| reply.body.as_str().into());
    let headers: Map<String, Json> =
        reply.headers.iter().map(|header| (header.name.clone(), header.value.as_str().into())).collect();
    let reply = variables([("reply", json!({ "status": reply.status, "headers": headers, "body": body }))]);
    minijinja::context! { ..reply, ..scope.clone() }
}

fn variables<const N: usize>(variables: [(&str, Json); N]) -> Value {
    Value::from_pairs(variables.map(|(name, value)| (name, of_json(&value))))
}

/// The lead's members as received, with those of the contract as they were cleaned.
fn members(payload: &Json, lead: &Lead) -> Map<String, Json> {
    let mut members = payload.get("lead").and_then(Json::as_object).cloned().unwrap_or_default();
    let values = [&lead.name, &lead.phone, &lead.email, &lead.message, &lead.channel, &lead.conversation_id];
    for (name, value) in LEAD.into_iter().zip(values) {
        members.remove(name);
        if let Some(value) = value {
            members.insert(name.to_owned(), value.as_str().into());
        }
    }
    members
}
