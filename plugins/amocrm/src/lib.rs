//! Leads in amoCRM (Kommo): a lead with its contact in one call, then the message as a note.
//!
//! Nothing is unique here unless the account's duplicate control is on. After a lost answer the lead and the note are
//! looked for before they are created again.

use hookwright_sdk::{Action, Description, Event, HeaderHint, History, Mapping, Stop};

mod api;
mod contact;
mod incoming;
mod lead;
mod note;
mod settings;
#[cfg(test)]
mod tests;

use api::Api;
use settings::Settings;

struct AmoCrm;

impl Mapping for AmoCrm {
    type Settings = Settings;

    fn describe() -> Description {
        Description {
            title: "amoCRM",
            summary: "A lead becomes a lead with its contact, and the message a note on it. Kommo is the same.",
            url: "https://SUBDOMAIN.amocrm.ru",
            headers: &[HeaderHint {
                name: "authorization",
                placeholder: "Bearer … (the long-lived token of a private integration)",
                secret: true,
            }],
        }
    }

    fn transform(event: &Event, settings: &Settings, so_far: &History) -> Result<Action, Stop> {
        let mut lead = event.lead.cleaned();
        if lead.is_blank() {
            return Ok(Action::skip_blank());
        }
        let unusable_email = lead.take_unusable_email();
        let api = Api::new(settings, so_far, event)?;
        let contact = contact::find_or_describe(&api, &lead)?;
        let id = match settings.incoming {
            true => incoming::create(&api, &lead, contact)?,
            false => lead::create(&api, &lead, contact)?,
        };
        note::create(&api, &lead, unusable_email.as_deref(), &id)?;
        Ok(Action::done(format!("lead/{id}"), settings.lead_url(&id)))
    }
}

hookwright_sdk::export!(AmoCrm);
