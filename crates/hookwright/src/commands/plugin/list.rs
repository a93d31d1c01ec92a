//! `hookwright plugin list`: what a project can use.

use anyhow::Result;
use hookwright_api_types::page::PageBody;
use hookwright_api_types::path;
use hookwright_api_types::plugin::PluginBody;
use http::Method;

use super::size;
use crate::client::{Client, ServerArgs};
use crate::commands::named::ProjectArg;
use crate::commands::output::{self, Table};

/// List the plugins that a project can use: the bundled ones and its own
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright plugin list --project PROJECT\n\n\
    With --json, each has the schema of its settings and the headers that its target wants.")]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    project: ProjectArg,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let client = Client::new(&args.server)?;
    let answer = client.call(Method::GET, &path::plugins(args.project.find(&client).await?)).send().await?;
    output::show(&args.server, &answer, listed)
}

/// Plugins, or versions of one, a line each.
pub(super) fn listed(plugins: &PageBody<PluginBody>) -> String {
    let head = ["NAME", "VERSION", "OWNER", "CONTRACT", "SIZE", "CREATED", "TITLE"].map(str::to_owned);
    let rows = plugins.data.iter().map(|plugin| {
        [
            plugin.name.clone(),
            plugin.version.to_string(),
            plugin.owner.clone(),
            plugin.contract.clone(),
            size(plugin.size_bytes),
            output::to_second(&plugin.created_at),
            plugin.description.title.clone(),
        ]
    });
    Table::default().lines(std::iter::once(head).chain(rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::plugin::tests::HUBSPOT;

    #[test]
    fn plugins_are_listed_one_version_a_line() {
        let lines = listed(
            &serde_json::from_str(&format!(r#"{{"data": [{HUBSPOT}], "next_cursor": null}}"#)).unwrap(),
        );
        let expected = "\
            NAME     VERSION  OWNER    CONTRACT  SIZE     CREATED               TITLE\n\
            hubspot  2        bundled  1.0.0     101 KiB  2026-05-31T10:00:00Z  HubSpot\n";
        assert_eq!(lines, expected);
    }
}
