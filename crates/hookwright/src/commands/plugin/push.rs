//! `hookwright plugin push`: uploads a version.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use hookwright_model::{PluginName, ProjectId};
use http::Method;

use super::{Plugin, size};
use crate::client::{Client, ServerArgs};
use crate::commands::output;

/// Upload a component as the next version of a plugin
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright plugin push ./my_crm.wasm --project PROJECT\n\n\
    Webhooks that name no version use the new one from their next delivery on.")]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    /// The WebAssembly component
    file: PathBuf,
    /// The project's id
    #[arg(long, value_name = "PROJECT")]
    project: ProjectId,
    /// The plugin's name: 1 to 64 of a-z, 0-9 and `-` [default: the file's name in this form]
    #[arg(long, value_name = "NAME")]
    name: Option<PluginName>,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let Args { server, file, project, name } = args;
    let name = name.map_or_else(|| name_of(&file), Ok)?;
    let component = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let path = ["projects", &project.to_string(), "plugins", name.as_str()];
    let client = Client::new(&server)?;
    let answer = client.call(Method::PUT, &path).body("application/wasm", component).send().await?;
    output::show(&server, &answer, pushed)
}

/// The name that a file gives its plugin: `My_CRM.wasm` is `my-crm`.
fn name_of(file: &Path) -> Result<PluginName> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-");
    name.parse().with_context(|| format!("{} gives no name for the plugin: use --name NAME", file.display()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::plugin::tests::HUBSPOT;

    #[test]
    fn an_upload_says_which_version_it_became() {
        let text = pushed(&serde_json::from_str(HUBSPOT).unwrap());
        assert!(text.starts_with("Uploaded hubspot version 2\ntitle     HubSpot\n"), "{text}");
        assert!(text.ends_with("digest    sha256:ab\n"), "{text}");
    }

    #[test]
    fn a_file_gives_its_plugin_a_name() {
        let name = |file: &str| name_of(Path::new(file)).map(|name| name.to_string()).ok();
        assert_eq!(name("target/My_CRM.v2.wasm").as_deref(), Some("my-crm-v2"));
        assert_eq!(name("tickets.wasm").as_deref(), Some("tickets"));
        assert_eq!(name("..").as_deref(), None);
        assert_eq!(name("плагин.wasm").as_deref(), None);
    }
}
