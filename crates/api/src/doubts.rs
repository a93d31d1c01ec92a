//! What is doubtful about a webhook although it can be stored.

use hookwright_engine::ScopedEngine;
use hookwright_model::{PageRequest, Webhook, WebhookState};

use crate::problem::Problem;

/// How many other webhooks of the project are looked at.
const MAX_OTHERS: usize = 2_000;

/// Says which other active webhooks send the same events to the same place, so that each lead arrives twice there.
pub(crate) async fn of(engine: &ScopedEngine, webhook: &Webhook) -> Result<Vec<String>, Problem> {
    if webhook.state != WebhookState::Active {
        return Ok(Vec::new());
    }
    let page = engine.webhooks(webhook.project, PageRequest { after: None, limit: MAX_OTHERS }).await?;
    let others = page.items.iter().filter(|other| is_second(other, webhook));
    Ok(others.map(|other| warning(other)).collect())
}

fn is_second(other: &Webhook, webhook: &Webhook) -> bool {
    other.id != webhook.id
        && other.state == WebhookState::Active
        && other.url == webhook.url
        && other.events.iter().any(|event| webhook.events.contains(event))
        && !other.headers.iter().any(|(name, value)| {
            // Another value of a header is the key of another account.
            webhook.headers.get(name).is_some_and(|own| own != value)
        })
}

fn warning(other: &Webhook) -> String {
    let name = if other.name.is_empty() { String::new() } else { format!(" (\"{}\")", other.name) };
    format!(
        "the active webhook {}{name} sends the same events to the same URL: each lead arrives twice there. Pause or \
         delete one of them.",
        other.id
    )
}
