//! `hookwright plugin`: the mappings.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Subcommand;
use hookwright_model::{PluginName, ProjectId};
use http::Method;
use serde::Deserialize;

use super::output::{self, List, Table};
use crate::client::{Answer, Client, ServerArgs};

/// List and upload mapping plugins
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright plugin list --project PROJECT\n  \
    hookwright plugin push --project PROJECT my-crm ./my_crm.wasm")]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the plugins that a project can use: the bundled ones and its own
    #[command(after_help = "Example:\n  hookwright plugin list --project PROJECT\n\n\
        With --json, each has the schema of its settings and the headers that its target wants.")]
    List {
        /// The project's id
        #[arg(long, value_name = "PROJECT")]
        project: ProjectId,
    },
    /// Upload a component as the next version of a plugin
    #[command(after_help = "Example:\n  hookwright plugin push --project PROJECT my-crm ./my_crm.wasm\n\n\
        Webhooks that name no version use the new one from their next delivery on.")]
    Push {
        /// The project's id
        #[arg(long, value_name = "PROJECT")]
        project: ProjectId,
        /// The plugin's name: 1 to 64 of a-z, 0-9 and `-`
        name: PluginName,
        /// The WebAssembly component
        file: PathBuf,
    },
}

#[derive(Debug, Deserialize)]
struct Plugin {
    name: String,
    version: u32,
    owner: String,
    digest: String,
    contract: String,
    size_bytes: u64,
    description: Description,
    created_at: String,
}

#[derive(Debug, Deserialize)]
struct Description {
    title: String,
    summary: String,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let client = Client::new(&args.server)?;
    match args.command {
        Command::List { project } => {
            let path = ["projects", &project.to_string(), "plugins"];
            let answer = client.call(Method::GET, &path).send().await?;
            output::show(&args.server, &answer, listed)
        }
        Command::Push { project, name, file } => {
            let answer = push(&client, project, &name, &file).await?;
            output::show(&args.server, &answer, pushed)
        }
    }
}

async fn push(client: &Client, project: ProjectId, name: &PluginName, file: &Path) -> Result<Answer> {
    let component = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let path = ["projects", &project.to_string(), "plugins", name.as_str()];
    client.call(Method::PUT, &path).body("application/wasm", component).send().await
}

fn pushed(plugin: &Plugin) -> String {
    let Plugin { name, version, .. } = plugin;
    let facts = output::fields([
        ("title", Some(plugin.description.title.clone())),
        ("summary", Some(plugin.description.summary.clone())),
        ("contract", Some(plugin.contract.clone())),
        ("size", Some(size(plugin.size_bytes))),
        ("digest", Some(plugin.digest.clone())),
    ]);
    format!("Uploaded {name} version {version}\n{facts}")
}

fn listed(plugins: &List<Plugin>) -> String {
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

fn size(bytes: u64) -> String {
    format!("{} KiB", bytes.div_ceil(1_024))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUBSPOT: &str = r#"{"name": "hubspot", "version": 2, "owner": "bundled", "digest": "sha256:ab",
        "contract": "1.0.0", "size_bytes": 102401, "created_at": "2026-05-31T10:00:00Z", "description":
        {"title": "HubSpot", "summary": "Contacts and notes", "url": "https://api.hubapi.com", "headers": [],
         "settings_schema": null}}"#;

    #[test]
    fn plugins_are_listed_one_version_a_line() {
        let lines = listed(&serde_json::from_str(&format!(r#"{{"data": [{HUBSPOT}]}}"#)).unwrap());
        let expected = "\
            NAME     VERSION  OWNER    CONTRACT  SIZE     CREATED               TITLE\n\
            hubspot  2        bundled  1.0.0     101 KiB  2026-05-31T10:00:00Z  HubSpot\n";
        assert_eq!(lines, expected);
    }

    #[test]
    fn an_upload_says_which_version_it_became() {
        let text = pushed(&serde_json::from_str(HUBSPOT).unwrap());
        assert!(text.starts_with("Uploaded hubspot version 2\ntitle     HubSpot\n"), "{text}");
        assert!(text.ends_with("digest    sha256:ab\n"), "{text}");
    }
}
