//! The person of a lead.

use hookwright_sdk::{Failure, Lead, Reply, Request, Stop, log, text};
use serde_json::{Map, Value, json};

use crate::api::Api;

const NAME_MAX_CHARS: usize = 250;

/// The id of the lead's person.
pub(crate) fn find_or_create(api: &Api<'_>, lead: &Lead) -> Result<u64, Stop> {
    let keys =
        [("email", "find-person-by-email", &lead.email), ("phone", "find-person-by-phone", &lead.phone)];
    for (field, step, term) in keys {
        if let Some(term) = term
            && let Some(person) = oldest(api.calls.call(search(step, field, term))?)?
        {
            return Ok(person);
        }
    }
    create(api, lead)
}

fn create(api: &Api<'_>, lead: &Lead) -> Result<u64, Stop> {
    let request = Request::post("create-person").path("/v2/persons").json(&person(api, lead));
    let read_created = |reply: &Reply| reply.number("/data/id");
    let key = lead.email.as_deref().map(|email| ("email", email));
    let Some((field, term)) = key.or_else(|| lead.phone.as_deref().map(|phone| ("phone", phone))) else {
        // Only a name, or not even that: a second person does less harm than writing to a namesake's.
        if api.calls.so_far.uncertain.as_deref() == Some("create-person") {
            log::warn("the person may exist already; it has nothing to be found by, so it is created again");
        }
        return Ok(read_created(api.calls.call(request)?)?);
    };
    api.calls.create_once(request, || search("find-created-person", field, term), oldest, read_created)
}

fn search(step: &str, field: &str, term: &str) -> Request {
    Request::get(step)
        .path("/v2/persons/search")
        .query("term", term)
        .query("fields", field)
        .query("exact_match", "true")
}

/// The person that has been there longest, so that a duplicate made elsewhere does not catch the leads.
fn oldest(reply: &Reply) -> Result<Option<u64>, Failure> {
    let items = reply.find("/data/items")?;
    let items = items.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    Ok(items.iter().filter_map(|item| item.pointer("/item/id")?.as_u64()).min())
}

/// The person's members. What is not known is left out; an empty item would be refused.
fn person(api: &Api<'_>, lead: &Lead) -> Map<String, Value> {
    let name = lead.display_name();
    let contact = |value: &Option<String>, label: &str| {
        value.as_ref().map(|value| json!([{ "value": value, "primary": true, "label": label }]))
    };
    let members = [
        ("name", Some(text::truncate(&name, NAME_MAX_CHARS).into())),
        ("emails", contact(&lead.email, "work")),
        ("phones", contact(&lead.phone, "mobile")),
        ("owner_id", api.settings.owner_id.map(Value::from)),
        ("visible_to", api.settings.visible_to().map(Value::from)),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
