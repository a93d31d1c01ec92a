//! Leads become tickets.

use hookwright_sdk::{Action, Description, Event, HeaderHint, History, Mapping, Request, Stop, log};

struct Tickets;

/// How leads become tickets.
#[derive(Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The queue that gets the tickets. Empty: the default queue.
    queue: String,
}

impl Mapping for Tickets {
    type Settings = Settings;

    fn describe() -> Description {
        Description {
            title: "Tickets",
            summary: "A lead becomes a ticket.",
            url: "https://tickets.example.com/api",
            headers: &[HeaderHint { name: "authorization", placeholder: "Bearer …", secret: true }],
        }
    }

    fn transform(event: &Event, settings: &Settings, so_far: &History) -> Result<Action, Stop> {
        let lead = event.lead.cleaned();
        if lead.is_blank() {
            return Ok(Action::skip("nothing was collected"));
        }
        if lead.phone.is_none() && lead.email.is_none() {
            log::info("this lead can only be answered in the conversation");
        }
        // What was not collected is left out.
        let mut ticket = serde_json::json!({ "subject": lead.title(), "queue": settings.queue });
        for (name, value) in [("phone", lead.phone), ("email", lead.email), ("text", lead.message)] {
            if let Some(value) = value {
                ticket[name] = value.into();
            }
        }
        let created = so_far.call(Request::post("create-ticket").path("/tickets").json(&ticket))?;
        Ok(Action::done(format!("ticket/{}", created.id("/id")?), None))
    }
}

hookwright_sdk::export!(Tickets);

#[cfg(test)]
mod tests;
