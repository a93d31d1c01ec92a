//! Leads in Notion: each becomes a page of a database, with the properties that the settings name.
//!
//! Notion has no key to write a page by, so a repeat would make a second one. After a lost answer the page is looked for
//! before it is created again.

use hookwright_sdk::field::Source;
use hookwright_sdk::{
    Action, Description, Event, HeaderHint, History, Mapping, Receipt, Stop, without_refused,
};

mod api;
mod look;
mod page;
mod parent;
mod property;
mod room;
mod settings;
#[cfg(test)]
mod tests;

use api::Api;
use settings::Settings;

struct Notion;

impl Mapping for Notion {
    type Settings = Settings;

    fn describe() -> Description {
        Description {
            title: "Notion",
            summary: "A lead becomes a page of your database, with the properties that you choose.",
            url: "https://api.notion.com",
            headers: &[HeaderHint {
                name: "authorization",
                placeholder: "Bearer ntn_… (an integration's secret with the capabilities to read and insert content; add \
                              the integration to the database under ••• → Connections)",
                secret: true,
            }],
        }
    }

    fn transform(event: &Event, settings: &Settings, so_far: &History) -> Result<Action, Stop> {
        let source = Source::of(event)?;
        if source.lead().is_blank() {
            return Ok(Action::skip_blank());
        }
        settings.check()?;
        let api = Api { settings, so_far };
        let parent = parent::of(&api)?;
        let (page, _) = without_refused(so_far, |refused| page::create(&api, &source, &parent, refused))?;
        Ok(match page {
            Some(page) => Action::done(format!("page/{page}"), Some(link(&page))),
            None => Action::Done(Receipt { reference: None, url: None }),
        })
    }
}

/// A link that opens the page for a person.
fn link(page: &str) -> String {
    format!("https://www.notion.so/{}", page.replace('-', ""))
}

hookwright_sdk::export!(Notion);
