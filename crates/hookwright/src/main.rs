//! Hookwright: leads from chats into every CRM.

mod client;
mod commands;
mod config;
mod data;
mod logging;
mod ports;
mod wire;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    commands::run(commands::Cli::parse())
}
