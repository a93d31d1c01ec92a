//! Leads in Bitrix24: one request holds everything.
//!
//! Nothing is unique here. Each lead carries the id of its event as its origin, and after a lost answer it is looked for by
//! that before it is created again.

use hookwright_sdk::{Action, Description, Draft, Event, History, Mapping, Stop, Written, without_refused};

mod api;
mod comment;
mod duplicate;
mod lead;
mod settings;
mod story;
#[cfg(test)]
mod tests;

use api::Api;
use duplicate::Known;
use settings::Settings;

struct Bitrix24;

impl Mapping for Bitrix24 {
    type Settings = Settings;

    fn describe() -> Description {
        Description {
            title: "Bitrix24",
            summary: "A lead becomes a Bitrix24 lead with its contact details, and its message as a comment.",
            // The credential is a part of the URL, so that no header is needed.
            url: "https://PORTAL.bitrix24.com/rest/USER/SECRET",
            headers: &[],
        }
    }

    fn transform(event: &Event, settings: &Settings, so_far: &History) -> Result<Action, Stop> {
        let collected = event.lead.cleaned();
        if collected.is_blank() {
            return Ok(Action::skip_blank());
        }
        Draft::warn_of_unfit(&collected, so_far);
        let api = Api::new(settings, so_far, event);
        let (id, _) = without_refused(so_far, |refused| {
            let draft = Draft::of(&collected, refused);
            let known = duplicate::find(&api, &draft.lead)?;
            let story = story::of(event, &draft)?;
            match known {
                Some(Known::Lead(id)) => {
                    comment::create(&api, &draft.lead, id, &story)?;
                    Ok(Written::Done(id.to_string()))
                }
                Some(Known::Contact(id)) => lead::create(&api, &draft, Some(id), &story),
                None => lead::create(&api, &draft, None, &story),
            }
        })?;
        Ok(Action::done(format!("lead/{id}"), settings.lead_url(&id)))
    }
}

hookwright_sdk::export!(Bitrix24);
