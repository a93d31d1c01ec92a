//! `hookwright plugin versions`: what was uploaded over time.

use anyhow::Result;
use hookwright_api_types::path;
use hookwright_model::PluginName;
use http::Method;

use super::list;
use crate::client::{Client, ServerArgs};
use crate::commands::named::ProjectArg;
use crate::commands::output;

/// List every version of a plugin, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright plugin versions my-crm --project PROJECT\n\n\
    With --json, each has its digest, the schema of its settings and the headers that its target wants.")]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    /// The plugin's name
    name: PluginName,
    #[command(flatten)]
    project: ProjectArg,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let client = Client::new(&args.server)?;
    let path = path::plugin_versions(args.project.find(&client).await?, &args.name);
    let answer = client.call(Method::GET, &path).send().await?;
    output::show(&args.server, &answer, list::listed)
}
