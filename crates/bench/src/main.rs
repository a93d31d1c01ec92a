//! Measurements of Hookwright, each beside its reference in the same run. Machines are shared and noisy: compare ratios,
//! not figures of different days.

mod catalogue;
mod client;
mod commit;
mod cpu;
mod hostile;
mod latency;
mod relay;
mod report;
mod service;
mod throughput;
mod transform;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use hookwright_plugin_host::child_main;
use tokio::runtime::Runtime;

/// Measure Hookwright
#[derive(Debug, Parser)]
#[command(
    after_help = "Example:\n  cargo xtask bench\n  cargo xtask bench transform throughput --seconds 10"
)]
struct Args {
    /// What to measure; everything without a name
    measurements: Vec<Measurement>,
    /// How long each load lasts
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    seconds: u64,
    /// Be the reference of `throughput`: the bench starts this by itself
    #[arg(long, hide = true, value_name = "URL")]
    relay_to: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measurement {
    /// One call of a plugin with a fresh instance, beside the same work as a native function
    Transform,
    /// The store alone: an event's whole life, one at a time and 64 at a time, beside bare redb
    Commit,
    /// Leads per second and CPU per lead through the real binary, beside a bare relay
    Throughput,
    /// From the event's arrival to the target's, at 100 leads per second
    Latency,
    /// From the event's arrival to the target's beside other projects whose plugins use their limits to the full
    Hostile,
    /// Every hostile component of the catalogue through the plugin host: time and memory
    Catalogue,
}

fn main() -> Result<ExitCode> {
    let hidden: Vec<String> = std::env::args().skip(1).collect();
    match hidden.as_slice() {
        // Such a process starts no threads.
        [command, job] if command == catalogue::JOB => return Ok(child_main(job)),
        [command, folder] if command == catalogue::MEASURE => {
            Runtime::new()?.block_on(catalogue::measure_built(Path::new(folder)))?;
        }
        _ => Runtime::new()?.block_on(run(Args::parse()))?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn run(args: Args) -> Result<()> {
    if let Some(target) = args.relay_to {
        return relay::serve(&target).await;
    }
    let wanted = |measurement| args.measurements.is_empty() || args.measurements.contains(&measurement);
    let duration = std::time::Duration::from_secs(args.seconds);
    if wanted(Measurement::Transform) {
        transform::measure().await?;
    }
    if wanted(Measurement::Commit) {
        commit::measure(duration).await?;
    }
    if wanted(Measurement::Throughput) {
        throughput::measure(duration).await?;
    }
    if wanted(Measurement::Latency) {
        latency::measure(duration).await?;
    }
    if wanted(Measurement::Hostile) {
        hostile::measure(duration).await?;
    }
    if wanted(Measurement::Catalogue) {
        catalogue::measure().await?;
    }
    Ok(())
}
