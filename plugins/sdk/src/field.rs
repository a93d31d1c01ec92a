//! Which part of an event a column of the target gets, as the owner of a webhook writes it in the settings.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Event, Failure, Lead, text};

/// A part of an event, or a fixed text. In settings it is one text: the [`Known`] name of a field, a JSON pointer
/// (RFC 6901) into the event as it was received, or `=` and a fixed text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Field {
    /// A field that the contract names, or one made of those.
    Known(Known),
    /// Any member of the event, by its JSON pointer: `/lead/utm_source`.
    Member(String),
    /// The same text for every lead.
    Fixed(String),
}

/// A field that has a name in settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// `display_name`: [`Lead::display_name`], the only part of a lead besides times and ids that is never missing.
    DisplayName,
    /// `name`, as collected.
    Name,
    /// `first_name`: the name's part before its last space.
    FirstName,
    /// `last_name`: the name's part after its last space.
    LastName,
    /// `phone`
    Phone,
    /// `email`
    Email,
    /// `message`
    Message,
    /// `channel`
    Channel,
    /// `conversation_id`
    ConversationId,
    /// `created_at`, in RFC 3339.
    CreatedAt,
    /// `project_id`
    ProjectId,
    /// `event_id`: the same on every attempt.
    EventId,
}

impl Known {
    /// Each with its name in settings.
    const NAMES: [(&str, Self); 12] = [
        ("display_name", Self::DisplayName),
        ("name", Self::Name),
        ("first_name", Self::FirstName),
        ("last_name", Self::LastName),
        ("phone", Self::Phone),
        ("email", Self::Email),
        ("message", Self::Message),
        ("channel", Self::Channel),
        ("conversation_id", Self::ConversationId),
        ("created_at", Self::CreatedAt),
        ("project_id", Self::ProjectId),
        ("event_id", Self::EventId),
    ];

    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().map(|(name, _)| *name)
    }
}

/// What a person reads beside the place where a field is chosen.
const HELP: &str = "What the column gets: display_name (the name, else the phone number, else the e-mail address, else words \
such as Telegram lead), name, first_name, last_name, phone, email, message, channel, conversation_id, created_at, \
project_id or event_id. Or any member of the event by its JSON pointer, such as /lead/utm_source. Or = and a fixed text, \
such as =New.";

impl From<Known> for Field {
    fn from(known: Known) -> Self {
        Self::Known(known)
    }
}

impl TryFrom<String> for Field {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some((_, known)) = Known::NAMES.iter().find(|(name, _)| *name == text) {
            Ok(Self::Known(*known))
        } else if text.starts_with('/') {
            Ok(Self::Member(text))
        } else if let Some(fixed) = text.strip_prefix('=').filter(|fixed| !fixed.is_empty()) {
            Ok(Self::Fixed(fixed.to_owned()))
        } else {
            let names = Known::names().collect::<Vec<_>>().join(", ");
            Err(format!(
                "`{text}` is no field: expected one of {names}, a JSON pointer such as /lead/utm_source, or = and a fixed text"
            ))
        }
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        match field {
            Field::Known(known) => known.name().to_owned(),
            Field::Member(pointer) => pointer,
            Field::Fixed(fixed) => format!("={fixed}"),
        }
    }
}

impl JsonSchema for Field {
    fn schema_name() -> Cow<'static, str> {
        "Field".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Known::names().collect();
        json_schema!({
            "type": "string",
            "title": "Field",
            "description": HELP,
            // A pattern and not a list of alternatives: its error shows what may be written.
            "pattern": format!("^({}|/.+|=.+)$", names.join("|")),
            "examples": names,
        })
    }
}

/// A column of the target, and what it gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Column {
    /// The column's name, exactly as the target has it.
    #[schemars(title = "Column", length(min = 1))]
    pub column: String,
    // Without a comment here: the schema of `Field` brings the help text along.
    #[allow(missing_docs)]
    pub field: Field,
}

impl Column {
    /// A column for the defaults of settings.
    pub fn new(column: &str, field: impl Into<Field>) -> Self {
        Self { column: column.to_owned(), field: field.into() }
    }
}

/// An event, to read [`Field`]s from. Nothing that is read is blank, and no text has control characters.
pub struct Source<'a> {
    event: &'a Event,
    lead: Lead,
    payload: Value,
}

impl<'a> Source<'a> {
    /// Reads from this event.
    ///
    /// # Errors
    /// As [`Event::payload`].
    pub fn of(event: &'a Event) -> Result<Self, Failure> {
        Ok(Self { event, lead: event.lead.cleaned(), payload: event.payload()? })
    }

    /// The event's lead, cleaned.
    pub fn lead(&self) -> &Lead {
        &self.lead
    }

    /// The event.
    pub fn event(&self) -> &'a Event {
        self.event
    }

    /// What the field holds; none if it was not collected. The fields that the contract names are texts; what a JSON
    /// pointer names may be anything.
    pub fn value(&self, field: &Field) -> Option<Value> {
        match field {
            Field::Known(known) => self.known(*known).map(Value::from),
            Field::Member(pointer) => self.payload.pointer(pointer).and_then(cleaned),
            Field::Fixed(fixed) => text::lines(fixed).map(Value::from),
        }
    }

    /// What the field holds, as text: of what is no text, its JSON.
    pub fn text(&self, field: &Field) -> Option<String> {
        Some(match self.value(field)? {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }

    /// The row of these columns, in their order; what was not collected is left out.
    ///
    /// # Errors
    /// A permanent failure if a column is there twice.
    pub fn row(&self, columns: &[Column]) -> Result<Map<String, Value>, Failure> {
        check_columns(columns.iter().map(|column| column.column.as_str()))?;
        let values = columns.iter().map(|column| Some((column.column.clone(), self.value(&column.field)?)));
        Ok(values.flatten().collect())
    }

    fn known(&self, known: Known) -> Option<String> {
        let lead = &self.lead;
        let name = || lead.name.as_deref().map(text::split_name);
        match known {
            Known::DisplayName => Some(lead.display_name()),
            Known::Name => lead.name.clone(),
            Known::FirstName => name().map(|(first, _)| first.to_owned()),
            Known::LastName => name().and_then(|(_, last)| last).map(str::to_owned),
            Known::Phone => lead.phone.clone(),
            Known::Email => lead.email.clone(),
            Known::Message => lead.message.clone(),
            Known::Channel => lead.channel.clone(),
            Known::ConversationId => lead.conversation_id.clone(),
            Known::CreatedAt => Some(self.event.created_at.clone()),
            Known::ProjectId => Some(self.event.project_id.clone()),
            Known::EventId => Some(self.event.id.clone()),
        }
    }
}

/// Checks that no column is named twice: a target would keep either value, or refuse both.
///
/// # Errors
/// A permanent failure that names the column.
pub fn check_columns<'a>(columns: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    match columns.into_iter().find(|name| !seen.insert(*name)) {
        Some(name) => Err(Failure::permanent(format!("The settings name the column {name} twice."))),
        None => Ok(()),
    }
}

/// The value with its texts cleaned; none if nothing is left. Names of members stay as they are.
fn cleaned(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) => text::lines(text).map(Value::from),
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().filter_map(cleaned).collect();
            (!items.is_empty()).then(|| items.into())
        }
        Value::Object(members) => {
            let members: Map<String, Value> =
                members.iter().filter_map(|(name, value)| Some((name.clone(), cleaned(value)?))).collect();
            (!members.is_empty()).then(|| members.into())
        }
        Value::Bool(_) | Value::Number(_) => Some(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::samples;

    fn field(text: &str) -> Field {
        serde_json::from_value(text.into()).unwrap()
    }

    fn event() -> Event {
        let payload = json!({
            "event": "lead.created",
            "lead": { "name": "not this one", "utm": { "source": " ads\u{0}\n", "none": null, "empty": "" }, "score": 7.5,
                      "tags": ["a", "", null], "a/b": true },
        });
        Event { json: payload.to_string(), ..samples::event(samples::complete()) }
    }

    #[test]
    fn known_fields_are_those_of_the_lead_and_the_event() {
        let event = event();
        let source = Source::of(&event).unwrap();
        for (name, expected) in [
            ("display_name", "John Smith"),
            ("name", "John Smith"),
            ("first_name", "John"),
            ("last_name", "Smith"),
            ("phone", "+12025551234"),
            ("email", "john@example.com"),
            ("message", "I'd like to know about pricing"),
            ("channel", "telegram"),
            ("conversation_id", "2c1a3f4e-7f43-4a5e-9a55-0d9a1c6b7e21"),
            ("created_at", "2026-05-31T10:00:00Z"),
            ("project_id", "6f1f3d52-5d0c-4c60-9a52-3a1d5b2f7f10"),
            ("event_id", "evt_018fcb1e-9b00-7000-8000-000000000001"),
        ] {
            assert_eq!(source.text(&field(name)).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn what_was_not_collected_is_none() {
        let event = samples::event(Lead { name: Some("\u{0} ".into()), ..samples::blank() });
        let source = Source::of(&event).unwrap();
        let found = Known::names().filter(|name| source.value(&field(name)).is_some());
        assert_eq!(found.collect::<Vec<_>>(), ["display_name", "created_at", "project_id", "event_id"]);
        assert_eq!(source.text(&Known::DisplayName.into()).as_deref(), Some("New lead"));
    }

    #[test]
    fn any_member_of_the_event_can_be_named() {
        let event = event();
        let source = Source::of(&event).unwrap();
        for (pointer, expected) in [
            ("/event", Some(json!("lead.created"))),
            ("/lead/utm/source", Some(json!("ads"))),
            ("/lead/utm", Some(json!({ "source": "ads" }))),
            ("/lead/score", Some(json!(7.5))),
            ("/lead/tags", Some(json!(["a"]))),
            ("/lead/a~1b", Some(json!(true))),
            ("/lead/utm/none", None),
            ("/lead/utm/empty", None),
            ("/lead/absent", None),
        ] {
            assert_eq!(source.value(&field(pointer)), expected, "{pointer}");
        }
        assert_eq!(source.text(&field("/lead/score")).as_deref(), Some("7.5"));
        assert_eq!(source.text(&field("/lead/tags")).as_deref(), Some(r#"["a"]"#));
    }

    #[test]
    fn a_member_has_its_value_whatever_is_beside_it() {
        let nested = "[".repeat(200) + &"]".repeat(200);
        let json = format!(
            r#"{{"lead":{{"score":12345678901234567890123,"rate":1E400,"half":"\ud800","deep":{nested}}}}}"#
        );
        let event = Event { json, ..samples::event(samples::complete()) };
        let source = Source::of(&event).unwrap();
        for (pointer, expected) in
            [("/lead/score", "12345678901234567890123"), ("/lead/rate", "1e+400"), ("/lead/half", "\u{fffd}")]
        {
            assert_eq!(source.text(&field(pointer)).as_deref(), Some(expected), "{pointer}");
        }
        let event = Event { json: "<".into(), ..event };
        assert!(Source::of(&event).is_err(), "what cannot be read is not absent");
    }

    #[test]
    fn a_field_is_written_as_it_is_read_and_nothing_else_is_one() {
        for text in Known::names().chain(["/lead/utm", "=New", "==", "= "]) {
            assert_eq!(String::from(field(text)), text);
        }
        for text in ["", "nmae", "Name", "=", "lead/utm"] {
            let error = Field::try_from(text.to_owned()).unwrap_err();
            assert!(error.contains("display_name, name,"), "{text}: {error}");
        }
        assert!(Known::names().all(|name| HELP.contains(name)));
    }

    #[test]
    fn a_row_has_the_columns_that_were_collected_in_their_order() {
        let event = samples::event(Lead { phone: None, ..samples::complete() });
        let columns = [
            Column::new("Stage", Field::Fixed("New".into())),
            Column::new("Phone", Known::Phone),
            Column::new("Name", Known::Name),
        ];
        let row = Source::of(&event).unwrap().row(&columns).unwrap();
        assert_eq!(Value::from(row).to_string(), r#"{"Stage":"New","Name":"John Smith"}"#);

        let twice = [Column::new("Name", Known::Name), Column::new("Name", Known::Email)];
        let Err(Failure::Permanent(reason)) = Source::of(&event).unwrap().row(&twice) else { panic!() };
        assert!(reason.contains("Name twice"), "{reason}");
    }

    #[test]
    fn the_schema_of_a_column_helps_who_fills_it_in() {
        let schema = schemars::schema_for!(Column).to_value();
        let column = &schema["properties"]["field"];
        assert_eq!(column["description"], HELP);
        assert_eq!(column["examples"][0], "display_name");
        assert!(column["pattern"].as_str().unwrap().starts_with("^(display_name|name|"), "{column}");
        assert_eq!(schema["required"], json!(["column", "field"]));
        assert_eq!(schema["additionalProperties"], false);
    }
}
