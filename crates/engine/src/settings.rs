//! Settings against the JSON Schema of their plugin.
//!
//! A schema comes with a plugin, and using one can take any time and memory, or overflow the stack: it may refer to
//! itself. So [`Mapper::check_settings`](crate::ports::Mapper::check_settings) does it where that hurts nobody; here is
//! what it does there.

use hookwright_model::Settings;
use hookwright_model::limits::{MAX_SCHEMA_BYTES, MAX_SCHEMA_PATTERN_BYTES};
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

/// The most problems that are told at once: a form shows them beside its fields.
const MAX_PROBLEMS: usize = 20;
/// Characters of a message: it may quote the settings.
const MAX_MESSAGE_CHARS: usize = 300;

/// One thing that is wrong with settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// JSON pointer (RFC 6901) into the settings; empty for the object as a whole.
    pub pointer: String,
    /// What is wrong there, in at most 300 characters.
    pub message: String,
}

/// The plugin's schema cannot be used.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("{0}")]
pub struct SchemaError(String);

/// Checks settings against a schema: no problems means that they match. The schema is draft 2020-12 and complete in
/// itself; its patterns take linear time each.
///
/// # Errors
/// When the schema cannot be used, in words for the plugin's author.
pub fn check(schema: &str, settings: &Settings) -> Result<Vec<SettingsProblem>, SchemaError> {
    let validator = validator(&parse(schema)?)?;
    let settings = settings.to_json();
    let problems = validator.iter_errors(&settings).take(MAX_PROBLEMS).map(|error| SettingsProblem {
        pointer: error.instance_path().to_string(),
        message: message(&error),
    });
    Ok(problems.collect())
}

/// The settings that a form made from the schema begins with: the schema's own `default`, or those of its properties.
/// They may be incomplete.
///
/// # Errors
/// When the schema is not a JSON object, or its defaults are larger than settings may be.
pub fn defaults(schema: &str) -> Result<Settings, SchemaError> {
    let schema = parse(schema)?;
    let own = schema.get("default").filter(|default| default.is_object());
    let defaults = own.cloned().unwrap_or_else(|| {
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        properties
            .filter_map(|(name, property)| Some((name.clone(), property.get("default")?.clone())))
            .collect()
    });
    Settings::from_json(&defaults)
        .map_err(|error| SchemaError(format!("its defaults cannot be used: {error}")))
}

fn parse(schema: &str) -> Result<Value, SchemaError> {
    if schema.len() > MAX_SCHEMA_BYTES {
        let bytes = schema.len();
        return Err(SchemaError(format!("it has {bytes} bytes; at most {MAX_SCHEMA_BYTES} are allowed")));
    }
    let schema: Value =
        serde_json::from_str(schema).map_err(|error| SchemaError(format!("it is not JSON: {error}")))?;
    if schema.is_object() { Ok(schema) } else { Err(SchemaError("it is not a JSON object".into())) }
}

fn validator(schema: &Value) -> Result<Validator, SchemaError> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex().size_limit(MAX_SCHEMA_PATTERN_BYTES))
        .offline()
        .build(schema)
        .map_err(|error| SchemaError(format!("at `{}`: {}", error.instance_path(), message(&error))))
}

fn message(error: &jsonschema::ValidationError<'_>) -> String {
    error.to_string().chars().take(MAX_MESSAGE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"type": "object", "additionalProperties": false,
        "properties": {"stage": {"type": "string", "pattern": "^[a-z]+$"}, "deal": {"type": "boolean"}}}"#;

    fn problems(settings: &str) -> Vec<String> {
        let settings = Settings::parse(settings).unwrap();
        check(SCHEMA, &settings).unwrap().into_iter().map(|problem| problem.pointer).collect()
    }

    #[test]
    fn problems_name_their_place() {
        assert_eq!(problems(r#"{"stage": "new", "deal": true}"#), Vec::<String>::new());
        assert_eq!(problems(r#"{"stage": "1", "deal": "yes"}"#), ["/deal", "/stage"]);
        assert_eq!(problems(r#"{"colour": 1}"#), [""]);
    }

    #[test]
    fn defaults_are_those_of_the_schema_or_of_its_properties() {
        let defaults = |schema: &str| defaults(schema).unwrap().as_str().to_owned();
        assert_eq!(defaults(SCHEMA), "{}");
        let properties = r#"{"properties": {"a": {"default": [1]}, "b": {"type": "string"}}}"#;
        assert_eq!(defaults(properties), r#"{"a":[1]}"#);
        let own = r#"{"default": {"a": 2}, "properties": {"a": {"default": 1}}}"#;
        assert_eq!(defaults(own), r#"{"a":2}"#);
    }

    #[test]
    fn a_long_value_is_not_quoted_whole() {
        let settings = Settings::parse(&format!(r#"{{"deal": "{}"}}"#, "x".repeat(10_000))).unwrap();
        assert_eq!(check(SCHEMA, &settings).unwrap()[0].message.chars().count(), MAX_MESSAGE_CHARS);
    }

    #[test]
    fn a_schema_is_valid_complete_and_cheap() {
        let refusal = |schema: &str| check(schema, &Settings::default()).unwrap_err().to_string();
        for (schema, problem) in [
            ("", "not JSON"),
            ("true", "not a JSON object"),
            (r#"{"type":"objekt"}"#, "/type"),
            (r#"{"$ref":"https://example.com/schema.json"}"#, "example.com"),
            (r##"{"$ref":"#/$defs/absent"}"##, "absent"),
            (r#"{"pattern":"(a+"}"#, "pattern"),
            (r#"{"pattern":"(?<=a)b"}"#, "pattern"),
            (r#"{"pattern":"((((x{1,100}){1,100}){1,100}){1,100})"}"#, "pattern"),
        ] {
            assert!(refusal(schema).contains(problem), "{schema}: {}", refusal(schema));
        }
        assert!(refusal(&" ".repeat(MAX_SCHEMA_BYTES + 1)).contains("65536"));
        assert!(refusal(&"[".repeat(10_000)).contains("JSON"));
    }
}
