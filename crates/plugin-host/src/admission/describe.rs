//! Rules for what a plugin says of itself: people see it before they attach the plugin to anything.

use hookwright_model::header::{HeaderSource, parse_header};
use hookwright_model::{Description, HeaderHint, TargetUrl};

use crate::limits::{MAX_HEADER_HINTS, MAX_PLACEHOLDER_CHARS, MAX_SUMMARY_CHARS, MAX_TITLE_CHARS};
use crate::text::{is_hidden, is_shown};

/// Checks a description, but for its schema: that takes a job of its own.
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
    description.headers.iter().try_for_each(check_hint)
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
            settings_schema: "{}".into(),
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
}
