//! The contact of a lead.

use hookwright_sdk::{Draft, Lead, Request, Stop, log, phone, text};
use serde_json::{Value, json};

use crate::api::{Api, List, Record, present};

pub(crate) const NAME_MAX_CHARS: usize = 250;

/// The contact as a lead embeds it.
pub(crate) struct Contact {
    /// A known one by its id, or else what is known of it; none if that is nothing.
    pub(crate) embedded: Option<Value>,
    /// What amoCRM did not take for a contact who was known, with labels for people.
    pub(crate) not_added: Vec<(&'static str, String)>,
}

/// Looks for the contact, if the settings ask for that, and describes it if it is not found.
pub(crate) fn find_or_describe(api: &Api<'_>, draft: &Draft) -> Result<Contact, Stop> {
    if api.settings.find_contact {
        for code in [Code::Phone, Code::Email] {
            if let Some(value) = code.of(&draft.lead)
                && let Some(contact) = code.find(api, value)?
                && let Some(id) = contact.get("id").and_then(|id| id.as_u64())
            {
                let not_added = add_details(api, &draft.lead, &contact, id)?;
                return Ok(Contact { embedded: Some(json!({ "id": id })), not_added });
            }
        }
    }
    Ok(Contact { embedded: describe(api, &draft.lead), not_added: Vec::new() })
}

/// A field that contacts are found by, and have several values of.
#[derive(Clone, Copy, PartialEq)]
enum Code {
    Phone,
    Email,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::Phone => "PHONE",
            Self::Email => "EMAIL",
        }
    }

    fn of(self, lead: &Lead) -> Option<&str> {
        match self {
            Self::Phone => lead.phone.as_deref(),
            Self::Email => lead.email.as_deref(),
        }
    }

    /// The contact that has exactly this number or address. The search finds parts of words, too; of a number that can be
    /// read, it looks for the digits that every spelling has.
    fn find<'a>(self, api: &Api<'a>, value: &str) -> Result<Option<Record<'a>>, Stop> {
        let number = phone::Phone::parse(value, api.settings.home()).filter(|_| self == Self::Phone);
        let term = number.as_ref().map_or(value, phone::Phone::national);
        let step = if self == Self::Phone { "find-contact-by-phone" } else { "find-contact-by-email" };
        api.find(&search(step, &[("query", term)]), |contact| self.is_had_by(api, contact, value))
    }

    fn is_had_by(self, api: &Api<'_>, contact: &Record<'_>, value: &str) -> bool {
        let is_same = |known: &Value| match (self, known["value"].as_str()) {
            (_, None) => false,
            (Self::Phone, Some(known)) => phone::is_same(known, value, api.settings.home()),
            (Self::Email, Some(known)) => known.to_lowercase() == value.to_lowercase(),
        };
        self.values(contact).iter().any(is_same)
    }

    /// The contact's values of this field.
    fn values(self, contact: &Record<'_>) -> Vec<Value> {
        let fields = contact.get("custom_fields_values").unwrap_or_default();
        let fields =
            fields.as_array().into_iter().flatten().filter(|field| field["field_code"] == self.name());
        fields.flat_map(|field| field["values"].as_array().cloned().unwrap_or_default()).collect()
    }
}

/// The search, the contact that has been there longest first: a duplicate made elsewhere does not catch the leads.
fn search<'a>(step: &'a str, filter: &'a [(&'a str, &'a str)]) -> List<'a> {
    List { step, path: "/api/v4/contacts", filter, order: ("id", "asc"), kind: "contacts", id: "/id" }
}

/// Adds the number or the address that is new of the contact. What amoCRM does not take is returned; the lead arrives all
/// the same.
fn add_details(
    api: &Api<'_>,
    lead: &Lead,
    contact: &Record<'_>,
    id: u64,
) -> Result<Vec<(&'static str, String)>, Stop> {
    let new: Vec<(Code, &str)> = [Code::Phone, Code::Email]
        .into_iter()
        .filter_map(|code| Some((code, code.of(lead)?)))
        .filter(|(code, value)| !code.is_had_by(api, contact, value))
        .collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    // All values of a field are replaced.
    let field = |(code, value): &(Code, &str)| {
        let known = code.values(contact);
        let known = known.iter().map(|known| {
            Value::from(present([
                ("value", known.get("value").cloned()),
                ("enum_code", known.get("enum_code").filter(|code| !code.is_null()).cloned()),
            ]))
        });
        let values: Vec<Value> = known.chain([json!({ "value": value, "enum_code": "WORK" })]).collect();
        json!({ "field_code": code.name(), "values": values })
    };
    let change = json!({ "custom_fields_values": new.iter().map(field).collect::<Vec<_>>() });
    let update =
        Request::patch("update-contact").path(format!("/api/v4/contacts/{id}")).json(&change).idempotent();
    if api.is_taken(update)? {
        return Ok(Vec::new());
    }
    log::warn("amoCRM did not take what is new of the contact. It is kept in the note.");
    let label = |code| if code == Code::Phone { "New phone" } else { "New e-mail" };
    Ok(new.into_iter().map(|(code, value)| (label(code), value.to_owned())).collect())
}

fn describe(api: &Api<'_>, lead: &Lead) -> Option<Value> {
    let short = |name: &str| Value::from(text::truncate(name, NAME_MAX_CHARS));
    let (first, last) = lead.name.as_deref().map(text::split_name).unzip();
    let stand_in = if lead.name.is_none() { lead.phone.as_deref().or(lead.email.as_deref()) } else { None };
    first.or(stand_in)?;
    let field = |code: Code| {
        let value = code.of(lead)?;
        Some(json!({ "field_code": code.name(), "values": [{ "value": value, "enum_code": "WORK" }] }))
    };
    let fields: Vec<Value> = [Code::Phone, Code::Email].into_iter().filter_map(field).collect();
    let members = present([
        ("name", stand_in.map(short)),
        ("first_name", first.map(short)),
        ("last_name", last.flatten().map(short)),
        ("responsible_user_id", api.settings.responsible_user_id.map(Value::from)),
        ("custom_fields_values", (!fields.is_empty()).then(|| fields.into())),
    ]);
    Some(members.into())
}
