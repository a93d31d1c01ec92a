//! The fields of a lead that can be written.

use serde_json::Value;

use super::Fields;
use super::refusal::Refusal;
use crate::email::is_email;
use crate::exchange::Request;

/// The external id that the organization's owner made.
pub(super) const EXTERNAL_ID: &str = "Conversation__c";
pub(super) const REQUIRED: [&str; 2] = ["LastName", "Company"];

/// The values that Salesforce sets up; the organization restricts its fields to them.
const LEAD_SOURCES: &[&str] = &["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"];
const STATUSES: &[&str] =
    &["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"];

/// What a field's value has to look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// At most so many UTF-16 units, the strictest way to count characters.
    Text(usize),
    /// A text that a query cannot filter by.
    LongText(usize),
    Email(usize),
    Picklist(&'static [&'static str]),
    UserId,
}

pub(super) fn form(name: &str) -> Option<Form> {
    Some(match name {
        "FirstName" | "Phone" => Form::Text(40),
        "LastName" => Form::Text(80),
        "Company" | "Channel__c" | EXTERNAL_ID => Form::Text(255),
        "Email" => Form::Email(80),
        "Description" => Form::LongText(32_000),
        "LeadSource" => Form::Picklist(LEAD_SOURCES),
        "Status" => Form::Picklist(STATUSES),
        "OwnerId" => Form::UserId,
        _ => return None,
    })
}

/// The fields of a body, if all of them can be written. Null and the empty text erase.
pub(super) fn of_body(request: &Request) -> Result<Fields, Refusal> {
    if !request.is_json() {
        return Err(Refusal::new(415, "UNSUPPORTED_MEDIA_TYPE", "the content type must be application/json"));
    }
    let fields: Fields = serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::new(400, "JSON_PARSER_ERROR", &error.to_string()))?;
    for (name, value) in &fields {
        let Some(form) = form(name) else {
            let words = format!("No such column '{name}' on sobject of type Lead");
            return Err(Refusal::new(400, "INVALID_FIELD", &words));
        };
        match value {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => form.check(name, text)?,
            other => {
                let words = format!("Cannot deserialize instance of string from value {other}");
                return Err(Refusal::new(400, "JSON_PARSER_ERROR", &words));
            }
        }
    }
    Ok(fields)
}

impl Form {
    fn check(self, name: &str, text: &str) -> Result<(), Refusal> {
        if let Self::Text(max) | Self::LongText(max) | Self::Email(max) = self
            && text.encode_utf16().count() > max
        {
            let start: String = text.chars().take(40).collect();
            let words = format!("{name}: data value too large: {start} (max length={max})");
            return Err(Refusal::fields("STRING_TOO_LONG", &words, &[name]));
        }
        match self {
            // Salesforce takes ASCII only.
            Self::Email(_) if !(text.is_ascii() && is_email(text)) => {
                let words = format!("{name}: invalid email address: {text}");
                Err(Refusal::fields("INVALID_EMAIL_ADDRESS", &words, &[name]))
            }
            Self::Picklist(values) if !values.contains(&text) => {
                let words = format!("{name}: bad value for restricted picklist field: {text}");
                Err(Refusal::fields("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", &words, &[name]))
            }
            Self::UserId if !is_user_id(text) => {
                let words = format!("{name}: id value of incorrect type: {text}");
                Err(Refusal::fields("MALFORMED_ID", &words, &[name]))
            }
            _ => Ok(()),
        }
    }
}

fn is_user_id(text: &str) -> bool {
    matches!(text.len(), 15 | 18)
        && text.starts_with("005")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
