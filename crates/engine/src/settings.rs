//! Settings and the schema of their plugin, as far as no schema has to be trusted for it. Checking settings with a schema is
//! [`Mapper::check_settings`](crate::ports::Mapper::check_settings).

use hookwright_model::Settings;
use hookwright_model::limits::MAX_SCHEMA_BYTES;
use serde_json::Value;

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

/// The settings that a form made from the schema begins with: the schema's own `default`, or those of its properties.
/// They may be incomplete.
///
/// # Errors
/// When the schema is not a JSON object, or its defaults are larger than settings may be.
pub fn defaults(schema: &str) -> Result<Settings, SchemaError> {
    if schema.len() > MAX_SCHEMA_BYTES {
        let bytes = schema.len();
        return Err(SchemaError(format!("it has {bytes} bytes; at most {MAX_SCHEMA_BYTES} are allowed")));
    }
    let schema: Value =
        serde_json::from_str(schema).map_err(|error| SchemaError(format!("it is not JSON: {error}")))?;
    if !schema.is_object() {
        return Err(SchemaError("it is not a JSON object".into()));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_schema_or_of_its_properties() {
        let defaults = |schema: &str| defaults(schema).unwrap().as_str().to_owned();
        assert_eq!(defaults(r#"{"properties": {"a": {"type": "string"}}}"#), "{}");
        let properties = r#"{"properties": {"a": {"default": [1]}, "b": {"type": "string"}}}"#;
        assert_eq!(defaults(properties), r#"{"a":[1]}"#);
        let own = r#"{"default": {"a": 2}, "properties": {"a": {"default": 1}}}"#;
        assert_eq!(defaults(own), r#"{"a":2}"#);
    }
}
