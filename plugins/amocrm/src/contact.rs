//! The contact of a lead.

use hookwright_sdk::{Lead, Stop, text};
use serde_json::{Value, json};

use crate::api::{Api, List, Record, present};

pub(crate) const NAME_MAX_CHARS: usize = 250;
/// Fewer digits are an extension or a typing error, and would be found in many numbers.
const MIN_DIGITS: usize = 7;

/// The contact as a lead embeds it: a known one by its id, if the settings ask for a search, or else what is known of it;
/// none if that is nothing.
pub(crate) fn find_or_describe(api: &Api<'_>, lead: &Lead) -> Result<Option<Value>, Stop> {
    if api.settings.find_contact {
        for (code, step, term) in
            [("PHONE", "find-contact-by-phone", &lead.phone), ("EMAIL", "find-contact-by-email", &lead.email)]
        {
            if let Some(term) = term
                && let Some(contact) =
                    api.find(&search(step, &[("query", term)]), |contact| has(contact, code, term))?
                && let Some(id) = contact.get("id")
            {
                return Ok(Some(json!({ "id": id })));
            }
        }
    }
    Ok(describe(api, lead))
}

/// The search, the contact that has been there longest first: a duplicate made elsewhere does not catch the leads.
fn search<'a>(step: &'a str, filter: &'a [(&'a str, &'a str)]) -> List<'a> {
    List { step, path: "/api/v4/contacts", filter, order: ("id", "asc"), kind: "contacts", id: "/id" }
}

/// Whether the contact has exactly this phone number or address: the search finds parts of words, too.
fn has(contact: &Record<'_>, code: &str, term: &str) -> bool {
    let fields = contact.get("custom_fields_values").unwrap_or_default();
    let fields = fields.as_array().into_iter().flatten().filter(|field| field["field_code"] == code);
    let mut values = fields.flat_map(|field| field["values"].as_array().into_iter().flatten());
    values.any(|value| value["value"].as_str().is_some_and(|value| is_same(code, value, term)))
}

fn is_same(code: &str, one: &str, other: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    match code {
        "PHONE" => digits(one).len() >= MIN_DIGITS && digits(one) == digits(other),
        _ => one.to_lowercase() == other.to_lowercase(),
    }
}

fn describe(api: &Api<'_>, lead: &Lead) -> Option<Value> {
    let short = |name: &str| Value::from(text::truncate(name, NAME_MAX_CHARS));
    let (first, last) = lead.name.as_deref().map(text::split_name).unzip();
    let stand_in = if lead.name.is_none() { lead.phone.as_deref().or(lead.email.as_deref()) } else { None };
    first.or(stand_in)?;
    let field = |code: &str, value: &Option<String>| {
        let value = value.as_deref()?;
        Some(json!({ "field_code": code, "values": [{ "value": value, "enum_code": "WORK" }] }))
    };
    let fields: Vec<Value> =
        [field("PHONE", &lead.phone), field("EMAIL", &lead.email)].into_iter().flatten().collect();
    let members = present([
        ("name", stand_in.map(short)),
        ("first_name", first.map(short)),
        ("last_name", last.flatten().map(short)),
        ("responsible_user_id", api.settings.responsible_user_id.map(Value::from)),
        ("custom_fields_values", (!fields.is_empty()).then(|| fields.into())),
    ]);
    Some(members.into())
}
