//! The columns of a data source, and the values that they take.

use hookwright_model::Timestamp;
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::rich_text;
use crate::email::is_email;
use crate::phone::is_phone;

/// The options of every column of the type status: only people can make others.
const STATUSES: [&str; 3] = ["Not started", "In progress", "Done"];
const ADDRESS_MAX_UNITS: usize = 200;
const URL_MAX_UNITS: usize = 2_000;
const OPTION_MAX_UNITS: usize = 100;
const MAX_OPTIONS: usize = 100;

#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Title,
    RichText,
    PhoneNumber,
    Email,
    Url,
    Select,
    MultiSelect,
    Status,
    Date,
    Number,
    Checkbox,
}

/// A value of a property that is not empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Property {
    /// Of titles and rich text: the contents of their items.
    Items(Vec<String>),
    Text(String),
    Options(Vec<String>),
    Date(String),
    Other(Value),
}

impl Property {
    /// The text that filters compare and people see.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Items(contents) => contents.concat(),
            Self::Text(text) | Self::Date(text) => text.clone(),
            Self::Options(names) => names.join(", "),
            Self::Other(value) => value.to_string(),
        }
    }
}

const KINDS: [(&str, Kind); 11] = [
    ("title", Kind::Title),
    ("rich_text", Kind::RichText),
    ("phone_number", Kind::PhoneNumber),
    ("email", Kind::Email),
    ("url", Kind::Url),
    ("select", Kind::Select),
    ("multi_select", Kind::MultiSelect),
    ("status", Kind::Status),
    ("date", Kind::Date),
    ("number", Kind::Number),
    ("checkbox", Kind::Checkbox),
];

impl Kind {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    pub(super) fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Whether filters compare it as a text.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Title | Self::RichText | Self::PhoneNumber | Self::Email | Self::Url)
    }
}

impl Column {
    /// The value of a page's property; none if it is empty.
    pub(super) fn parse(&self, property: &Value) -> Result<Option<Property>, Refusal> {
        let kind = self.kind.name();
        let path = format!("properties.{}", self.name);
        let mut members = property.as_object().cloned().unwrap_or_default();
        if members.remove("type").is_some_and(|given| given != kind) || members.len() != 1 {
            return Err(Refusal::invalid(format!("{} is expected to be {kind}.", self.name)));
        }
        let Some(value) = members.remove(kind) else {
            return Err(Refusal::invalid(format!("{} is expected to be {kind}.", self.name)));
        };
        self.value(&format!("{path}.{kind}"), &value)
    }

    fn value(&self, path: &str, value: &Value) -> Result<Option<Property>, Refusal> {
        let wrong =
            |expected: &str| Refusal::member(path, &format!("should be {expected}, instead was `{value}`."));
        if value.is_null()
            && !matches!(self.kind, Kind::Title | Kind::RichText | Kind::MultiSelect | Kind::Checkbox)
        {
            return Ok(None);
        }
        let property = match self.kind {
            Kind::Title | Kind::RichText => {
                let contents = rich_text::parse(path, value)?;
                return Ok((!contents.is_empty()).then_some(Property::Items(contents)));
            }
            Kind::PhoneNumber | Kind::Email => {
                let address = text(path, value, ADDRESS_MAX_UNITS)?;
                let is_fit = if self.kind == Kind::Email { is_email } else { is_phone };
                if !is_fit(&address) {
                    return Err(wrong("valid"));
                }
                Property::Text(address)
            }
            Kind::Url => Property::Text(text(path, value, URL_MAX_UNITS)?),
            Kind::Select => Property::Options(vec![option(path, value)?]),
            Kind::Status => {
                let name = option(path, value)?;
                if !STATUSES.contains(&name.as_str()) {
                    return Err(Refusal::invalid(format!(
                        "Invalid status option. Status option \"{name}\" does not exist."
                    )));
                }
                Property::Options(vec![name])
            }
            Kind::MultiSelect => {
                let options = value.as_array().filter(|options| options.len() <= MAX_OPTIONS);
                let options = options.ok_or_else(|| wrong("a list of at most 100 options"))?;
                Property::Options(options.iter().map(|value| option(path, value)).collect::<Result<_, _>>()?)
            }
            Kind::Date => Property::Date(date(value).ok_or_else(|| wrong("a date with an ISO 8601 start"))?),
            Kind::Number if value.is_number() => Property::Other(value.clone()),
            Kind::Checkbox if value.is_boolean() => Property::Other(value.clone()),
            Kind::Number => return Err(wrong("a number")),
            Kind::Checkbox => return Err(wrong("a boolean")),
        };
        Ok(Some(property))
    }

    /// The property as Notion shows it.
    pub(super) fn shown(&self, id: usize, property: Option<&Property>) -> Value {
        let option = |name: &String| json!({ "id": "opt", "name": name, "color": "default" });
        let value = match (property, self.kind) {
            (Some(Property::Items(contents)), _) => rich_text::shown(contents),
            (Some(Property::Text(text)), _) => text.as_str().into(),
            (Some(Property::Options(names)), Kind::MultiSelect) => names.iter().map(option).collect(),
            (Some(Property::Options(names)), _) => names.iter().map(option).next().unwrap_or_default(),
            (Some(Property::Date(start)), _) => json!({ "start": start, "end": null, "time_zone": null }),
            (Some(Property::Other(value)), _) => value.clone(),
            (None, Kind::Title | Kind::RichText | Kind::MultiSelect) => json!([]),
            (None, Kind::Checkbox) => false.into(),
            (None, _) => Value::Null,
        };
        let kind = self.kind.name();
        let id = if self.kind == Kind::Title { "title".to_owned() } else { format!("p%3A{id}") };
        json!({ "id": id, "type": kind, kind: value })
    }
}

/// A text that is not empty.
fn text(path: &str, value: &Value, max_units: usize) -> Result<String, Refusal> {
    let text = value.as_str().filter(|text| (1..=max_units).contains(&text.encode_utf16().count()));
    text.map(str::to_owned)
        .ok_or_else(|| Refusal::member(path, &format!("should be a string of 1 to {max_units} characters.")))
}

/// The name of an option.
fn option(path: &str, value: &Value) -> Result<String, Refusal> {
    let name = only_member(value, "name")
        .ok_or_else(|| Refusal::member(path, "should be an object with a name."))?;
    let name = text(&format!("{path}.name"), name, OPTION_MAX_UNITS)?;
    if name.contains(',') {
        return Err(Refusal::invalid("Invalid select option, commas not allowed."));
    }
    Ok(name)
}

fn date(value: &Value) -> Option<String> {
    let start = only_member(value, "start")?.as_str()?;
    let is_date = start.len() == 10 && format!("{start}T00:00:00Z").parse::<Timestamp>().is_ok();
    (is_date || start.parse::<Timestamp>().is_ok()).then(|| start.to_owned())
}

fn only_member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object().filter(|members: &&Map<_, _>| members.len() == 1)?.get(name)
}
