//! `hookwright plugin download`: gives a component back.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use hookwright_api_types::path;
use hookwright_model::PluginName;
use http::Method;

use super::size;
use crate::client::{Client, ServerArgs};
use crate::commands::named::ProjectArg;
use crate::commands::output;

/// Write the component of a plugin to a file, as it was uploaded
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  hookwright plugin download my-crm --project PROJECT --out my_crm.wasm\n  \
    hookwright plugin download my-crm --project PROJECT --version 2 --out my_crm.wasm\n\n\
    A file of this name is overwritten. `hookwright plugin check FILE` tells what the component is."
)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    /// The plugin's name
    name: PluginName,
    #[command(flatten)]
    project: ProjectArg,
    /// The version's number [default: the newest]
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let Args { server, name, project, version, out } = args;
    let version = version.map_or(path::LATEST.to_owned(), |number| number.to_string());
    let client = Client::new(&server)?;
    let path = path::component(project.find(&client).await?, &name, version);
    let answer = client.call(Method::GET, &path).send().await?;
    let component = answer.bytes();
    fs::write(&out, component).with_context(|| format!("{} cannot be written", out.display()))?;
    if server.json {
        return Ok(());
    }
    output::print(&format!("Wrote {}, {}", out.display(), size(component.len() as u64)))
}
