//! The properties that a portal has from the start, and what their values may be.

use std::collections::BTreeSet;

use hookwright_model::Timestamp;

use super::record::{ObjectType, Properties};
use super::refusal::Refusal;
use crate::email::is_email;

/// Of a text, and of the body of a note.
const TEXT_MAX_UNITS: usize = 65_536;
const EMAIL_MAX_UNITS: usize = 254;

/// In the order in which a contact moves through them.
const LIFECYCLE_STAGES: &[&str] = &[
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
];
const LEAD_STATUSES: &[&str] = &[
    "NEW",
    "OPEN",
    "IN_PROGRESS",
    "OPEN_DEAL",
    "UNQUALIFIED",
    "ATTEMPTED_TO_CONTACT",
    "CONNECTED",
    "BAD_TIMING",
];
const PIPELINES: &[&str] = &["default"];
const DEAL_STAGES: &[&str] = &[
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
    "closedlost",
];

/// What a property's value may be.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    Text,
    Email,
    NoteBody,
    Number,
    /// Milliseconds since the Unix epoch, or RFC 3339.
    Time,
    Option(&'static [&'static str]),
}

/// What is wrong with a property.
pub(super) struct Problem {
    pub(super) property: String,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Problem {
    pub(super) fn unknown(name: &str) -> Self {
        let message = format!("Property \"{name}\" does not exist");
        Self { property: name.to_owned(), code: "PROPERTY_DOESNT_EXIST", message }
    }
}

/// The form of a property that can be written; `custom` are the account's own properties of contacts.
pub(super) fn form(kind: ObjectType, custom: &BTreeSet<String>, name: &str) -> Option<Form> {
    let form = match (kind, name) {
        (ObjectType::Contact, "email") => Form::Email,
        (
            ObjectType::Contact,
            "firstname" | "lastname" | "phone" | "mobilephone" | "company" | "jobtitle" | "website"
            | "message",
        )
        | (ObjectType::Deal, "dealname" | "description") => Form::Text,
        (ObjectType::Contact, "lifecyclestage") => Form::Option(LIFECYCLE_STAGES),
        (ObjectType::Contact, "hs_lead_status") => Form::Option(LEAD_STATUSES),
        (ObjectType::Deal, "dealstage") => Form::Option(DEAL_STAGES),
        (ObjectType::Deal, "pipeline") => Form::Option(PIPELINES),
        (ObjectType::Deal, "amount") | (_, "hubspot_owner_id") => Form::Number,
        (ObjectType::Deal, "closedate") | (ObjectType::Note, "hs_timestamp") => Form::Time,
        (ObjectType::Note, "hs_note_body") => Form::NoteBody,
        (ObjectType::Contact, name) if custom.contains(name) => Form::Text,
        _ => return None,
    };
    Some(form)
}

/// Refuses unknown properties and unfit values, all of them at once. An empty value is always fit: it erases.
pub(super) fn check(
    kind: ObjectType,
    custom: &BTreeSet<String>,
    properties: &Properties,
) -> Result<(), Refusal> {
    let problem = |(name, value): (&String, &String)| match form(kind, custom, name) {
        None => Some(Problem::unknown(name)),
        Some(_) if value.is_empty() => None,
        Some(form) => form.problem(name, value),
    };
    let problems: Vec<Problem> = properties.iter().filter_map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(Refusal::properties(&problems)) }
}

impl Form {
    fn problem(self, name: &str, value: &str) -> Option<Problem> {
        let (code, is_fit, message) = match self {
            Self::Email => {
                let is_fit = value.encode_utf16().count() <= EMAIL_MAX_UNITS && is_email(value);
                ("INVALID_EMAIL", is_fit, format!("Email address {value} is invalid"))
            }
            Self::Text | Self::NoteBody => {
                let is_fit = value.encode_utf16().count() <= TEXT_MAX_UNITS;
                ("INVALID_LENGTH", is_fit, format!("{name} is longer than {TEXT_MAX_UNITS} characters"))
            }
            Self::Number => (
                "INVALID_NUMBER",
                value.parse().is_ok_and(f64::is_finite),
                format!("{value} was not a valid number"),
            ),
            Self::Time => {
                ("INVALID_DATE", unix_millis(value).is_some(), format!("{value} was not a valid date"))
            }
            Self::Option(options) => {
                let message = format!("{value} was not one of the allowed options: {options:?}");
                ("INVALID_OPTION", options.contains(&value), message)
            }
        };
        (!is_fit).then(|| Problem { property: name.to_owned(), code, message })
    }
}

/// The milliseconds since the Unix epoch that a time of either form means.
pub(super) fn unix_millis(time: &str) -> Option<u64> {
    time.parse().ok().or_else(|| time.parse().map(Timestamp::as_millis).ok())
}

/// Whether a contact in stage `from` moves to `to`: lifecycle stages only go forward.
pub(super) fn is_forward(from: &str, to: &str) -> bool {
    let rank = |stage: &str| LIFECYCLE_STAGES.iter().position(|known| *known == stage);
    rank(to) > rank(from)
}
