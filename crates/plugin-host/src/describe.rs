//! Rules for what a plugin says of itself: people see it before they attach the plugin to anything.

use hookwright_model::header::{HeaderSource, parse_header};
use hookwright_model::{Description, HeaderHint, TargetUrl};
use jsonschema::{Draft, PatternOptions};
use serde_json::Value;

use crate::check::{is_hidden, is_shown};
use crate::limits::{
    MAX_HEADER_HINTS, MAX_PLACEHOLDER_CHARS, MAX_SCHEMA_BYTES, MAX_SCHEMA_PATTERN_BYTES, MAX_SUMMARY_CHARS,
    MAX_TITLE_CHARS,
};

/// Checks a description.
///
/// # Errors
/// The first rule that it breaks, in words for the plugin's author.
pub(crate) fn check(description: &Description) -> Result<(), String> {
    let text = |name: &str, text: &str, max: usize| {
        if is_shown(text, max) {
            return Ok(());
        }
        Err(format!("`describe` gives a {name} that is not 1 to {max} visible characters"))
    };
    text("title", &description.title, MAX_TITLE_CHARS)?;
    text("summary", &description.summary, MAX_SUMMARY_CHARS)?;
    TargetUrl::parse(&description.url)
        .map_err(|error| format!("`describe` gives a url that a webhook cannot have: {error}"))?;
    if description.headers.len() > MAX_HEADER_HINTS {
        return Err(format!("`describe` names more than {MAX_HEADER_HINTS} headers"));
    }
    description.headers.iter().try_for_each(check_hint)?;
    check_schema(&description.settings_schema)
        .map_err(|problem| format!("`describe` gives a settings-schema that cannot be used: {problem}"))
}

fn check_hint(hint: &HeaderHint) -> Result<(), String> {
    parse_header(HeaderSource::Webhook, &hint.name, "")
        .map_err(|error| format!("`describe` names a header that a webhook cannot have: {error}"))?;
    if hint.placeholder.chars().count() > MAX_PLACEHOLDER_CHARS || hint.placeholder.chars().any(is_hidden) {
        return Err(format!(
            "`describe` gives the header `{}` a placeholder that is not at most {MAX_PLACEHOLDER_CHARS} visible characters",
            hint.name
        ));
    }
    Ok(())
}

/// Whether the text is a schema that settings can be checked with: draft 2020-12, complete in itself, with patterns
/// that take linear time.
fn check_schema(text: &str) -> Result<(), String> {
    if text.len() > MAX_SCHEMA_BYTES {
        return Err(format!("it has {} bytes; at most {MAX_SCHEMA_BYTES} are allowed", text.len()));
    }
    let schema: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    if !schema.is_object() {
        return Err("it is not a JSON object".into());
    }
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex().size_limit(MAX_SCHEMA_PATTERN_BYTES))
        .offline()
        .build(&schema)
        .map(drop)
        .map_err(|error| {
            let message: String = error.to_string().chars().take(300).collect();
            format!("at `{}`: {message}", error.instance_path())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Description {
        Description {
            title: "Tickets".into(),
            summary: "A lead becomes a ticket.".into(),
            url: "https://tickets.example.com/api".into(),
            headers: vec![HeaderHint {
                name: "authorization".into(),
                placeholder: "Bearer …".into(),
                secret: true,
            }],
            settings_schema:
                r#"{"type":"object","properties":{"queue":{"type":"string","pattern":"^[a-z]+$"}}}"#.into(),
        }
    }

    fn refusal(change: impl FnOnce(&mut Description)) -> String {
        let mut description = description();
        change(&mut description);
        check(&description).unwrap_err()
    }

    #[test]
    fn a_sound_description_passes() {
        assert_eq!(check(&description()), Ok(()));
    }

    #[test]
    fn each_part_is_checked() {
        assert!(refusal(|d| d.title.clear()).contains("title"));
        assert!(refusal(|d| d.summary = "x".repeat(501)).contains("summary"));
        assert!(refusal(|d| d.url = "javascript:alert(1)".into()).contains("url"));
        assert!(refusal(|d| d.headers[0].name = "host".into()).contains("host"));
        assert!(refusal(|d| d.headers[0].placeholder = "a\nb".into()).contains("placeholder"));
        assert!(refusal(|d| d.headers = vec![d.headers[0].clone(); 17]).contains("16"));
    }

    #[test]
    fn a_schema_is_valid_complete_and_cheap() {
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
            let refusal = refusal(|d| d.settings_schema = schema.into());
            assert!(refusal.contains("settings-schema") && refusal.contains(problem), "{schema}: {refusal}");
        }
        assert!(refusal(|d| d.settings_schema = " ".repeat(MAX_SCHEMA_BYTES + 1)).contains("65536"));
        assert!(refusal(|d| d.settings_schema = "[".repeat(10_000)).contains("JSON"));
    }
}
