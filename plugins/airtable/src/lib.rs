//! Leads in Airtable: each becomes a record of a table, with the columns that the settings name.
//!
//! A record is upserted by the conversation's id, so a repeat makes nothing twice. Without one, or if every lead is to have a
//! record of its own, the event's id takes its place where a column holds it; otherwise the record is created, and after a
//! lost answer created again.

use hookwright_sdk::field::Source;
use hookwright_sdk::{
    Action, Description, Event, HeaderHint, History, Mapping, Receipt, Stop, without_refused,
};

mod record;
mod refusal;
mod settings;
#[cfg(test)]
mod tests;

use settings::Settings;

struct Airtable;

impl Mapping for Airtable {
    type Settings = Settings;

    fn describe() -> Description {
        Description {
            title: "Airtable",
            summary: "A lead becomes a record of your table, with the columns that you choose.",
            url: "https://api.airtable.com",
            headers: &[HeaderHint {
                name: "authorization",
                placeholder: "Bearer pat… (personal access token with the scope data.records:write and access to the base)",
                secret: true,
            }],
        }
    }

    fn transform(event: &Event, settings: &Settings, so_far: &History) -> Result<Action, Stop> {
        let source = Source::of(event)?;
        if source.lead().is_blank() {
            return Ok(Action::skip_blank());
        }
        let (reply, _) =
            without_refused(so_far, |refused| record::write(&source, settings, so_far, refused))?;
        Ok(match record::written(reply)? {
            Some(record) => Action::done(format!("record/{record}"), Some(settings.record_url(&record))),
            None => Action::Done(Receipt { reference: None, url: None }),
        })
    }
}

hookwright_sdk::export!(Airtable);
