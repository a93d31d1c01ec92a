//! Settings against the JSON Schema of their plugin.

use hookwright_model::Settings;
use jsonschema::{Draft, PatternOptions};
use serde_json::Value;

/// The most problems that are told at once: a form shows them beside its fields.
const MAX_PROBLEMS: usize = 20;

/// One thing that is wrong with settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// JSON pointer (RFC 6901) into the settings; empty for the object as a whole.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

/// The plugin's schema is not one.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("the settings schema is not a JSON Schema (draft 2020-12): {0}")]
pub struct SchemaError(String);

/// Checks settings against a schema: no problems means that they match. Patterns run in linear time and nothing is
/// fetched, so a hostile schema costs no more than its size.
///
/// # Errors
/// When the schema itself cannot be used.
pub fn check(schema: &str, settings: &Settings) -> Result<Vec<SettingsProblem>, SchemaError> {
    let validator = compile(schema)?;
    let settings = settings.to_json();
    let problems = validator.iter_errors(&settings).take(MAX_PROBLEMS).map(|error| SettingsProblem {
        pointer: error.instance_path().to_string(),
        message: error.to_string(),
    });
    Ok(problems.collect())
}

/// The settings that a form made from the schema begins with: the schema's own `default`, or those of its properties.
/// They may be incomplete.
///
/// # Errors
/// When the schema is not JSON, or its defaults are larger than settings may be.
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
    serde_json::from_str(schema).map_err(|error| SchemaError(format!("it is not JSON: {error}")))
}

fn compile(schema: &str) -> Result<jsonschema::Validator, SchemaError> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .build(&parse(schema)?)
        .map_err(|error| SchemaError(error.to_string()))
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
    fn a_schema_that_is_none_is_refused() {
        for schema in ["", "{\"type\": 1}", r#"{"$ref": "https://example.com/schema"}"#] {
            assert!(check(schema, &Settings::default()).is_err(), "{schema}");
        }
    }
}
