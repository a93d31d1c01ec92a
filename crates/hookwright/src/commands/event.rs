//! `hookwright event`: leads in, and what came in.

mod list;

use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use hookwright_api_types::event::AcceptedBody;
use hookwright_api_types::header::IDEMPOTENCY_KEY;
use hookwright_api_types::{media_type, path};
use hookwright_engine::ports::Clock;
use hookwright_model::{EventKind, ProjectId};
use http::{HeaderValue, Method};
use serde::Serialize;

use super::named::ProjectArg;
use super::output;
use crate::client::{Client, ServerArgs};
use crate::ports::SystemClock;

/// Send, list and deliver events
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright event send lead.json")]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Send(Send),
    List(list::List),
    Deliver(list::Deliver),
}

/// Send one event: a file, standard input, or a lead made from flags
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright event send lead.json --idempotency-key lead-17\n  \
    hookwright event send --project PROJECT --name 'John Smith' --email john@example.com")]
struct Send {
    /// The event as JSON, sent unchanged; `-` or nothing is standard input
    #[arg(conflicts_with = "lead")]
    file: Option<PathBuf>,
    /// Sending again with the same key within 24 hours is answered with the first result
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<HeaderValue>,
    #[command(flatten)]
    project: ProjectArg,
    #[command(flatten)]
    lead: Option<Lead>,
}

/// What was collected of a lead; what is not given was not collected.
#[derive(Debug, clap::Args, Serialize)]
#[group(id = "lead", multiple = true)]
struct Lead {
    /// The lead's name
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The lead's phone number
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// The lead's email address
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// What the lead wrote
    #[arg(long, value_name = "TEXT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Where the conversation took place, for example telegram
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// The conversation's id
    #[arg(long, value_name = "ID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<String>,
}

/// An event, its members in the order of the producer's.
#[derive(Serialize)]
struct Payload<'a> {
    event: &'a str,
    project_id: String,
    created_at: String,
    lead: &'a Lead,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let client = Client::new(&args.server)?;
    match args.command {
        Command::Send(send) => send.run(&client, &args.server).await,
        Command::List(list) => list.run(&client, &args.server).await,
        Command::Deliver(deliver) => deliver.run(&client, &args.server).await,
    }
}

impl Send {
    async fn run(self, client: &Client, server: &ServerArgs) -> Result<()> {
        let body = match &self.lead {
            Some(lead) => payload(self.project.find(client).await?, lead, &SystemClock)?,
            None => read(self.file.as_deref())?,
        };
        let mut call = client.call(Method::POST, path::EVENTS).body(media_type::JSON, body);
        if let Some(key) = self.idempotency_key {
            call = call.header(IDEMPOTENCY_KEY, key);
        }
        output::show(server, &call.send().await?, accepted)
    }
}

fn payload(project: ProjectId, lead: &Lead, clock: &impl Clock) -> Result<Vec<u8>> {
    let payload = Payload {
        event: EventKind::LeadCreated.as_str(),
        project_id: project.to_string(),
        created_at: clock.now().to_string(),
        lead,
    };
    Ok(serde_json::to_vec(&payload)?)
}

fn read(file: Option<&Path>) -> Result<Vec<u8>> {
    match file {
        Some(file) if file != Path::new("-") => {
            fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
        }
        None if io::stdin().is_terminal() => {
            bail!(
                "there is no event: name a file, pipe one in, or describe the lead with --name, --email and the like"
            )
        }
        _ => {
            let mut body = Vec::new();
            io::stdin().read_to_end(&mut body).context("standard input cannot be read")?;
            Ok(body)
        }
    }
}

fn accepted(accepted: &AcceptedBody) -> String {
    let AcceptedBody { id, deliveries, more_deliveries } = accepted;
    match deliveries.as_slice() {
        [] if *more_deliveries => format!("Accepted {id} for many webhooks"),
        [] => format!(
            "Accepted {id}: no webhook of its project wants it. It is kept: add a webhook, then\n  \
             hookwright event deliver {id}"
        ),
        deliveries if *more_deliveries => {
            format!("Accepted {id} for more than {} webhooks", deliveries.len())
        }
        [delivery] => format!("Accepted {id}\nFollow it: hookwright log {delivery}"),
        deliveries => format!(
            "Accepted {id} for {} webhooks\nFollow them:\n{}",
            deliveries.len(),
            deliveries.iter().map(|delivery| format!("  hookwright log {delivery}\n")).collect::<String>()
        ),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use hookwright_model::Timestamp;

    use super::*;

    const PROJECT: &str = "0198c0de-7e57-7aaa-8000-0123456789ab";

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        send: Send,
    }

    fn parse(args: &[&str]) -> Result<Send, clap::Error> {
        Cli::try_parse_from([&["send"], args].concat()).map(|cli| cli.send)
    }

    struct SeedTime;

    impl Clock for SeedTime {
        fn now(&self) -> Timestamp {
            "2026-05-31T10:00:00Z".parse().unwrap()
        }
    }

    #[test]
    fn flags_make_the_producers_payload() {
        let send = parse(&["--name", "Ann \"A\" Lee", "--conversation-id", "c-1"]).unwrap();
        let body = payload(PROJECT.parse().unwrap(), &send.lead.unwrap(), &SeedTime).unwrap();
        let expected = r#"{"event":"lead.created","project_id":"0198c0de-7e57-7aaa-8000-0123456789ab","created_at":"2026-05-31T10:00:00Z","lead":{"name":"Ann \"A\" Lee","conversation_id":"c-1"}}"#;
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }

    #[test]
    fn a_file_and_a_lead_do_not_mix() {
        assert!(parse(&["lead.json", "--idempotency-key", "lead-17"]).unwrap().lead.is_none());
        assert!(parse(&[]).unwrap().lead.is_none());
        assert!(parse(&["--project", PROJECT]).unwrap().lead.is_none());
        assert!(parse(&["lead.json", "--name", "Ann"]).is_err());
    }

    #[test]
    fn an_event_that_nobody_wants_is_named_as_such() {
        let shown = |json: &str| accepted(&serde_json::from_str(json).unwrap());
        let shown = |deliveries: &str, more| {
            shown(&format!(r#"{{"id": "evt_1", "deliveries": {deliveries}, "more_deliveries": {more}}}"#))
        };
        assert!(shown("[]", false).ends_with("hookwright event deliver evt_1"));
        assert!(shown(r#"["dlv_1"]"#, false).ends_with("hookwright log dlv_1"));
        assert!(shown(r#"["dlv_1", "dlv_2"]"#, false).contains("for 2 webhooks"));
        assert!(shown(r#"["dlv_1", "dlv_2"]"#, true).contains("for more than 2 webhooks"));
    }
}
