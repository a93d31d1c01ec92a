//! `hookwright delivery`: one event for one webhook.

pub(crate) mod report;

use anyhow::{Result, bail};
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use hookwright_api_types::delivery::{DeliveriesQuery, DeliveryBody};
use hookwright_api_types::limits::MAX_PAGE_ITEMS;
use hookwright_api_types::path;
use hookwright_model::{DeliveryId, DeliveryState, Timestamp, WebhookId};
use http::Method;

use super::named::{Named, ProjectArg};
use super::output;
use crate::client::{Client, ServerArgs};

/// Show, resend and cancel deliveries
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright delivery show dlv_0198c0de7e577aaa80000123456789ab\n\n\
    `hookwright log --project PROJECT` lists the deliveries of a project.")]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the event, and each attempt with its request and reply
    #[command(after_help = "Example:\n  hookwright delivery show dlv_0198c0de7e577aaa80000123456789ab")]
    Show {
        /// The delivery's id
        id: DeliveryId,
    },
    Resend(Resend),
    /// Call it off: it is not tried again
    #[command(after_help = "Example:\n  hookwright delivery cancel dlv_0198c0de7e577aaa80000123456789ab")]
    Cancel {
        /// The delivery's id
        id: DeliveryId,
    },
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let client = Client::new(&args.server)?;
    match args.command {
        Command::Show { id } => show(&client, &args.server, id).await,
        Command::Resend(resend) => resend.run(&client, &args.server).await,
        Command::Cancel { id } => {
            let answer = client.call(Method::POST, &path::delivery_cancel(id)).send().await?;
            output::show(&args.server, &answer, cancelled)
        }
    }
}

/// Send deliveries again now, with the webhook's current URL, headers and mapping
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright delivery resend dlv_0198c0de7e577aaa80000123456789ab\n  \
    hookwright delivery resend --webhook HubSpot --state failed --since 2026-05-31T10:00:00Z --yes\n\n\
    What failed or is held goes on with the step that failed; what has ended otherwise begins anew. Many are resent \
    after their number was confirmed.")]
struct Resend {
    /// One delivery
    #[arg(required_unless_present = "state", conflicts_with_all = ["state", "webhook", "since"])]
    id: Option<DeliveryId>,
    /// All deliveries in this state
    #[arg(long, value_parser = PossibleValuesParser::new(["held", "failed", "cancelled", "skipped", "delivered"]))]
    state: Option<String>,
    /// Only those of this webhook, by its id or name
    #[arg(long, value_name = "WEBHOOK", requires = "state")]
    webhook: Option<Named<WebhookId>>,
    /// Only those created at this time or later
    #[arg(long, value_name = "TIME", requires = "state")]
    since: Option<Timestamp>,
    /// Resend many without a question
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    project: ProjectArg,
}

impl Resend {
    async fn run(self, client: &Client, server: &ServerArgs) -> Result<()> {
        if let Some(id) = self.id {
            let answer = client.call(Method::POST, &path::delivery_resend(id)).send().await?;
            return output::show(server, &answer, resent);
        }
        let deliveries = self.wanted(client).await?;
        if deliveries.is_empty() {
            return if server.json { Ok(()) } else { output::print("No delivery matches the filters.") };
        }
        let many = deliveries.len();
        output::confirm(&format!("{many} deliveries will be sent again."), self.yes)?;
        let mut refused = 0;
        for delivery in deliveries {
            match client.call(Method::POST, &path::delivery_resend(&delivery.id)).send().await {
                Ok(answer) if server.json => output::print_json(&answer.read::<DeliveryBody>()?)?,
                Ok(_) => {}
                Err(error) => {
                    refused += 1;
                    output::warn(&format!("{}: {error:#}", delivery.id));
                }
            }
        }
        if refused > 0 {
            bail!("{refused} of {many} deliveries were not sent again");
        }
        if server.json {
            Ok(())
        } else {
            output::print(&format!("{many} deliveries are sent again; see `hookwright log`"))
        }
    }

    /// The deliveries, oldest first. All are read before the first is sent again: a resend changes what is listed.
    async fn wanted(&self, client: &Client) -> Result<Vec<DeliveryBody>> {
        let webhook = match &self.webhook {
            Some(webhook) => Some(webhook.find(client, &self.project).await?.to_string()),
            None => None,
        };
        let query = DeliveriesQuery { state: self.state.clone(), webhook, ..DeliveriesQuery::default() };
        let path = path::deliveries(self.project.find(client).await?);
        let mut wanted: Vec<DeliveryBody> = Vec::new();
        let mut cursor = None;
        loop {
            let page = client.page(&path, &query, cursor.as_deref(), MAX_PAGE_ITEMS).await?;
            for json in &page.data {
                let delivery: DeliveryBody = serde_json::from_str(json.get())?;
                let created: Timestamp = delivery.created_at.parse()?;
                if self.since.is_some_and(|since| created < since) {
                    // The newest come first.
                    cursor = None;
                    break;
                }
                wanted.push(delivery);
                cursor.clone_from(&page.next_cursor);
            }
            if page.data.is_empty() {
                cursor = page.next_cursor;
            }
            if cursor.is_none() {
                wanted.reverse();
                return Ok(wanted);
            }
        }
    }
}

/// Prints everything that is known of a delivery.
pub(crate) async fn show(client: &Client, server: &ServerArgs, id: DeliveryId) -> Result<()> {
    let answer = client.call(Method::GET, &path::delivery(id)).send().await?;
    output::show(server, &answer, report::whole)
}

fn resent(delivery: &DeliveryBody) -> String {
    let DeliveryBody { id, state, .. } = delivery;
    format!("{id} is {state}\nFollow it: hookwright log {id}")
}

fn cancelled(delivery: &DeliveryBody) -> String {
    let DeliveryBody { id, state, .. } = delivery;
    if delivery.is(DeliveryState::Cancelled) {
        format!("{id} is cancelled")
    } else {
        format!("{id} stays as it is: it is {state} already")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(state: &str) -> DeliveryBody {
        let json = format!(
            r#"{{"id": "dlv_1", "event": "evt_1", "webhook": "whk_1", "project": "p", "origin": "event",
                "state": "{state}", "reason": null, "receipt": null, "attempt_count": 0, "next_attempt_at": null,
                "component": null, "created_at": "2026-05-31T10:00:00Z", "lead": null}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn what_has_ended_is_not_said_to_be_cancelled() {
        assert_eq!(cancelled(&delivery("cancelled")), "dlv_1 is cancelled");
        assert_eq!(cancelled(&delivery("delivered")), "dlv_1 stays as it is: it is delivered already");
        assert!(resent(&delivery("pending")).contains("hookwright log dlv_1"));
    }
}
