//! `hookwright log`: the deliveries of a project.

mod rows;
mod watch;

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::builder::{PossibleValuesParser, RangedU64ValueParser};
use hookwright_api_types::delivery::{DeliveriesQuery, DeliveryBody};
use hookwright_api_types::limits::MAX_PAGE_ITEMS;
use hookwright_api_types::page::PageBody;
use hookwright_api_types::path;
use hookwright_api_types::webhook::WebhookBody;
use hookwright_model::{DeliveryId, DeliveryState, EventId, ProjectId, WebhookId};
use serde_json::value::RawValue;
use tokio::time::{MissedTickBehavior, interval};

use self::rows::DeliveryTable;
use self::watch::Watch;
use super::delivery;
use super::named::{Named, ProjectArg};
use super::output;
use crate::client::{Answer, Client, Page, ServerArgs};

/// How often `--follow` looks for changes.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// The most pages that `--follow` reads at once to catch up with new deliveries.
const MAX_POLLED_PAGES: usize = 10;

/// Show the deliveries of a project, the newest last, or everything about one delivery
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright log --project PROJECT --state failed\n  \
    hookwright log --project PROJECT --follow\n  \
    hookwright log dlv_0198c0de7e577aaa80000123456789ab\n\n\
    --follow prints a delivery again when it changes, as long as it is among the newest 200 that the filters let \
    through; with --json, one a line. Without --follow, --json has the newest first, as the server lists them.")]
pub(crate) struct Args {
    /// A delivery: its event, and each attempt with request, reply, error and hint
    #[arg(conflicts_with_all = ["state", "webhook", "event", "limit", "follow"])]
    delivery: Option<DeliveryId>,
    #[command(flatten)]
    project: ProjectArg,
    /// Only deliveries in this state
    #[arg(long, value_parser = PossibleValuesParser::new(DeliveryState::ALL.map(DeliveryState::as_str)))]
    state: Option<String>,
    /// Only deliveries of this webhook
    #[arg(long, value_name = "WEBHOOK")]
    webhook: Option<Named<WebhookId>>,
    /// Only deliveries of this event
    #[arg(long, value_name = "EVENT")]
    event: Option<EventId>,
    /// How many of the newest deliveries are shown
    #[arg(long, value_name = "N", default_value_t = 50)]
    #[arg(value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    limit: usize,
    /// Go on until Ctrl-C, printing what is new or changes
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let client = Client::new(&args.server)?;
    if let Some(delivery) = args.delivery {
        return delivery::show(&client, &args.server, delivery).await;
    }
    let project = args.project.find(&client).await?;
    let webhook = match &args.webhook {
        Some(webhook) => Some(webhook.find(&client, &args.project).await?),
        None => None,
    };
    let log = Log { query: args.query(webhook), client, project };
    match args.follow {
        true => log.follow(&args.server, args.limit).await,
        false => log.show(&args.server, args.limit).await,
    }
}

impl Args {
    fn query(&self, webhook: Option<WebhookId>) -> DeliveriesQuery {
        DeliveriesQuery {
            state: self.state.clone(),
            webhook: webhook.map(|id| id.to_string()),
            event: self.event.map(|id| id.to_string()),
            ..DeliveriesQuery::default()
        }
    }
}

/// The deliveries of one project that are wanted.
struct Log {
    client: Client,
    project: ProjectId,
    query: DeliveriesQuery,
}

impl Log {
    async fn show(&self, server: &ServerArgs, limit: usize) -> Result<()> {
        let page = self.newest(limit).await?;
        if server.json {
            return output::print_json(&page);
        }
        if page.data.is_empty() {
            return output::print(self.nothing());
        }
        let mut deliveries = read_all(&page.data)?;
        deliveries.reverse();
        let mut table = DeliveryTable::new(self.webhook_names().await?, output::terminal_width());
        output::print_rows(&table.begin(&deliveries))
    }

    async fn follow(&self, server: &ServerArgs, limit: usize) -> Result<()> {
        let mut watch = Watch::default();
        let mut table = DeliveryTable::new(self.webhook_names().await?, output::terminal_width());
        let first = watch.changes(&self.newest(limit.max(MAX_PAGE_ITEMS)).await?)?;
        let first = &first[first.len().saturating_sub(limit)..];
        if server.json {
            first.iter().try_for_each(output::print_json)?;
        } else {
            output::print_rows(&table.begin(&read_all(first)?))?;
        }
        let mut ticks = interval(POLL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let changes = watch.changes(&self.window(&watch).await?)?;
            if server.json {
                changes.iter().try_for_each(output::print_json)?;
            } else if !changes.is_empty() {
                output::print_rows(&table.go_on(&read_all(&changes)?))?;
            }
        }
    }

    /// What an empty log means.
    fn nothing(&self) -> &'static str {
        let DeliveriesQuery { state, webhook, event, .. } = &self.query;
        if state.is_none() && webhook.is_none() && event.is_none() {
            "No deliveries yet. Send a lead with `hookwright event send`, or a sample with `hookwright webhook test`."
        } else {
            "No delivery matches the filters."
        }
    }

    async fn newest(&self, limit: usize) -> Result<Page> {
        self.client.list(&self.path(), &self.query, limit).await
    }

    /// The newest deliveries, at least as far back as to one that `watch` knows, within reason.
    async fn window(&self, watch: &Watch) -> Result<Page> {
        let mut window = Page::default();
        for _ in 0..MAX_POLLED_PAGES {
            let cursor = window.next_cursor.as_deref();
            let page = self.client.page(&self.path(), &self.query, cursor, MAX_PAGE_ITEMS).await?;
            let may_miss_some = page.next_cursor.is_some() && watch.knows_none_of(&page)?;
            window.data.extend(page.data);
            window.next_cursor = page.next_cursor;
            if !may_miss_some {
                break;
            }
        }
        Ok(window)
    }

    fn path(&self) -> String {
        path::deliveries(self.project)
    }

    async fn webhook_names(&self) -> Result<HashMap<String, String>> {
        let page = self.client.list(&path::webhooks(self.project), &(), usize::MAX).await?;
        let webhooks: PageBody<WebhookBody> = Answer::try_from(page)?.read()?;
        let named = webhooks.data.into_iter().filter(|webhook| !webhook.name.is_empty());
        Ok(named.map(|webhook| (webhook.id, webhook.name)).collect())
    }
}

fn read_all(items: &[Box<RawValue>]) -> Result<Vec<DeliveryBody>> {
    let read = items.iter().map(|json| serde_json::from_str(json.get())).collect::<Result<_, _>>();
    read.context("the server describes a delivery in a way that this command does not know")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    const PROJECT: &str = "0198c0de-7e57-7aaa-8000-0123456789ab";
    const DELIVERY: &str = "dlv_0198c0de7e577aaa80000123456789ab";

    fn parse(args: &[&str]) -> Result<Args, clap::Error> {
        Cli::try_parse_from([&["log"], args].concat()).map(|cli| cli.args)
    }

    #[test]
    fn it_is_of_a_project_or_of_a_delivery() {
        assert!(parse(&[DELIVERY]).is_ok());
        assert!(parse(&[DELIVERY, "--project", PROJECT]).is_ok(), "as with HOOKWRIGHT_PROJECT");
        let args = parse(&["--project", PROJECT, "--state", "held", "--limit", "5"]).unwrap();
        assert_eq!(args.query(None).state.as_deref(), Some("held"));
        for wrong in [
            &[DELIVERY, "--follow"][..],
            &["evt_0198c0de7e577aaa80000123456789ab"],
            &["--project", PROJECT, "--state", "lost"],
            &["--project", PROJECT, "--limit", "0"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
