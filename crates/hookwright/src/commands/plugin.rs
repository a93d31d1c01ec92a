//! `hookwright plugin`: the mappings, one module for each subcommand.

mod list;
mod push;

use anyhow::Result;
use clap::Subcommand;
use serde::Deserialize;

/// List and upload mapping plugins
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright plugin list --project PROJECT\n  \
    hookwright plugin push ./my_crm.wasm --project PROJECT")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Push(push::Args),
}

pub(crate) async fn run(args: Args) -> Result<()> {
    match args.command {
        Command::List(args) => list::run(args).await,
        Command::Push(args) => push::run(args).await,
    }
}

/// A plugin's version, as the server says it.
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

fn size(bytes: u64) -> String {
    format!("{} KiB", bytes.div_ceil(1_024))
}

#[cfg(test)]
mod tests {
    pub(super) const HUBSPOT: &str = r#"{"name": "hubspot", "version": 2, "owner": "bundled",
        "digest": "sha256:ab", "contract": "1.0.0", "size_bytes": 102401, "created_at": "2026-05-31T10:00:00Z",
        "description": {"title": "HubSpot", "summary": "Contacts and notes", "url": "https://api.hubapi.com",
        "headers": [], "settings_schema": null}}"#;
}
