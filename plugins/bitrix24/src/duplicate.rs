//! Who has the same phone number or address already, if the settings ask for that.

use hookwright_sdk::phone::Phone;
use hookwright_sdk::{Lead, Reply, Stop};
use serde_json::{Value, json};

use crate::api::{Api, method};
use crate::settings::Duplicates;

/// What is known of the same person, by its id.
pub(crate) enum Known {
    /// The newest lead.
    Lead(u64),
    /// The oldest contact.
    Contact(u64),
}

/// Looks by phone number, then by address.
pub(crate) fn find(api: &Api<'_>, lead: &Lead) -> Result<Option<Known>, Stop> {
    let wanted: &[&str] = match api.settings.duplicates {
        Duplicates::Create => return Ok(None),
        Duplicates::Link => &["CONTACT"],
        Duplicates::Comment => &["LEAD", "CONTACT"],
    };
    for (kind, step, value) in
        [("PHONE", "find-by-phone", &lead.phone), ("EMAIL", "find-by-email", &lead.email)]
    {
        let Some(value) = value else { continue };
        // Bitrix24 compares digits: it finds a number that is stored in another spelling only if that is asked for.
        let mut values = vec![value.clone()];
        if kind == "PHONE"
            && let Some(number) = Phone::parse(value, api.settings.home())
        {
            values.extend(number.spellings().into_iter().filter(|spelling| spelling != value));
        }
        let mut parameters = json!({ "type": kind, "values": values });
        if let [only] = wanted {
            parameters["entity_type"] = (*only).into();
        }
        let reply = api.calls.call(method(step, "crm.duplicate.findbycomm", &parameters).idempotent())?;
        if let Some(known) = known(reply)? {
            return Ok(Some(known));
        }
    }
    Ok(None)
}

/// What the reply names; its result is an empty list rather than an object when that is nothing.
fn known(reply: &Reply) -> Result<Option<Known>, Stop> {
    let result = reply.find("/result")?.unwrap_or_default();
    let ids = |kind: &str| {
        result.get(kind).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64)
    };
    let lead = ids("LEAD").max().map(Known::Lead);
    Ok(lead.or_else(|| ids("CONTACT").min().map(Known::Contact)))
}
