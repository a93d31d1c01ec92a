//! `hookwright event list` and `deliver`: the events of a project, and those that no webhook wanted.

use anyhow::Result;
use hookwright_api_types::event::{EventRow, EventsQuery};
use hookwright_api_types::page::PageBody;
use hookwright_api_types::path;
use hookwright_model::EventId;
use http::Method;

use crate::client::{Client, ServerArgs};
use crate::commands::named::ProjectArg;
use crate::commands::output::{self, Table};

/// List the events of a project, the newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright event list --project PROJECT --undelivered")]
pub(super) struct List {
    #[command(flatten)]
    project: ProjectArg,
    /// Only events that no webhook wanted
    #[arg(long)]
    undelivered: bool,
    /// The most events to list
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    limit: usize,
}

/// Deliver an event that no webhook wanted, now that there is one
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright event deliver evt_0198c0de7e577aaa80000123456789ab")]
pub(super) struct Deliver {
    /// The event's id
    id: EventId,
}

impl List {
    pub(super) async fn run(self, client: &Client, server: &ServerArgs) -> Result<()> {
        let filter = self.undelivered.then(|| EventsQuery::UNDELIVERED.to_owned());
        let query = EventsQuery { filter, ..EventsQuery::default() };
        let page =
            client.list(&path::project_events(self.project.find(client).await?), &query, self.limit).await?;
        output::show(server, &page.try_into()?, listed)
    }
}

impl Deliver {
    pub(super) async fn run(self, client: &Client, server: &ServerArgs) -> Result<()> {
        let answer = client.call(Method::POST, &path::event_deliver(self.id)).send().await?;
        output::show(server, &answer, super::accepted)
    }
}

fn listed(events: &PageBody<EventRow>) -> String {
    if events.data.is_empty() {
        return "No events yet. Send one with `hookwright event send`.".to_owned();
    }
    let head = ["ID", "RECEIVED", "NAME", "EMAIL", "DELIVERY"].map(str::to_owned);
    let rows = events.data.iter().map(|event| {
        let EventRow { id, received_at, lead, undelivered, .. } = event;
        let delivery = if *undelivered { "none: no webhook wanted it" } else { "" };
        let text = |text: &Option<String>| text.as_deref().unwrap_or("–").to_owned();
        [id.clone(), output::to_second(received_at), text(&lead.name), text(&lead.email), delivery.to_owned()]
    });
    Table::default().lines(std::iter::once(head).chain(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_listed_with_their_leads() {
        let json = r#"{"data": [
            {"id": "evt_2", "project": "p", "event": "lead.created", "received_at": "2026-05-31T10:00:01.5Z", "lead": {"name": "Ann", "email": null, "phone": null, "not_collected": []}, "undelivered": true},
            {"id": "evt_1", "project": "p", "event": "lead.created", "received_at": "2026-05-31T10:00:00Z", "lead": {"name": null, "email": "a@b.co", "phone": null, "not_collected": []}, "undelivered": false}
        ], "next_cursor": null}"#;
        let expected = "\
            ID     RECEIVED              NAME  EMAIL   DELIVERY\n\
            evt_2  2026-05-31T10:00:01Z  Ann   –       none: no webhook wanted it\n\
            evt_1  2026-05-31T10:00:00Z  –     a@b.co  \n";
        let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        assert_eq!(trimmed(&listed(&serde_json::from_str(json).unwrap())), trimmed(expected));
    }
}
