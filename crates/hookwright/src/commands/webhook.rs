//! `hookwright webhook`: where events go.

mod arguments;
mod view;

use anyhow::{Result, bail};
use clap::{ArgGroup, Subcommand};
use hookwright_model::{EventKind, PluginName, ProjectId, TargetUrl, WebhookId};
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::{Map, Value, json};

use self::arguments::{Header, MappingArgs};
use self::view::Webhook;
use super::delivery::answer::Detail;
use super::delivery::report;
use super::output;
use crate::client::{Answer, Client, ServerArgs};

/// Add, list, change and test webhooks
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  hookwright webhook add --project PROJECT --url https://api.hubapi.com \\\n      \
    --header 'Authorization: Bearer TOKEN' --plugin hubspot\n  \
    hookwright webhook test whk_0198c0de7e577aaa80000123456789ab"
)]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(Add),
    /// List the webhooks of a project
    #[command(after_help = "Example:\n  hookwright webhook list --project PROJECT")]
    List {
        /// The project's id
        #[arg(long, value_name = "PROJECT")]
        project: ProjectId,
    },
    /// Show everything about a webhook but its secrets
    #[command(after_help = "Example:\n  hookwright webhook show whk_0198c0de7e577aaa80000123456789ab")]
    Show {
        /// The webhook's id
        id: WebhookId,
    },
    Set(Set),
    /// Stop delivering; new events make no deliveries for it until it is enabled
    #[command(after_help = "Example:\n  hookwright webhook pause whk_0198c0de7e577aaa80000123456789ab")]
    Pause {
        /// The webhook's id
        id: WebhookId,
    },
    /// Deliver again, after a pause or after it was disabled
    #[command(after_help = "Example:\n  hookwright webhook enable whk_0198c0de7e577aaa80000123456789ab")]
    Enable {
        /// The webhook's id
        id: WebhookId,
    },
    /// Delete it for good and cancel what it has not delivered yet
    #[command(after_help = "Example:\n  hookwright webhook delete whk_0198c0de7e577aaa80000123456789ab")]
    Delete {
        /// The webhook's id
        id: WebhookId,
    },
    /// Send a sample lead now and show what came of it; fails unless it was delivered or skipped
    #[command(after_help = "Example:\n  hookwright webhook test whk_0198c0de7e577aaa80000123456789ab")]
    Test {
        /// The webhook's id
        id: WebhookId,
    },
}

/// Add a webhook to a project
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  hookwright webhook add --project PROJECT --url https://example.com/hook\n  \
    hookwright webhook add --project PROJECT --url https://api.hubapi.com --name HubSpot \\\n      \
    --header 'Authorization: Bearer TOKEN' --plugin hubspot --settings '{\"create_deal\": true}'"
)]
struct Add {
    /// The project's id
    #[arg(long, value_name = "PROJECT")]
    project: ProjectId,
    /// Where the requests go
    #[arg(long, value_parser = TargetUrl::parse)]
    url: TargetUrl,
    /// An event that it wants; repeatable
    #[arg(long = "event", value_name = "EVENT", default_value = "lead.created")]
    events: Vec<EventKind>,
    /// A name for people
    #[arg(long, default_value = "")]
    name: String,
    /// A header of every request; repeatable
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<Header>,
    #[command(flatten)]
    mapping: MappingArgs,
}

/// Change a webhook; what is not named stays as it is
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright webhook set whk_0198c0de7e577aaa80000123456789ab \\\n      \
    --header 'Authorization: Bearer TOKEN' --settings @settings.json")]
#[command(group = ArgGroup::new("change").required(true).multiple(true).args(
    ["url", "name", "headers", "removed_headers", "plugin", "plugin_version", "settings", "no_plugin"]
))]
struct Set {
    /// The webhook's id
    id: WebhookId,
    /// Where the requests go from now on
    #[arg(long, value_parser = TargetUrl::parse)]
    url: Option<TargetUrl>,
    /// A name for people
    #[arg(long)]
    name: Option<String>,
    /// A header to add, or to give another value; repeatable
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<Header>,
    /// A header to remove; repeatable
    #[arg(long = "remove-header", value_name = "NAME")]
    removed_headers: Vec<HeaderName>,
    #[command(flatten)]
    mapping: MappingArgs,
    /// Send the event as it is from now on
    #[arg(long, conflicts_with_all = ["plugin", "plugin_version", "settings"])]
    no_plugin: bool,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let (client, server) = (Client::new(&args.server)?, &args.server);
    match args.command {
        Command::Add(add) => output::show(server, &add.send(&client).await?, view::added),
        Command::List { project } => {
            let path = ["projects", &project.to_string(), "webhooks"];
            output::show(server, &client.call(Method::GET, &path).send().await?, view::listed)
        }
        Command::Show { id } => {
            let path = ["webhooks", &id.to_string()];
            output::show(server, &client.call(Method::GET, &path).send().await?, view::whole)
        }
        Command::Set(set) => output::show(server, &set.send(&client).await?, view::whole),
        Command::Pause { id } => output::show(server, &switch(&client, id, "paused").await?, view::state),
        Command::Enable { id } => output::show(server, &switch(&client, id, "active").await?, view::state),
        Command::Delete { id } => delete(&client, server, id).await,
        Command::Test { id } => test(&client, server, id).await,
    }
}

impl Add {
    async fn send(self, client: &Client) -> Result<Answer> {
        let body = json!({
            "name": self.name,
            "url": self.url.expose().as_str(),
            "events": self.events.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
            "headers": header_changes(&self.headers, &[])?,
            "mapping": self.mapping.is_given().then(|| self.mapping.over(None)).transpose()?,
        });
        let path = ["projects", &self.project.to_string(), "webhooks"];
        client.call(Method::POST, &path).json(&body).send().await
    }
}

impl Set {
    async fn send(self, client: &Client) -> Result<Answer> {
        let id = self.id.to_string();
        let path = ["webhooks", &id];
        let mut call = client.call(Method::PATCH, &path);
        let mut body = Map::new();
        if let Some(name) = &self.name {
            body.insert("name".to_owned(), name.as_str().into());
        }
        if let Some(url) = &self.url {
            body.insert("url".to_owned(), url.expose().as_str().into());
        }
        let headers = header_changes(&self.headers, &self.removed_headers)?;
        if !headers.is_empty() {
            body.insert("headers".to_owned(), headers.into());
        }
        if self.no_plugin {
            body.insert("mapping".to_owned(), Value::Null);
        } else if self.mapping.is_given() {
            let (mapping, revision) = changed_mapping(client, &path, &self.mapping).await?;
            body.insert("mapping".to_owned(), mapping);
            call = call.header(header::IF_MATCH, revision);
        }
        call.json(&body.into()).send().await
    }
}

/// The mapping that a webhook is to have, and the revision that it must still have. The server takes a mapping as a
/// whole: what is not named comes from the current one, and must not have changed in between.
async fn changed_mapping(
    client: &Client,
    path: &[&str],
    mapping: &MappingArgs,
) -> Result<(Value, HeaderValue)> {
    let current: Webhook = client.call(Method::GET, path).send().await?.read()?;
    let revision = HeaderValue::try_from(format!("\"{}\"", current.revision))?;
    Ok((mapping.over(current.mapping.as_ref())?, revision))
}

/// Lets a webhook use the newest version of a plugin. Its settings stay, if it had that plugin already.
pub(super) async fn attach(client: &Client, id: WebhookId, plugin: PluginName) -> Result<Answer> {
    let id = id.to_string();
    let path = ["webhooks", &id];
    let (mapping, revision) = changed_mapping(client, &path, &MappingArgs::latest(plugin)).await?;
    let call = client.call(Method::PATCH, &path).header(header::IF_MATCH, revision);
    call.json(&json!({"mapping": mapping})).send().await
}

/// The headers with their new values, null for those to remove.
fn header_changes(set: &[Header], removed: &[HeaderName]) -> Result<Map<String, Value>> {
    let mut changes = Map::new();
    let mut add = |name: &HeaderName, value: Value| match changes.insert(name.to_string(), value) {
        None => Ok(()),
        Some(_) => bail!("the header `{name}` is given twice"),
    };
    for header in set {
        add(&header.name, std::str::from_utf8(header.value.as_bytes())?.into())?;
    }
    for name in removed {
        add(name, Value::Null)?;
    }
    Ok(changes)
}

async fn switch(client: &Client, id: WebhookId, state: &str) -> Result<Answer> {
    let path = ["webhooks", &id.to_string()];
    client.call(Method::PATCH, &path).json(&json!({"state": state})).send().await
}

async fn delete(client: &Client, server: &ServerArgs, id: WebhookId) -> Result<()> {
    client.call(Method::DELETE, &["webhooks", &id.to_string()]).send().await?;
    if server.json { Ok(()) } else { output::print(&format!("Deleted {id}")) }
}

async fn test(client: &Client, server: &ServerArgs, id: WebhookId) -> Result<()> {
    let answer = client.call(Method::POST, &["webhooks", &id.to_string(), "test"]).send().await?;
    output::show(server, &answer, report::outcome)?;
    let Detail { delivery, .. } = answer.read()?;
    match delivery.state.as_str() {
        "delivered" | "skipped" => Ok(()),
        state => bail!("the test is {state}; everything about it: hookwright log {}", delivery.id),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    const WEBHOOK: &str = "whk_0198c0de7e577aaa80000123456789ab";

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        set: Set,
    }

    fn parse(args: &[&str]) -> Result<Set, clap::Error> {
        Cli::try_parse_from([&["set", WEBHOOK], args].concat()).map(|cli| cli.set)
    }

    #[test]
    fn a_change_names_something() {
        assert!(parse(&["--name", ""]).is_ok());
        assert!(parse(&["--plugin-version", "latest"]).is_ok());
        assert!(parse(&["--no-plugin"]).is_ok());
        for wrong in [&[][..], &["--no-plugin", "--plugin", "hubspot"], &["--url", "example.com"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn headers_are_set_and_removed_once_each() {
        let set = parse(&["--header", "Authorization: Bearer t:k", "--remove-header", "X-Old"]).unwrap();
        assert!(!format!("{set:?}").contains("t:k"));
        let changes = header_changes(&set.headers, &set.removed_headers).unwrap();
        assert_eq!(Value::from(changes), json!({"authorization": "Bearer t:k", "x-old": null}));
        let twice = parse(&["--header", "X-Key: a", "--remove-header", "x-key"]).unwrap();
        let error = header_changes(&twice.headers, &twice.removed_headers).unwrap_err();
        assert_eq!(error.to_string(), "the header `x-key` is given twice");
    }
}
