//! The JSON Schema of a plugin's settings. It comes with a plugin, and using it can take any time and memory, or overflow the
//! stack: it may refer to itself. So this runs in a child process only.

use hookwright_engine::settings::SettingsProblem;
use hookwright_model::Settings;
use hookwright_model::limits::{MAX_SCHEMA_BYTES, MAX_SCHEMA_PATTERN_BYTES};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

/// The most problems that are told at once: a form shows them beside its fields.
const MAX_PROBLEMS: usize = 20;
/// Characters of a message: it may quote the settings.
const MAX_MESSAGE_CHARS: usize = 300;

/// Checks settings against a schema: no problems means that they match. The schema is draft 2020-12 and complete in
/// itself; its patterns take linear time each.
///
/// # Errors
/// When the schema cannot be used, in words for the plugin's author.
pub(crate) fn check(schema: &str, settings: &Settings) -> Result<Vec<SettingsProblem>, String> {
    let schema = parse(schema)?;
    let validator = validator(&schema)?;
    let settings = settings.to_json();
    let problems = validator.iter_errors(&settings).take(MAX_PROBLEMS).map(|error| SettingsProblem {
        pointer: error.instance_path().to_string(),
        message: cut(&message(&schema, &error)),
    });
    Ok(problems.collect())
}

/// The problem in words for the person who fills in the settings. A pattern tells people little: the description of its
/// property stands in for it.
fn message(schema: &Value, error: &ValidationError<'_>) -> String {
    let property = match error.kind() {
        ValidationErrorKind::Pattern { .. } => error.schema_path().as_str().strip_suffix("/pattern"),
        _ => None,
    };
    match property.and_then(|property| help(schema.pointer(property)?)) {
        Some(help) => format!("it is not valid here: {help}"),
        None => error.to_string(),
    }
}

/// A property's description, or else its title, and its examples; none if it has none of these.
fn help(property: &Value) -> Option<String> {
    let text = |name| property.get(name).and_then(Value::as_str);
    let words = text("description").or_else(|| text("title"));
    let words = words.map(|words| words.split_whitespace().collect::<Vec<_>>().join(" "));
    let examples = property.get("examples").and_then(Value::as_array).filter(|examples| !examples.is_empty());
    let examples = examples.map(|examples| {
        let examples: Vec<_> = examples.iter().map(Value::to_string).collect();
        format!("for example {}", examples.join(" or "))
    });
    let parts: Vec<_> = words.into_iter().chain(examples).collect();
    (!parts.is_empty()).then(|| parts.join(" – "))
}

fn parse(schema: &str) -> Result<Value, String> {
    if schema.len() > MAX_SCHEMA_BYTES {
        let bytes = schema.len();
        return Err(format!("it has {bytes} bytes; at most {MAX_SCHEMA_BYTES} are allowed"));
    }
    let schema: Value = serde_json::from_str(schema).map_err(|error| format!("it is not JSON: {error}"))?;
    if schema.is_object() { Ok(schema) } else { Err("it is not a JSON object".into()) }
}

fn validator(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex().size_limit(MAX_SCHEMA_PATTERN_BYTES))
        .offline()
        .build(schema)
        .map_err(|error| format!("at `{}`: {}", error.instance_path(), cut(&error.to_string())))
}

fn cut(message: &str) -> String {
    message.chars().take(MAX_MESSAGE_CHARS).collect()
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
    fn a_pattern_is_told_in_the_words_of_its_property() {
        let told = |property: &str| {
            let schema = format!(
                r##"{{"properties": {{"a": {{"$ref": "#/$defs/a"}}}}, "$defs": {{"a": {property}}}}}"##
            );
            let settings = Settings::parse(r#"{"a": "B"}"#).unwrap();
            check(&schema, &settings).unwrap().remove(0).message
        };
        assert_eq!(
            told(
                r#"{"pattern": "^@", "title": "A", "description": "A public\nname.", "examples": [-1, "@b"]}"#
            ),
            r#"it is not valid here: A public name. – for example -1 or "@b""#
        );
        assert_eq!(told(r#"{"pattern": "^@", "title": "Name"}"#), "it is not valid here: Name");
        assert_eq!(told(r#"{"pattern": "^@", "examples": []}"#), r#""B" does not match "^@""#);
    }

    #[test]
    fn a_long_value_is_not_quoted_whole() {
        let settings = Settings::parse(&format!(r#"{{"deal": "{}"}}"#, "x".repeat(10_000))).unwrap();
        assert_eq!(check(SCHEMA, &settings).unwrap()[0].message.chars().count(), MAX_MESSAGE_CHARS);
    }

    #[test]
    fn a_schema_is_valid_complete_and_cheap() {
        let refusal = |schema: &str| check(schema, &Settings::default()).unwrap_err();
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
