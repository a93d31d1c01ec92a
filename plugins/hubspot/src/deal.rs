//! The deal of a lead.

use hookwright_sdk::{Event, Lead, Request, Stop, text, time};
use serde_json::json;

use crate::api::Api;

/// HubSpot's own association type from a deal to a contact.
const DEAL_TO_CONTACT: u32 = 3;
const NAME_MAX_CHARS: usize = 250;
/// How far the producer's clock may be ahead of HubSpot's.
const CLOCK_SKEW_MILLIS: i64 = 60_000;

/// Creates the deal on the contact.
pub(crate) fn create(api: &Api<'_>, event: &Event, lead: &Lead, contact: &str) -> Result<(), Stop> {
    let name = format!("Lead: {}", lead.title());
    let name = text::truncate(&name, NAME_MAX_CHARS);
    let mut properties = json!({ "dealname": name, "dealstage": api.settings.deal_stage() });
    if let Some(pipeline) = api.settings.deal_pipeline() {
        properties["pipeline"] = pipeline.into();
    }
    let body = json!({
        "properties": properties,
        "associations": [{
            "to": { "id": contact },
            "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": DEAL_TO_CONTACT }],
        }],
    });
    let since = time::unix_millis(&event.created_at)? - CLOCK_SKEW_MILLIS;
    // An earlier lead of the same person has a deal of the same name, but an older one.
    let search = || {
        let wanted = [
            ("associations.contact", "EQ", contact),
            ("dealname", "EQ", &name),
            ("createdate", "GTE", &since.to_string()),
        ];
        api.search("find-deal", "deals", &wanted)
    };
    api.create(Request::post("create-deal").path(api.path("deals")).json(&body), search)?;
    Ok(())
}
