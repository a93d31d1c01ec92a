//! `hookwright plugin delete`: takes a plugin away, or one version of it.

use anyhow::Result;
use hookwright_api_types::path;
use hookwright_model::PluginName;
use http::Method;

use crate::client::{Client, ServerArgs};
use crate::commands::named::ProjectArg;
use crate::commands::output;

/// Delete a plugin of a project, or one version of it; refused while webhooks use it, which are named then
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright plugin delete my-crm --project PROJECT\n  \
    hookwright plugin delete my-crm --project PROJECT --version 2\n\n\
    Deliveries that have begun end with the version that they began with. The newest version can only be deleted with the \
    whole plugin.")]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    /// The plugin's name
    name: PluginName,
    #[command(flatten)]
    project: ProjectArg,
    /// The version's number [default: the plugin with all its versions]
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let Args { server, name, project, version } = args;
    let client = Client::new(&server)?;
    let project = project.find(&client).await?;
    let path = match version {
        None => path::plugin(project, &name),
        Some(version) => path::plugin_version(project, &name, version),
    };
    client.call(Method::DELETE, &path).send().await?;
    if server.json {
        return Ok(());
    }
    let version = version.map(|number| format!(" version {number}")).unwrap_or_default();
    output::print(&format!("Deleted {name}{version}"))
}
