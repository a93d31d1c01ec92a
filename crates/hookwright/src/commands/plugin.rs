//! `hookwright plugin`: the mappings, one module for each subcommand.

mod check;
mod code_cache;
mod delete;
mod download;
mod list;
mod local;
mod new;
mod push;
mod test;
mod versions;
mod view;

use anyhow::Result;
use clap::Subcommand;
use hookwright_engine::settings::SettingsProblem;

/// Start, check, test, upload, list and delete mapping plugins
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  hookwright plugin new my-crm\n  hookwright plugin check ./my_crm.wasm\n  \
    hookwright plugin test ./my_crm.wasm --event event.json\n  \
    hookwright plugin push ./my_crm.wasm --project PROJECT"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::Args),
    Check(check::Args),
    Test(test::Args),
    List(list::Args),
    Push(push::Args),
    Versions(versions::Args),
    Download(download::Args),
    Delete(delete::Args),
}

pub(crate) async fn run(args: Args) -> Result<()> {
    match args.command {
        Command::Check(args) => check::run(args).await,
        Command::Test(args) => test::run(args).await,
        Command::List(args) => list::run(args).await,
        Command::New(args) => new::run(&args),
        Command::Push(args) => push::run(args).await,
        Command::Versions(args) => versions::run(args).await,
        Command::Download(args) => download::run(args).await,
        Command::Delete(args) => delete::run(args).await,
    }
}

/// What is wrong with settings, a line each.
fn problems(problems: &[SettingsProblem]) -> String {
    let line = |SettingsProblem { pointer, message }: &SettingsProblem| match pointer.as_str() {
        "" => format!("{message}\n"),
        pointer => format!("{pointer}: {message}\n"),
    };
    problems.iter().map(line).collect()
}

/// A size in the largest unit that leaves no remainder, or in KiB.
fn size(bytes: u64) -> String {
    const MIB: u64 = 1_024 * 1_024;
    match bytes {
        bytes if bytes > 0 && bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
        bytes => format!("{} KiB", bytes.div_ceil(1_024)),
    }
}

#[cfg(test)]
mod tests {
    pub(super) const HUBSPOT: &str = r#"{"name": "hubspot", "version": 2, "owner": "bundled",
        "digest": "sha256:ab", "contract": "1.0.0", "size_bytes": 102401, "created_at": "2026-05-31T10:00:00Z",
        "description": {"title": "HubSpot", "summary": "Contacts and notes", "url": "https://api.hubapi.com",
        "headers": [], "settings_schema": null}}"#;
}
