//! Leads in Slack: a Block Kit message through an incoming webhook, whose URL is the credential.
//!
//! Slack keeps no key of a message and an incoming webhook cannot look for one, so a message whose answer was lost is sent
//! again. The conversation at its foot shows that two messages are one lead.

use hookwright_sdk::{Action, Description, Event, History, Mapping, Receipt, Request, Stop, log};
use schemars::JsonSchema;
use serde::Deserialize;

mod answer;
mod message;
#[cfg(test)]
mod tests;

const STEP: &str = "post-message";

struct Slack;

/// How leads become messages in Slack. The channel is the one that the webhook's URL was made for.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Slack")]
struct Settings {
    /// The words above each lead, followed by its name.
    #[schemars(title = "Heading", length(max = 100))]
    heading: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { heading: "New lead".to_owned() }
    }
}

impl Mapping for Slack {
    type Settings = Settings;

    fn describe() -> Description {
        Description {
            title: "Slack",
            summary: "A lead becomes a message in a channel. The URL is that of an incoming webhook, made in your Slack app \
                      for this channel; anyone who knows it can post there.",
            url: "https://hooks.slack.com/services/T…/B…/…",
            headers: &[],
        }
    }

    fn transform(event: &Event, settings: &Settings, so_far: &History) -> Result<Action, Stop> {
        let lead = event.lead.cleaned();
        if lead.is_blank() {
            return Ok(Action::skip_blank());
        }
        if so_far.uncertain.as_deref() == Some(STEP) {
            log::warn("The message may be in the channel already. Slack cannot tell, so it is posted again.");
        }
        let message = message::of(event, &lead, &settings.heading)?;
        let posted = so_far.call(Request::post(STEP).json(&message).accept(&answer::REFUSALS))?;
        answer::check(posted)?;
        // Slack answers with a word, not with an id.
        Ok(Action::Done(Receipt { reference: None, url: None }))
    }
}

hookwright_sdk::export!(Slack);
