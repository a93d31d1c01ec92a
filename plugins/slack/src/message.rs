//! The message of a lead, in Block Kit.
//!
//! What a visitor typed is escaped in every `mrkdwn` text, so that it can neither notify anybody (`<!channel>`) nor hide a
//! link (`<http://x|y>`), and `verbatim` keeps Slack from making links and mentions of it by itself. `plain_text`, which the
//! header has to be, is not parsed at all; `emoji` off leaves `:name:` as typed.

use hookwright_sdk::{Event, Failure, Lead, text, time};
use serde_json::{Value, json};

/// Slack's limits, in characters, escapes included; counted in UTF-16 units, which are never fewer.
const HEADER_MAX_UNITS: usize = 150;
const SECTION_MAX_UNITS: usize = 3_000;
/// Slack allows 2,000 for a field; about 13,000 for all blocks together.
const FIELD_MAX_UNITS: usize = 1_900;
const CONTEXT_MAX_UNITS: usize = 300;
/// What a notification shows of it is shorter.
const TEXT_MAX_UNITS: usize = 300;

/// The body of the request.
///
/// # Errors
/// A permanent failure if the event's time is none.
pub(crate) fn of(event: &Event, lead: &Lead, heading: &str) -> Result<Value, Failure> {
    let title = title(lead, heading);
    let mut blocks = vec![json!({
        "type": "header",
        "text": { "type": "plain_text", "text": text::truncate_units(&title, HEADER_MAX_UNITS), "emoji": false },
    })];
    blocks.extend(details(lead));
    if let Some(message) = &lead.message {
        let message = mrkdwn(&text::chat_markup(message, SECTION_MAX_UNITS));
        blocks.push(json!({ "type": "section", "text": message }));
    }
    blocks.push(json!({ "type": "context", "elements": origin(event, lead)? }));
    Ok(json!({
        "text": text::chat_markup(&title, TEXT_MAX_UNITS),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    }))
}

/// `New lead: John Smith`, with the best that is known in the place of a name.
fn title(lead: &Lead, heading: &str) -> String {
    let heading = text::line(heading);
    let known = lead.name.as_ref().or(lead.phone.as_ref()).or(lead.email.as_ref());
    match (heading, known) {
        (Some(heading), Some(known)) => format!("{heading}: {known}"),
        (Some(heading), None) => heading,
        (None, Some(known)) => known.clone(),
        (None, None) => lead.stand_in_name(),
    }
}

/// What was collected, as far as it was: a section without fields is refused.
fn details(lead: &Lead) -> Option<Value> {
    let known = [("Name", &lead.name), ("Phone", &lead.phone), ("Email", &lead.email)];
    let fields: Vec<Value> = known
        .into_iter()
        .filter_map(|(label, value)| {
            let value = text::chat_markup(value.as_deref()?, FIELD_MAX_UNITS);
            Some(mrkdwn(&format!("*{label}*\n{value}")))
        })
        .collect();
    (!fields.is_empty()).then(|| json!({ "type": "section", "fields": fields }))
}

/// Where the lead comes from, and when: readers see the time in their own zone.
fn origin(event: &Event, lead: &Lead) -> Result<Vec<Value>, Failure> {
    let label = |label: &str, value: &Option<String>| {
        let value = text::chat_markup(value.as_deref()?, CONTEXT_MAX_UNITS);
        Some(mrkdwn(&format!("{label}: {value}")))
    };
    let secs = time::unix_millis(&event.created_at)?.div_euclid(1_000);
    let utc = time::readable(&event.created_at)?;
    let at = mrkdwn(&format!("<!date^{secs}^{{date_short_pretty}}, {{time}}|{utc}>"));
    let elements = [label("Channel", &lead.channel), label("Conversation", &lead.conversation_id), Some(at)];
    Ok(elements.into_iter().flatten().collect())
}

fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}
