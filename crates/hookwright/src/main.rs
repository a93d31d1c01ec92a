//! Hookwright: leads from chats into every CRM.

mod bootstrap;
mod client;
mod commands;
mod config;
mod connections;
mod data;
mod files;
mod logging;
mod ports;
mod signals;
mod supervisor;

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;

/// Most of what a lead costs besides system calls is small allocations on several threads, at which this one is better
/// than the system's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    commands::run(commands::Cli::parse())
}
