//! The commands, one module each.

mod config;
mod delivery;
mod demo;
mod event;
mod log;
mod output;
mod plugin;
mod project;
mod serve;
mod verify;
mod webhook;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Delivers leads to CRMs: reliably, in each CRM's own shape.
#[derive(Debug, Parser)]
#[command(name = "hookwright", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Demo(demo::Args),
    Project(project::Args),
    Webhook(webhook::Args),
    Plugin(plugin::Args),
    Event(event::Args),
    Log(log::Args),
    Delivery(delivery::Args),
    Config(config::Args),
    Verify(verify::Args),
    /// Do a job of the plugin host, from standard input to standard output: the server starts this by itself
    #[command(name = PLUGIN_JOB, hide = true)]
    PluginJob {
        job: String,
    },
}

/// The command in which the server does with plugins what it does not do itself, such as compiling them.
pub(crate) const PLUGIN_JOB: &str = "plugin-job";

/// Runs one command to its end.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let ended = match cli.command {
        Command::Serve(args) => block_on(serve::run(args)),
        Command::Demo(args) => block_on(demo::run(args)),
        Command::Project(args) => block_on(project::run(args)),
        Command::Webhook(args) => block_on(webhook::run(args)),
        Command::Plugin(args) => block_on(plugin::run(args)),
        Command::Event(args) => block_on(event::run(args)),
        Command::Log(args) => block_on(log::run(args)),
        Command::Delivery(args) => block_on(delivery::run(args)),
        Command::Config(args) => config::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::PluginJob { job } => return hookwright_plugin_host::child_main(&job),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn block_on(command: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}
