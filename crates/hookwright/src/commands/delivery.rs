//! `hookwright delivery`: one event for one webhook.

pub(crate) mod report;

use anyhow::Result;
use clap::Subcommand;
use hookwright_api_types::delivery::DeliveryBody;
use hookwright_api_types::path;
use hookwright_model::{DeliveryId, DeliveryState};
use http::Method;

use super::output;
use crate::client::{Client, ServerArgs};

/// Show, resend and cancel single deliveries
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
    /// Send it again now, with the webhook's current URL, headers and mapping
    #[command(after_help = "Example:\n  hookwright delivery resend dlv_0198c0de7e577aaa80000123456789ab\n\n\
        What failed or is held goes on with the step that failed; what has ended otherwise begins anew.")]
    Resend {
        /// The delivery's id
        id: DeliveryId,
    },
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
        Command::Resend { id } => {
            let answer = client.call(Method::POST, &path::delivery_resend(id)).send().await?;
            output::show(&args.server, &answer, resent)
        }
        Command::Cancel { id } => {
            let answer = client.call(Method::POST, &path::delivery_cancel(id)).send().await?;
            output::show(&args.server, &answer, cancelled)
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
    format!("{id} is {state}\nWhat comes of it: hookwright log {id}")
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
                "component": null, "created_at": "2026-05-31T10:00:00Z"}}"#
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
