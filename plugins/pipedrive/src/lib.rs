//! Leads in Pipedrive: a person, a lead or a deal on that person, and the message as a note on it.
//!
//! Nothing is unique in Pipedrive. So the person is searched before one is created, by address, then by phone number;
//! and after a lost answer each record is looked for before it is created again.

use hookwright_sdk::{
    Action, Description, Draft, Event, HeaderHint, History, Mapping, Stop, without_refused,
};

mod api;
mod note;
mod person;
mod record;
mod settings;
#[cfg(test)]
mod tests;

use api::Api;
use settings::Settings;

struct Pipedrive;

impl Mapping for Pipedrive {
    type Settings = Settings;

    fn describe() -> Description {
        Description {
            title: "Pipedrive",
            summary: "A lead becomes a person, matched by email or phone, and a lead (or a deal) of that person with the message as a note.",
            url: "https://api.pipedrive.com/api",
            headers: &[HeaderHint {
                name: "x-api-token",
                placeholder: "Personal preferences → API → Your personal API token",
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
        let api = Api::new(settings, so_far);
        let (person, refused) =
            without_refused(so_far, |refused| person::write(&api, &Draft::of(&lead, refused)))?;
        let record = record::create(&api, event, &lead, person.id)?;
        note::create(&api, &Draft::of(&lead, &refused), &person, &record)?;
        Ok(Action::done(record.reference(), settings.url(&record)))
    }
}

hookwright_sdk::export!(Pipedrive);
