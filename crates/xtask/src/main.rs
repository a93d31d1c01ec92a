//! Commands for people who work on Hookwright: `cargo xtask demo`, `cargo xtask test`, `cargo xtask bench`.
//!
//! Each does all the set-up that it needs, so that a clean clone and a Rust toolchain are enough.

mod progress;
mod setup;
mod steps;
mod tally;
mod test;

use std::ffi::OsString;

use anyhow::Result;
use clap::{Parser, Subcommand};
use steps::{Profile, binary, cargo, workspace};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Show one lead on its way: a server, a stand-in CRM, a failure, a retry, a receipt
    #[command(after_help = "Example:\n  cargo xtask demo --exit")]
    Demo {
        /// What `hookwright demo` takes
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Run everything that must pass: format, lints, documentation, tests
    Test,
    /// Measure: plugin calls, the store, leads per second and CPU per lead, latency, what hostile plugins cost others
    #[command(after_help = "Example:\n  cargo xtask bench throughput")]
    Bench {
        /// What the bench takes: the names of the measurements, all without any
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

fn main() -> Result<()> {
    match Cli::parse().task {
        Task::Demo { args } => {
            setup::wasm_target()?;
            cargo(&workspace(), ["build", "--package", "hookwright"])?;
            steps::run(std::process::Command::new(binary(Profile::Dev)).arg("demo").args(args))
        }
        Task::Test => test::run(),
        Task::Bench { args } => {
            setup::wasm_target()?;
            cargo(
                &workspace(),
                ["build", "--release", "--package", "hookwright", "--package", "hookwright-bench"],
            )?;
            let bench = binary(Profile::Release).with_file_name("hookwright-bench");
            steps::run(std::process::Command::new(bench).args(args))
        }
    }
}
