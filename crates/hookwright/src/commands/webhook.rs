//! `hookwright webhook`: where events go.

mod arguments;
mod view;

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use clap::{ArgGroup, Subcommand};
use hookwright_api_types::delivery::DeliveryDetail;
use hookwright_api_types::path;
use hookwright_api_types::webhook::{MappingBody, NewWebhookBody, Switch, WebhookBody, WebhookPatch};
use hookwright_model::{DeliveryState, EventKind, PluginName, TargetUrl, WebhookId};
use http::{HeaderName, HeaderValue, Method, header};

use self::arguments::{Header, LimitArgs, MappingArgs, RetryArgs};
use super::delivery::report;
use super::named::{Named, ProjectArg};
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
        #[command(flatten)]
        project: ProjectArg,
    },
    /// Show everything about a webhook but its secrets
    #[command(after_help = "Example:\n  hookwright webhook show whk_0198c0de7e577aaa80000123456789ab\n  \
        hookwright webhook show HubSpot --project Acme")]
    Show {
        #[command(flatten)]
        webhook: WebhookArg,
    },
    #[command(visible_alias = "edit")]
    Set(Set),
    /// Stop delivering; leads wait until it is enabled
    #[command(after_help = "Example:\n  hookwright webhook pause whk_0198c0de7e577aaa80000123456789ab")]
    Pause {
        #[command(flatten)]
        webhook: WebhookArg,
    },
    /// Deliver again, after a pause or after it was disabled, beginning with the leads that wait
    #[command(after_help = "Example:\n  hookwright webhook enable whk_0198c0de7e577aaa80000123456789ab")]
    Enable {
        #[command(flatten)]
        webhook: WebhookArg,
    },
    /// Delete it for good and cancel what it has not delivered yet
    #[command(after_help = "Example:\n  hookwright webhook delete whk_0198c0de7e577aaa80000123456789ab")]
    Delete {
        #[command(flatten)]
        webhook: WebhookArg,
    },
    /// Send a sample lead now and show each request, reply and hint; fails unless it was delivered or skipped
    #[command(after_help = "Example:\n  hookwright webhook test whk_0198c0de7e577aaa80000123456789ab")]
    Test {
        #[command(flatten)]
        webhook: WebhookArg,
    },
}

/// Which webhook.
#[derive(Debug, clap::Args)]
struct WebhookArg {
    /// The webhook, by its id or name
    #[arg(value_name = "WEBHOOK")]
    webhook: Named<WebhookId>,
    #[command(flatten)]
    project: ProjectArg,
}

impl WebhookArg {
    async fn find(&self, client: &Client) -> Result<WebhookId> {
        self.webhook.find(client, &self.project).await
    }
}

/// Add a webhook to a project
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  hookwright webhook add --project PROJECT --url https://example.com/hook\n  \
    hookwright webhook add --project PROJECT --url https://api.hubapi.com --name HubSpot \\\n      \
    --header 'Authorization: Bearer TOKEN' --plugin hubspot \\\n      \
    --settings '{\"deal_stage\": \"appointmentscheduled\"}'\n  \
    hookwright webhook add --project PROJECT --url https://example.com/slow --concurrency 2 --timeout 30s \\\n      \
    --retry-first 1min --give-up-after 24h"
)]
struct Add {
    #[command(flatten)]
    project: ProjectArg,
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
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    retry: RetryArgs,
}

/// Change a webhook; what is not named stays unchanged
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright webhook set whk_0198c0de7e577aaa80000123456789ab \\\n      \
    --header 'Authorization: Bearer TOKEN' --settings @settings.json\n  \
    hookwright webhook set HubSpot --project Acme --concurrency 4")]
#[command(group = ArgGroup::new("change").required(true).multiple(true).args(
    [
        "url", "name", "headers", "removed_headers", "plugin", "plugin_version", "settings", "no_plugin",
        "concurrency", "timeout", "retry_first", "retry_factor", "retry_max", "retry_jitter", "give_up_after",
    ]
))]
struct Set {
    #[command(flatten)]
    webhook: WebhookArg,
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
    /// Forward the event unchanged from now on
    #[arg(long, conflicts_with_all = ["plugin", "plugin_version", "settings"])]
    no_plugin: bool,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    retry: RetryArgs,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let (client, server) = (Client::new(&args.server)?, &args.server);
    match args.command {
        Command::Add(add) => {
            let answer = add.send(&client).await?;
            output::show(server, &answer, view::added)?;
            warn(&answer)
        }
        Command::List { project } => {
            let project = project.find(&client).await?;
            let page = client.list(&path::webhooks(project), &(), usize::MAX).await?;
            output::show(server, &page.try_into()?, view::listed)
        }
        Command::Show { webhook } => {
            let path = path::webhook(webhook.find(&client).await?);
            let answer = client.call(Method::GET, &path).send().await?;
            output::show(server, &answer, view::whole)
        }
        Command::Set(set) => {
            let answer = set.send(&client).await?;
            output::show(server, &answer, view::whole)?;
            warn(&answer)
        }
        Command::Pause { webhook } => {
            let id = webhook.find(&client).await?;
            output::show(server, &switch(&client, id, Switch::Paused).await?, view::state)
        }
        Command::Enable { webhook } => {
            let answer = switch(&client, webhook.find(&client).await?, Switch::Active).await?;
            output::show(server, &answer, view::state)?;
            warn(&answer)
        }
        Command::Delete { webhook } => delete(&client, server, webhook.find(&client).await?).await,
        Command::Test { webhook } => test(&client, server, webhook.find(&client).await?).await,
    }
}

/// Says on standard error what the server finds doubtful about a webhook.
fn warn(answer: &Answer) -> Result<()> {
    for warning in answer.read::<WebhookBody>()?.warnings {
        output::warn(&format!("warning: {warning}"));
    }
    Ok(())
}

impl Add {
    async fn send(self, client: &Client) -> Result<Answer> {
        let headers = header_changes(&self.headers, &[])?;
        let webhook = NewWebhookBody {
            name: self.name,
            url: self.url.expose().to_string(),
            events: self.events.iter().map(|kind| kind.as_str().to_owned()).collect(),
            headers: headers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
            mapping: self.mapping.is_given().then(|| self.mapping.over(None)).transpose()?,
            retry: self.retry.patch(),
            limits: self.limits.patch(),
            state: None,
        };
        let project = self.project.find(client).await?;
        client.call(Method::POST, &path::webhooks(project)).json(&webhook)?.send().await
    }
}

impl Set {
    async fn send(self, client: &Client) -> Result<Answer> {
        let headers = header_changes(&self.headers, &self.removed_headers)?;
        let mut patch = WebhookPatch {
            name: self.name,
            url: self.url.map(|url| url.expose().to_string()),
            headers: Some(headers).filter(|headers| !headers.is_empty()),
            retry: self.retry.patch(),
            limits: self.limits.patch(),
            ..WebhookPatch::default()
        };
        let path = path::webhook(self.webhook.find(client).await?);
        let mut call = client.call(Method::PATCH, &path);
        if self.no_plugin {
            patch.mapping = Some(None);
        } else if self.mapping.is_given() {
            let (mapping, revision) = changed_mapping(client, &path, &self.mapping).await?;
            patch.mapping = Some(Some(mapping));
            call = call.header(header::IF_MATCH, revision);
        }
        call.json(&patch)?.send().await
    }
}

/// The mapping that a webhook is to have, and the revision that it must still have. The server takes a mapping as a
/// whole: what is not named comes from the current one, and must not have changed in between.
async fn changed_mapping(
    client: &Client,
    path: &str,
    mapping: &MappingArgs,
) -> Result<(MappingBody, HeaderValue)> {
    let current: WebhookBody = client.call(Method::GET, path).send().await?.read()?;
    let revision = HeaderValue::try_from(format!("\"{}\"", current.revision))?;
    Ok((mapping.over(current.mapping.as_ref())?, revision))
}

/// Lets a webhook use the newest version of a plugin. Its settings stay, if it had that plugin already.
pub(super) async fn attach(client: &Client, id: WebhookId, plugin: PluginName) -> Result<Answer> {
    let path = path::webhook(id);
    let (mapping, revision) = changed_mapping(client, &path, &MappingArgs::latest(plugin)).await?;
    let patch = WebhookPatch { mapping: Some(Some(mapping)), ..WebhookPatch::default() };
    client.call(Method::PATCH, &path).header(header::IF_MATCH, revision).json(&patch)?.send().await
}

/// The headers with their new values; none for those to remove.
fn header_changes(set: &[Header], removed: &[HeaderName]) -> Result<BTreeMap<String, Option<String>>> {
    let mut changes = BTreeMap::new();
    let mut add = |name: &HeaderName, value: Option<String>| match changes.insert(name.to_string(), value) {
        None => Ok(()),
        Some(_) => bail!("the header `{name}` is given twice"),
    };
    for header in set {
        add(&header.name, Some(std::str::from_utf8(header.value.as_bytes())?.to_owned()))?;
    }
    for name in removed {
        add(name, None)?;
    }
    Ok(changes)
}

async fn switch(client: &Client, id: WebhookId, state: Switch) -> Result<Answer> {
    let patch = WebhookPatch { state: Some(state), ..WebhookPatch::default() };
    client.call(Method::PATCH, &path::webhook(id)).json(&patch)?.send().await
}

async fn delete(client: &Client, server: &ServerArgs, id: WebhookId) -> Result<()> {
    client.call(Method::DELETE, &path::webhook(id)).send().await?;
    if server.json { Ok(()) } else { output::print(&format!("Deleted {id}")) }
}

async fn test(client: &Client, server: &ServerArgs, id: WebhookId) -> Result<()> {
    let answer = client.call(Method::POST, &path::webhook_test(id)).send().await?;
    output::show(server, &answer, report::outcome)?;
    let DeliveryDetail { delivery, .. } = answer.read()?;
    if delivery.is(DeliveryState::Delivered) || delivery.is(DeliveryState::Skipped) {
        return Ok(());
    }
    bail!("the test is {}; everything about it: hookwright log {}", delivery.state, delivery.id)
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
        assert!(parse(&["--timeout", "30s", "--retry-first", "1min"]).is_ok());
        for wrong in [
            &[][..],
            &["--timeout", "soon"],
            &["--no-plugin", "--plugin", "hubspot"],
            &["--url", "example.com"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn headers_are_set_and_removed_once_each() {
        let set = parse(&["--header", "Authorization: Bearer t:k", "--remove-header", "X-Old"]).unwrap();
        assert!(!format!("{set:?}").contains("t:k"));
        let changes = header_changes(&set.headers, &set.removed_headers).unwrap();
        let expected = [("authorization", Some("Bearer t:k")), ("x-old", None)];
        assert!(changes.iter().map(|(name, value)| (name.as_str(), value.as_deref())).eq(expected));
        let twice = parse(&["--header", "X-Key: a", "--remove-header", "x-key"]).unwrap();
        let error = header_changes(&twice.headers, &twice.removed_headers).unwrap_err();
        assert_eq!(error.to_string(), "the header `x-key` is given twice");
    }
}
