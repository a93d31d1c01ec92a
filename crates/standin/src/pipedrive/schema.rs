//! The members that records may be created with. What is not known is refused, and so are null and what is empty.

use serde_json::{Map, Value};

use super::refusal::{Refusal, Version};
use crate::email::is_email;
use crate::exchange::Request;
use crate::phone::is_phone;

pub(super) type Members = Map<String, Value>;

/// What a member's value may be.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    /// At most so many bytes of HTML.
    Html(usize),
    Id,
    Ids,
    Uuid,
    Uuids,
    /// `{"amount": 0, "currency": "EUR"}`.
    Money,
    Number,
    /// Items of `value`, `primary` and `label`, whose values are e-mail addresses.
    Emails,
    /// The same of phone numbers.
    Phones,
    /// 1, 3, 5 or 7.
    VisibleTo,
    /// "1", "3", "5" or "7".
    VisibleToText,
    /// 0 or 1.
    Flag,
    /// `YYYY-MM-DD HH:MM:SS`.
    UtcTime,
    /// Values by 40-digit key.
    CustomFields,
    ContactSync,
}

/// Where the account's own fields stand.
#[derive(PartialEq)]
enum CustomFields {
    /// Among the other members, by their 40-digit keys.
    TopLevel,
    /// Where `members` says, or nowhere.
    Member,
}

/// What a kind of record may be created with.
pub(super) struct Schema {
    version: Version,
    required: &'static str,
    members: &'static [(&'static str, Shape)],
    custom_fields: CustomFields,
}

pub(super) const PERSON: Schema = Schema {
    version: Version::V2,
    required: "name",
    members: &[
        ("name", Shape::Text),
        ("emails", Shape::Emails),
        ("phones", Shape::Phones),
        ("owner_id", Shape::Id),
        ("org_id", Shape::Id),
        ("visible_to", Shape::VisibleTo),
        ("label_ids", Shape::Ids),
        ("custom_fields", Shape::CustomFields),
        ("job_title", Shape::ContactSync),
        ("notes", Shape::ContactSync),
        ("im", Shape::ContactSync),
        ("birthday", Shape::ContactSync),
        ("postal_address", Shape::ContactSync),
    ],
    custom_fields: CustomFields::Member,
};

pub(super) const LEAD: Schema = Schema {
    version: Version::V1,
    required: "title",
    members: &[
        ("title", Shape::Text),
        ("owner_id", Shape::Id),
        ("label_ids", Shape::Uuids),
        ("person_id", Shape::Id),
        ("organization_id", Shape::Id),
        ("value", Shape::Money),
        ("visible_to", Shape::VisibleToText),
        ("origin_id", Shape::Text),
    ],
    custom_fields: CustomFields::TopLevel,
};

pub(super) const DEAL: Schema = Schema {
    version: Version::V2,
    required: "title",
    members: &[
        ("title", Shape::Text),
        ("owner_id", Shape::Id),
        ("person_id", Shape::Id),
        ("org_id", Shape::Id),
        ("pipeline_id", Shape::Id),
        ("stage_id", Shape::Id),
        ("value", Shape::Number),
        ("currency", Shape::Text),
        ("visible_to", Shape::VisibleTo),
        ("label_ids", Shape::Ids),
        ("custom_fields", Shape::CustomFields),
    ],
    custom_fields: CustomFields::Member,
};

pub(super) const NOTE: Schema = Schema {
    version: Version::V1,
    required: "content",
    members: &[
        ("content", Shape::Html(NOTE_MAX_BYTES)),
        ("lead_id", Shape::Uuid),
        ("deal_id", Shape::Id),
        ("person_id", Shape::Id),
        ("org_id", Shape::Id),
        ("user_id", Shape::Id),
        ("add_time", Shape::UtcTime),
        ("pinned_to_lead_flag", Shape::Flag),
        ("pinned_to_deal_flag", Shape::Flag),
        ("pinned_to_person_flag", Shape::Flag),
    ],
    custom_fields: CustomFields::Member,
};

const NOTE_MAX_BYTES: usize = 100_000;
const LABELS: [&str; 4] = ["work", "home", "mobile", "other"];
const CUSTOM_FIELD_KEY_DIGITS: usize = 40;

impl Schema {
    /// The members of the record to create.
    pub(super) fn check(&self, request: &Request) -> Result<Members, Refusal> {
        let members = self.check_change(request)?;
        if !members.contains_key(self.required) {
            return Err(Refusal::invalid(self.version, format!("{} is required", self.required)));
        }
        Ok(members)
    }

    /// The members of a record to change.
    pub(super) fn check_change(&self, request: &Request) -> Result<Members, Refusal> {
        if !request.is_json() {
            return Err(Refusal::not_json());
        }
        let invalid = |problem: String| Refusal::invalid(self.version, problem);
        let members: Members = serde_json::from_slice(&request.body)
            .map_err(|error| invalid(format!("the body is no JSON object: {error}")))?;
        for (name, value) in &members {
            match self.members.iter().find(|(known, _)| known == name) {
                Some((_, Shape::ContactSync)) => return Err(Refusal::needs_contact_sync(name)),
                Some((_, shape)) if !shape.fits(value) => {
                    return Err(invalid(format!("{name}: expected {}, found {value}", shape.expected())));
                }
                Some(_) => {}
                None if self.custom_fields == CustomFields::TopLevel && is_custom_field(name, value) => {}
                None => return Err(invalid(format!("{name} is not allowed"))),
            }
        }
        Ok(members)
    }
}

impl Shape {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => is_text(value),
            Self::Html(max_bytes) => value.as_str().is_some_and(|text| (1..=max_bytes).contains(&text.len())),
            Self::Id => is_id(value),
            Self::Ids => is_list_of(value, is_id),
            Self::Uuid => is_uuid(value),
            Self::Uuids => is_list_of(value, is_uuid),
            Self::Money => value.as_object().is_some_and(|money| {
                money.len() == 2
                    && money.get("amount").is_some_and(Value::is_number)
                    && money.get("currency").is_some_and(is_text)
            }),
            Self::Number => value.is_number(),
            Self::Emails => is_list_of(value, |item| is_detail(item, is_email)),
            Self::Phones => is_list_of(value, |item| is_detail(item, is_phone)),
            Self::VisibleTo => matches!(value.as_u64(), Some(1 | 3 | 5 | 7)),
            Self::VisibleToText => matches!(value.as_str(), Some("1" | "3" | "5" | "7")),
            Self::Flag => matches!(value.as_u64(), Some(0 | 1)),
            Self::UtcTime => value.as_str().is_some_and(is_utc_time),
            Self::CustomFields => value.as_object().is_some_and(|fields| {
                !fields.is_empty() && fields.iter().all(|(key, value)| is_custom_field(key, value))
            }),
            Self::ContactSync => false,
        }
    }

    fn expected(self) -> String {
        let words = match self {
            Self::Text => "a text that is not empty",
            Self::Html(max_bytes) => return format!("HTML of 1 to {max_bytes} bytes"),
            Self::Id => "a number above 0",
            Self::Ids => "a list of numbers above 0",
            Self::Uuid => "a UUID",
            Self::Uuids => "a list of UUIDs",
            Self::Money => "an object of amount and currency",
            Self::Number => "a number",
            Self::Emails => {
                "a list of objects with an e-mail address as value, and perhaps primary and label"
            }
            Self::Phones => "a list of objects with a phone number as value, and perhaps primary and label",
            Self::VisibleTo => "1, 3, 5 or 7 as a number",
            Self::VisibleToText => "1, 3, 5 or 7 as a text",
            Self::Flag => "0 or 1",
            Self::UtcTime => "a time as YYYY-MM-DD HH:MM:SS",
            Self::CustomFields => "an object of values by 40-digit key",
            Self::ContactSync => "nothing",
        };
        words.to_owned()
    }
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

fn is_id(value: &Value) -> bool {
    value.as_u64().is_some_and(|id| id > 0)
}

fn is_uuid(value: &Value) -> bool {
    let has_form = |text: &str| {
        text.len() == 36
            && text.bytes().enumerate().all(|(index, byte)| match index {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    };
    value.as_str().is_some_and(has_form)
}

fn is_list_of(value: &Value, is_item: fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(is_item))
}

/// An e-mail address or a phone number.
fn is_detail(value: &Value, is_value: fn(&str) -> bool) -> bool {
    let Some(members) = value.as_object() else { return false };
    members.contains_key("value")
        && members.iter().all(|(name, value)| match name.as_str() {
            "value" => value.as_str().is_some_and(is_value),
            "primary" => value.is_boolean(),
            "label" => value.as_str().is_some_and(|label| LABELS.contains(&label)),
            _ => false,
        })
}

fn is_custom_field(key: &str, value: &Value) -> bool {
    key.len() == CUSTOM_FIELD_KEY_DIGITS
        && key.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !value.is_null()
}

fn is_utc_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(' ') else { return false };
    format!("{date}T{time}Z").parse::<hookwright_model::Timestamp>().is_ok()
}
