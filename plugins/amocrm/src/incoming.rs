//! The lead as an incoming one («unsorted»), which a manager accepts or declines.

use hookwright_sdk::{Draft, Request, Stop, Written, text};
use serde_json::{Value, json};

use crate::api::{Api, List, Made, Record, present};
use crate::lead::{name, tags};

/// Tells what comes from here from the account's other sources.
const SOURCE_UID: &str = "hookwright";
/// amoCRM documents no limit; its texts have 255 characters.
const PAGE_MAX_UNITS: usize = 255;

/// Creates the incoming lead: the id of the lead in it, or the fields that amoCRM refuses.
pub(crate) fn create<'a>(
    api: &Api<'a>,
    draft: &Draft,
    contact: Option<Value>,
) -> Result<Written<'a, String>, Stop> {
    let lead = &draft.lead;
    // What a form's page is to its visitors, the conversation is to this lead; it also tells the lead from others.
    let page = text::key(lead.conversation_id.as_deref().unwrap_or(&api.event.id), PAGE_MAX_UNITS);
    let parts = tags(api, lead).map(|tags| json!({ "tags": tags }));
    let described = present([
        ("name", Some(name(lead))),
        ("responsible_user_id", api.settings.responsible_user_id.map(Value::from)),
        ("_embedded", parts),
    ]);
    let item = present([
        ("source_uid", Some(SOURCE_UID.into())),
        ("source_name", Some(api.settings.source_name().into())),
        ("pipeline_id", api.settings.pipeline_id.map(Value::from)),
        ("created_at", Some(api.at.into())),
        ("request_id", Some(api.event.id.as_str().into())),
        (
            "metadata",
            Some(json!({
                "form_id": api.event.project_id, "form_name": api.settings.source_name(), "form_page": page,
                "form_sent_at": api.at,
            })),
        ),
        (
            "_embedded",
            Some(
                present([
                    ("leads", Some(json!([described]))),
                    ("contacts", contact.map(|contact| json!([contact]))),
                ])
                .into(),
            ),
        ),
    ]);
    let create = Request::post(&draft.step("create-incoming-lead"))
        .path("/api/v4/leads/unsorted/forms")
        .json(&json!([item]))
        .accept(&[400]);
    let list = List {
        step: "find-incoming-lead",
        path: "/api/v4/leads/unsorted",
        filter: &[("filter%5Bcategory%5D%5B%5D", "forms")],
        order: ("created_at", "desc"),
        kind: "unsorted",
        id: "/_embedded/leads/0/id",
    };
    let is_it = |record: &Record<'_>| record.get("metadata/form_page").is_some_and(|known| known == *page);
    let id = "/_embedded/unsorted/0/_embedded/leads/0/id";
    let Made(made) = api.create(create, &list, is_it, |reply| Made::of(reply, draft, id))?;
    Ok(made)
}
