//! The commands, one module each.

mod config;
mod delivery;
#[cfg(feature = "demo")]
mod demo;
mod event;
mod log;
mod output;
mod plugin;
mod project;
mod serve;
mod verify;
mod webhook;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::bootstrap::PLUGIN_JOB;

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
    #[cfg(feature = "demo")]
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

/// How long threads that block may go on after a command has ended.
const BLOCKING_TIME: Duration = Duration::from_millis(500);

/// Runs one command to its end.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let ended = match cli.command {
        Command::Serve(args) => block_on(serve::run(args)),
        #[cfg(feature = "demo")]
        Command::Demo(args) => block_on(demo::run(args)),
        Command::Project(args) => succeed(project::run(args)),
        Command::Webhook(args) => succeed(webhook::run(args)),
        Command::Plugin(args) => succeed(plugin::run(args)),
        Command::Event(args) => succeed(event::run(args)),
        Command::Log(args) => succeed(log::run(args)),
        Command::Delivery(args) => succeed(delivery::run(args)),
        Command::Config(args) => config::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Verify(args) => verify::run(&args).map(|()| ExitCode::SUCCESS),
        Command::PluginJob { job } => return hookwright_plugin_host::child_main(&job),
    };
    ended.unwrap_or_else(|error| {
        // Standard error may be closed, and then there is nobody to tell.
        let _ = writeln!(io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

fn succeed(command: impl Future<Output = Result<()>>) -> Result<ExitCode> {
    block_on(command).map(|()| ExitCode::SUCCESS)
}

fn block_on<T>(command: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(command);
    runtime.shutdown_timeout(BLOCKING_TIME);
    ended
}
