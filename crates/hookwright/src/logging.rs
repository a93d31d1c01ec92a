//! Log lines: what is logged, how it looks, and where it goes: standard error, without ever waiting for it.

mod filter;
mod queue;

use std::io::{self, IsTerminal as _};

use anyhow::Result;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

pub(crate) use filter::Filter;
pub(crate) use queue::Flush;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts logging. What waits is written when the answer is dropped.
pub(crate) fn start(filter: &Filter, format: LogFormat) -> Result<Flush> {
    let is_terminal = io::stderr().is_terminal();
    let (lines, flush) = queue::start(standard_error()?)?;
    let layer = match format {
        LogFormat::Text => fmt::layer().with_ansi(is_terminal).with_writer(lines).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(lines).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(filter.targets())).try_init()?;
    report_panics();
    Ok(flush)
}

/// Standard error without the lock of the standard library, which a slow reader would hold against everybody else.
fn standard_error() -> Result<std::fs::File> {
    use std::os::fd::AsFd as _;
    Ok(io::stderr().as_fd().try_clone_to_owned()?.into())
}

/// Logs panics like everything else instead of writing them to standard error, which may be closed.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        let message = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(panic.place = %place, panic.thread = %thread, "a part of the server panicked: {message}");
    }));
}
