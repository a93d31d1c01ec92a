//! `hookwright config`: prints the configuration file.

use anyhow::Result;

use super::output;
use crate::config::template;

/// Print a configuration file with every setting, its default and what it is for
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  hookwright config > hookwright.toml\n  hookwright serve --config hookwright.toml"
)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<()> {
    output::print(&template())
}
