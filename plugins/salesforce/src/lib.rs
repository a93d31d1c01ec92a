//! Leads in Salesforce: a lead with the message as its description.
//!
//! With an external id field for the conversation the lead is upserted by it, so that nothing is created twice and a
//! second lead of a conversation updates the first. Without one Salesforce has no key: after a lost answer the lead is
//! looked for by name, address and phone number before it is created again. One with neither address nor phone number
//! cannot be told from others, and may then be there twice.

use hookwright_sdk::{
    Action, Description, Draft, Event, HeaderHint, History, Mapping, Receipt, Stop, without_refused,
};

mod api;
mod fields;
mod lead;
mod settings;
#[cfg(test)]
mod tests;

use api::Api;
use settings::Settings;

struct Salesforce;

impl Mapping for Salesforce {
    type Settings = Settings;

    fn describe() -> Description {
        Description {
            title: "Salesforce",
            summary: "A lead becomes a Salesforce lead with its message as the description.",
            url: "https://NAME.my.salesforce.com",
            headers: &[HeaderHint {
                name: "authorization",
                placeholder: "Bearer … (access token of a connected app with the scope api. It expires with its session: \
                              renew it in time, or extend the session in the policy)",
                secret: true,
            }],
        }
    }

    fn transform(event: &Event, settings: &Settings, so_far: &History) -> Result<Action, Stop> {
        let collected = event.lead.cleaned();
        if collected.is_blank() {
            return Ok(Action::skip_blank());
        }
        Draft::warn_of_unfit(&collected, so_far);
        let api = Api::new(settings, so_far);
        let (id, _) = without_refused(so_far, |refused| {
            let draft = Draft::of(&collected, refused);
            match settings.external_id_field().zip(collected.conversation_id.as_deref()) {
                Some((field, conversation)) => lead::upsert(&api, &draft, field, conversation),
                None => lead::create(&api, event, &draft),
            }
        })?;
        Ok(match id {
            Some(id) => Action::done(format!("lead/{id}"), settings.lead_url(&id)),
            None => Action::Done(Receipt { reference: None, url: None }),
        })
    }
}

hookwright_sdk::export!(Salesforce);
