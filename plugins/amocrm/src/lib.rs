//! Leads in amoCRM (Kommo): a lead with its contact in one call, then the message as a note.
//!
//! Nothing is unique here unless the account's duplicate control is on. After a lost answer the lead and the note are
//! looked for before they are created again.

use hookwright_sdk::{
    Action, Description, Draft, Event, HeaderHint, History, Mapping, Stop, without_refused,
};

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
            summary: "A lead becomes an amoCRM lead with its contact, and its message a note on it. Works for Kommo, too.",
            url: "https://SUBDOMAIN.amocrm.ru",
            headers: &[HeaderHint {
                name: "authorization",
                placeholder: "Bearer … (the long-lived token of a private integration)",
                secret: true,
            }],
        }
    }

    fn transform(event: &Event, settings: &Settings, so_far: &History) -> Result<Action, Stop> {
        let lead = event.lead.cleaned();
        if lead.is_blank() {
            return Ok(Action::skip_blank());
        }
        Draft::warn_of_unfit(&lead, so_far);
        let api = Api::new(settings, so_far, event)?;
        let mut not_added = Vec::new();
        let (id, refused) = without_refused(so_far, |refused| {
            let draft = Draft::of(&lead, refused);
            let contact = contact::find_or_describe(&api, &draft)?;
            not_added = contact.not_added;
            match settings.incoming {
                true => incoming::create(&api, &draft, contact.embedded),
                false => lead::create(&api, &draft, contact.embedded),
            }
        })?;
        note::create(&api, &Draft::of(&lead, &refused), &not_added, &id)?;
        Ok(Action::done(format!("lead/{id}"), settings.lead_url(&id)))
    }
}

hookwright_sdk::export!(AmoCrm);
