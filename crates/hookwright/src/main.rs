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
use mimalloc::MiMalloc;

/// Most of what a lead costs besides system calls is small allocations on several threads, at which this one is better
/// than the system's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    commands::run(commands::Cli::parse())
}
