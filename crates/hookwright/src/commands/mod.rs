//! The commands, one module each.

mod config;
mod delivery;
#[cfg(feature = "demo")]
mod demo;
mod event;
mod log;
mod named;
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    const README: &str = include_str!("../../../../README.md");

    /// The command lines of a text, each as words; lines that end with a backslash go on.
    fn command_lines(text: &str) -> Vec<Vec<String>> {
        let joined = text.replace("\\\n", " ");
        let lines = joined.lines().map(str::trim).filter(|line| line.starts_with("hookwright "));
        lines.map(words).collect()
    }

    /// What ends a command in a line of a shell.
    const STOPS: [&str; 3] = ["|", ">", "#"];

    /// The words of a line, up to a pipe, a file or a comment; what is between single quotes is one.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (index, part) in line.split('\'').enumerate() {
            if index % 2 == 1 {
                words.push(part.to_owned());
                continue;
            }
            let mut parts = part.split_whitespace();
            let mut all = parts.by_ref().take_while(|word| !STOPS.contains(word)).map(str::to_owned);
            words.extend(all.by_ref());
            if part.split_whitespace().any(|word| STOPS.contains(&word)) {
                break;
            }
        }
        words
    }

    fn examples(command: &clap::Command) -> Vec<Vec<String>> {
        let own = command.get_after_help().map(|help| command_lines(&help.to_string())).unwrap_or_default();
        own.into_iter().chain(command.get_subcommands().flat_map(examples)).collect()
    }

    #[test]
    fn every_example_of_the_help_and_the_readme_is_a_command() {
        let examples = [examples(&Cli::command()), command_lines(README)].concat();
        assert!(examples.len() > 40, "{}", examples.len());
        for example in examples {
            let line = example.join(" ");
            // There are no such files here.
            let example = example.iter().map(|word| if word.starts_with('@') { "{}" } else { word.as_str() });
            if let Err(error) = Cli::try_parse_from(example) {
                panic!("{line}\n{error}");
            }
        }
    }

    #[test]
    fn every_command_has_an_example() {
        fn check(command: &clap::Command) {
            let leaves = command.get_subcommands().filter(|command| !command.is_hide_set());
            for command in leaves {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("Example:") || help.contains("Examples:"), "{}", command.get_name());
                check(command);
            }
        }
        check(&Cli::command());
    }
}
