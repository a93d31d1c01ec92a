//! The columns of the table, and the values that they take.

use std::collections::BTreeSet;

use hookwright_model::Timestamp;
use serde_json::Value;

use super::refusal::Refusal;
use crate::email::is_email;
use crate::phone::is_phone;

const TEXT_MAX_CHARS: usize = 100_000;

#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Of a select column: the options so far.
    options: BTreeSet<String>,
}

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    LongText,
    Phone,
    Email,
    Url,
    Select,
    MultipleSelects,
    Time,
    Number,
    Checkbox,
}

const KINDS: [(&str, Kind); 10] = [
    ("singleLineText", Kind::Text),
    ("multilineText", Kind::LongText),
    ("phoneNumber", Kind::Phone),
    ("email", Kind::Email),
    ("url", Kind::Url),
    ("singleSelect", Kind::Select),
    ("multipleSelects", Kind::MultipleSelects),
    ("dateTime", Kind::Time),
    ("number", Kind::Number),
    ("checkbox", Kind::Checkbox),
];

impl Kind {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// Whether records can be upserted by it.
    pub(super) fn is_key(self) -> bool {
        matches!(
            self,
            Self::Text | Self::LongText | Self::Select | Self::MultipleSelects | Self::Time | Self::Number
        )
    }
}

/// Whether values are converted to a column's type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Typecast {
    On,
    Off,
}

impl Column {
    pub(super) fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind, options: BTreeSet::new() }
    }

    /// The value as the cell keeps it; none if it clears the cell.
    pub(super) fn cell(&mut self, value: &Value, typecast: Typecast) -> Result<Option<Value>, Refusal> {
        if value.is_null() || value == "" {
            return Ok(None);
        }
        let value = if typecast == Typecast::On { self.converted(value) } else { value.clone() };
        match self.kind {
            Kind::Select => self.choose(&value, typecast)?,
            Kind::MultipleSelects => {
                let options = value.as_array().ok_or_else(|| self.wrong())?.clone();
                options.iter().try_for_each(|option| self.choose(option, typecast))?;
            }
            Kind::Text | Kind::LongText | Kind::Phone | Kind::Email | Kind::Url => {
                let text = value.as_str().ok_or_else(|| self.wrong())?;
                let is_one_line = self.kind == Kind::LongText || !text.contains('\n');
                let is_fit = match self.kind {
                    Kind::Phone => is_phone(text),
                    Kind::Email => is_email(text),
                    _ => true,
                };
                if text.chars().count() > TEXT_MAX_CHARS || !is_one_line || !is_fit {
                    return Err(self.wrong());
                }
            }
            Kind::Time if is_time(&value) => {}
            Kind::Number if value.is_number() => {}
            Kind::Checkbox if value.is_boolean() => {}
            Kind::Time | Kind::Number | Kind::Checkbox => return Err(self.wrong()),
        }
        Ok(Some(value))
    }

    /// The value in the column's type, if there is a plain way to it.
    fn converted(&self, value: &Value) -> Value {
        match (self.kind, value) {
            (Kind::Number, Value::String(text)) => text.parse().map_or_else(|_| value.clone(), Value::Number),
            (Kind::MultipleSelects, Value::String(text)) => {
                text.split(',').map(|option| Value::from(option.trim())).collect()
            }
            (Kind::Text | Kind::Phone | Kind::Email | Kind::Url, Value::String(text)) => {
                text.replace('\n', " ").into()
            }
            (
                Kind::Text | Kind::LongText | Kind::Phone | Kind::Email | Kind::Url | Kind::Select,
                Value::Number(_) | Value::Bool(_),
            ) => value.to_string().into(),
            _ => value.clone(),
        }
    }

    fn choose(&mut self, option: &Value, typecast: Typecast) -> Result<(), Refusal> {
        let option = option.as_str().filter(|option| !option.is_empty()).ok_or_else(|| self.wrong())?;
        if typecast == Typecast::Off && !self.options.contains(option) {
            return Err(Refusal::unknown_option(option));
        }
        self.options.insert(option.to_owned());
        Ok(())
    }

    fn wrong(&self) -> Refusal {
        Refusal::wrong_value(&self.name)
    }
}

fn is_time(value: &Value) -> bool {
    let time = |text: &str| {
        text.parse::<Timestamp>().is_ok() || format!("{text}T00:00:00Z").parse::<Timestamp>().is_ok()
    };
    value.as_str().is_some_and(time)
}
