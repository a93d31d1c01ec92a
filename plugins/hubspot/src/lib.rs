//! Leads in HubSpot: a contact, a deal if wished, and the message as a note on the contact.
//!
//! A lead with an address is upserted by it, so a second lead of the same person lands on the same contact. Without one
//! HubSpot has no key, and a contact is created.
//!
//! Deals and notes have no key either. After a lost answer each of them is looked for before it is created again: the
//! search knows a new record after some seconds, which is less than the webhook's first wait.

use hookwright_sdk::{
    Action, Description, Draft, Event, HeaderHint, History, Mapping, Stop, without_refused,
};

mod api;
mod contact;
mod deal;
mod note;
mod settings;
#[cfg(test)]
mod tests;

use api::Api;
use settings::Settings;

struct HubSpot;

impl Mapping for HubSpot {
    type Settings = Settings;

    fn describe() -> Description {
        Description {
            title: "HubSpot",
            summary: "A lead becomes a contact, matched by email, with its message as a note, and a deal if you name a stage.",
            url: "https://api.hubapi.com",
            headers: &[HeaderHint {
                name: "authorization",
                placeholder: "Bearer pat-eu1-… (service key or private app token; scopes crm.objects.contacts.write, \
                              crm.objects.contacts.read, and crm.objects.deals.write and .read for deals)",
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
        let (contact, refused) =
            without_refused(so_far, |refused| contact::write(&api, &Draft::of(&lead, refused)))?;
        if settings.deal_stage().is_some() {
            deal::create(&api, event, &lead, &contact)?;
        }
        note::create(&api, event, &Draft::of(&lead, &refused), &contact)?;
        Ok(Action::done(format!("contact/{contact}"), settings.contact_url(&contact)))
    }
}

hookwright_sdk::export!(HubSpot);
