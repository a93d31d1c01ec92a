//! The lead, with its contact in the same call.

use hookwright_sdk::{Draft, Lead, Request, Stop, Written, log, text};
use serde_json::{Value, json};

use crate::api::{Api, List, Made, Record, present};
use crate::contact::NAME_MAX_CHARS;

/// The name of the lead.
pub(crate) fn name(lead: &Lead) -> Value {
    text::truncate(&lead.title(), NAME_MAX_CHARS).into()
}

/// The tags of the lead; none rather than an empty list.
pub(crate) fn tags(api: &Api<'_>, lead: &Lead) -> Option<Value> {
    let tags: Vec<Value> = api.settings.tags(lead).map(|tag| json!({ "name": tag })).collect();
    (!tags.is_empty()).then(|| tags.into())
}

/// Creates the lead in its pipeline: its id, or the fields that amoCRM refuses.
pub(crate) fn create<'a>(
    api: &Api<'a>,
    draft: &Draft,
    contact: Option<Value>,
) -> Result<Written<'a, String>, Stop> {
    let lead = &draft.lead;
    let name = name(lead);
    let embedded =
        present([("contacts", contact.map(|contact| json!([contact]))), ("tags", tags(api, lead))]);
    let item = present([
        ("name", Some(name.clone())),
        ("pipeline_id", api.settings.pipeline_id.map(Value::from)),
        ("status_id", api.settings.status_id.map(Value::from)),
        ("responsible_user_id", api.settings.responsible_user_id.map(Value::from)),
        ("created_at", Some(api.at.into())),
        ("request_id", Some(api.event.id.as_str().into())),
        ("_embedded", (!embedded.is_empty()).then(|| embedded.into())),
    ]);
    let step = draft.step("create-lead");
    let create = Request::post(&step).path("/api/v4/leads/complex").json(&json!([item])).accept(&[400]);
    let at = api.at.to_string();
    let list = List {
        step: "find-lead",
        path: "/api/v4/leads",
        // Accounts that cannot filter show the newest leads.
        filter: &[("filter%5Bcreated_at%5D%5Bfrom%5D", &at), ("filter%5Bcreated_at%5D%5Bto%5D", &at)],
        order: ("id", "desc"),
        kind: "leads",
        id: "/id",
    };
    // The time of the lead is what this mapping gave it, to the second.
    let is_it = |record: &Record<'_>| {
        record.get("created_at") == Some(api.at.into()) && record.get("name").as_ref() == Some(&name)
    };
    let Made(made) = api.create(create, &list, is_it, |reply| Made::of(reply, draft, "/0/id"))?;
    if let Written::Done(id) = &made
        && let Some(reply) = api.reply(&step)
        && reply.find("/0/merged")? == Some(true.into())
    {
        log::info(&format!("amoCRM's duplicate control has merged this into the lead {id}."));
    }
    Ok(made)
}
