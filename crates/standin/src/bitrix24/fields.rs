//! The members of a lead, in the names of the current methods and in those of the older ones.

use serde_json::{Map, Value, json};

use super::Bitrix24;
use super::refusal::Refusal;
use crate::email::is_email;
use crate::phone::is_phone;

pub(super) type Members = Map<String, Value>;

const TEXT_MAX_CHARS: usize = 255;
pub(super) const LONG_TEXT_MAX_BYTES: usize = 65_535;

const SOURCES: &[&str] = &[
    "CALL",
    "EMAIL",
    "WEB",
    "ADVERTISING",
    "PARTNER",
    "RECOMMENDATION",
    "TRADE_SHOW",
    "WEBFORM",
    "CALLBACK",
    "OTHER",
];
const STAGES: &[&str] = &["NEW", "IN_PROCESS", "PROCESSED", "CONVERTED", "JUNK"];
const PHONE_KINDS: &[&str] = &["WORK", "MOBILE", "FAX", "HOME", "PAGER", "MAILING", "OTHER"];
const EMAIL_KINDS: &[&str] = &["WORK", "HOME", "MAILING", "OTHER"];

/// What a member's value may be.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    LongText,
    Choice(&'static [&'static str]),
    User,
    Id,
}

/// Each member with its older name.
const MEMBERS: [(&str, &str, Shape); 11] = [
    ("title", "TITLE", Shape::Text),
    ("name", "NAME", Shape::Text),
    ("lastName", "LAST_NAME", Shape::Text),
    ("sourceId", "SOURCE_ID", Shape::Choice(SOURCES)),
    ("sourceDescription", "SOURCE_DESCRIPTION", Shape::LongText),
    ("stageId", "STATUS_ID", Shape::Choice(STAGES)),
    ("assignedById", "ASSIGNED_BY_ID", Shape::User),
    ("contactId", "CONTACT_ID", Shape::Id),
    ("comments", "COMMENTS", Shape::LongText),
    ("originatorId", "ORIGINATOR_ID", Shape::Text),
    ("originId", "ORIGIN_ID", Shape::Text),
];

/// The members that `crm.item.add` takes.
pub(super) fn of_item(fields: Members) -> Result<Members, Refusal> {
    let mut read = Members::new();
    for (name, value) in fields {
        match MEMBERS.iter().find(|(item, _, _)| *item == name) {
            Some((item, _, shape)) => insert(&mut read, item, &name, *shape, value)?,
            None if name == "fm" => {
                let details = list(&name, &value)?;
                details
                    .iter()
                    .try_for_each(|detail| check_detail(detail, ["typeId", "valueType", "value"]))?;
                read.insert(name, value);
            }
            None => return Err(unknown(&name)),
        }
    }
    Ok(read)
}

/// The members that `crm.lead.add` takes, in the current names.
pub(super) fn of_lead(fields: Members) -> Result<Members, Refusal> {
    let mut read = Members::new();
    let mut details = Vec::new();
    for (name, value) in fields {
        match MEMBERS.iter().find(|(_, old, _)| *old == name) {
            Some((item, _, shape)) => insert(&mut read, item, &name, *shape, value)?,
            None if name == "PHONE" || name == "EMAIL" => {
                for given in list(&name, &value)? {
                    let mut detail = json!({ "typeId": name });
                    for (old, current) in [("VALUE_TYPE", "valueType"), ("VALUE", "value")] {
                        detail[current] = given[old].clone();
                    }
                    if given.as_object().is_none_or(|members| members.len() != 2) {
                        return Err(Refusal::field(&name, "expected VALUE and VALUE_TYPE"));
                    }
                    check_detail(&detail, ["typeId", "valueType", "value"])?;
                    details.push(detail);
                }
            }
            None => return Err(unknown(&name)),
        }
    }
    // In the order in which people name them; the members of an object have none.
    details.sort_by_key(|detail| detail["typeId"] == "EMAIL");
    if !details.is_empty() {
        read.insert("fm".to_owned(), details.into());
    }
    Ok(read)
}

/// Bitrix24 would drop it without a word.
fn unknown(name: &str) -> Refusal {
    Refusal::field(name, "there is no such field; Bitrix24 would drop it")
}

fn insert(read: &mut Members, item: &str, name: &str, shape: Shape, value: Value) -> Result<(), Refusal> {
    let text = value.as_str();
    let is_fit = match shape {
        Shape::Text => text.is_some_and(|text| text.chars().count() <= TEXT_MAX_CHARS),
        Shape::LongText => text.is_some_and(|text| text.len() <= LONG_TEXT_MAX_BYTES),
        Shape::Choice(ids) => text.is_some_and(|text| ids.contains(&text)),
        Shape::User => value.as_u64().is_some_and(|id| Bitrix24::USERS.contains(&id)),
        Shape::Id => value.as_u64().is_some_and(|id| id > 0),
    };
    if !is_fit {
        return Err(Refusal::field(name, "wrong type, too long, or not in the portal's list"));
    }
    read.insert(item.to_owned(), value);
    Ok(())
}

fn list<'a>(name: &str, value: &'a Value) -> Result<&'a Vec<Value>, Refusal> {
    let problem = || Refusal::invalid("100", &format!("{name}: an iterable value is expected"));
    value.as_array().ok_or_else(problem)
}

/// A phone number or an address.
fn check_detail(detail: &Value, [kind, value_kind, value]: [&str; 3]) -> Result<(), Refusal> {
    let text = |member: &str| detail[member].as_str().unwrap_or_default();
    let (kinds, is_fit) = match text(kind) {
        "PHONE" => (PHONE_KINDS, is_phone(text(value))),
        "EMAIL" => (EMAIL_KINDS, is_email(text(value))),
        _ => return Err(Refusal::field("fm", "typeId: expected PHONE or EMAIL")),
    };
    let has_members = detail.as_object().is_some_and(|members| members.len() == 3);
    if !has_members || text(value).is_empty() || !is_fit || !kinds.contains(&text(value_kind)) {
        return Err(Refusal::field(text(kind), "no usable value, or an unknown kind of it"));
    }
    Ok(())
}
