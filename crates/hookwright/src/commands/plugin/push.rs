//! `hookwright plugin push`: uploads a version.

mod progress;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use hookwright_api_types::plugin::{PluginBody, UploadBody, UploadedBody};
use hookwright_api_types::{media_type, path};
use hookwright_model::{PluginName, WebhookId};
use http::Method;

use self::progress::Progress;
use super::{local, size};
use crate::client::{Client, ServerArgs};
use crate::commands::named::{Named, ProjectArg};
use crate::commands::{output, webhook};

/// Upload a component as the next version of a plugin
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright plugin push ./my_crm.wasm --project PROJECT\n  \
    hookwright plugin push ./my_crm.wasm --project PROJECT --attach WEBHOOK\n\n\
    Webhooks that name no version use the new one from their next delivery on.")]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    /// The WebAssembly component
    file: PathBuf,
    #[command(flatten)]
    project: ProjectArg,
    /// The plugin's name: 1 to 64 of a-z, 0-9 and `-` [default: the file's name in this form]
    #[arg(long, value_name = "NAME")]
    name: Option<PluginName>,
    /// A webhook that is to use the plugin's newest version from now on; its settings stay if it used the plugin before
    #[arg(long, value_name = "WEBHOOK")]
    attach: Option<Named<WebhookId>>,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let Args { server, file, project, name, attach } = args;
    let name = name.map_or_else(|| name_of(&file), Ok)?;
    let component = local::read(&file)?;
    let client = Client::new(&server)?;
    let attach = match attach {
        Some(webhook) => Some(webhook.find(&client, &project).await?),
        None => None,
    };
    let path = path::plugin(project.find(&client).await?, &name);
    let progress = Progress::of(component.len());
    let body = progress.body(component);
    let answer =
        progress.until(client.call(Method::PUT, &path).body(media_type::COMPONENT, body).send()).await?;
    output::show(&server, &answer, pushed)?;
    let Some(id) = attach else { return Ok(()) };
    let attached = webhook::attach(&client, id, name).await;
    attached.with_context(|| format!("it is uploaded, but {id} was not changed"))?;
    if server.json { Ok(()) } else { output::print(&format!("Attached to {id}")) }
}

/// The name that a file gives its plugin: `My_CRM.wasm` is `my-crm`.
fn name_of(file: &Path) -> Result<PluginName> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-");
    name.parse().with_context(|| format!("{} gives no name for the plugin: use --name NAME", file.display()))
}

fn pushed(UploadedBody { plugin, upload }: &UploadedBody) -> String {
    let PluginBody { name, version, .. } = plugin;
    let UploadBody { waited_ms, compile_ms, .. } = upload;
    let waited =
        if *waited_ms == 0 { String::new() } else { format!(", after waiting {waited_ms} ms for others") };
    let facts = output::fields([
        ("title", Some(plugin.description.title.clone())),
        ("summary", Some(plugin.description.summary.clone())),
        ("contract", Some(plugin.contract.clone())),
        ("size", Some(size(plugin.size_bytes))),
        ("compiled", compile_ms.map(|time| format!("in {time} ms{waited}"))),
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
        let text = |times: &str| {
            let answer = HUBSPOT.replacen('{', &format!("{{{times}, "), 1);
            pushed(&serde_json::from_str(&answer).unwrap())
        };
        let at_once = text(r#""unchanged": false, "waited_ms": 0, "compile_ms": 812"#);
        assert!(at_once.starts_with("Uploaded hubspot version 2\ntitle     HubSpot\n"), "{at_once}");
        assert!(at_once.ends_with("compiled  in 812 ms\ndigest    sha256:ab\n"), "{at_once}");
        let waited = text(r#""unchanged": false, "waited_ms": 3210, "compile_ms": 812"#);
        assert!(waited.contains("compiled  in 812 ms, after waiting 3210 ms for others\n"), "{waited}");
        assert!(
            !text(r#""unchanged": true, "waited_ms": 0, "compile_ms": null"#).contains("compiled"),
            "it was there already"
        );
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
