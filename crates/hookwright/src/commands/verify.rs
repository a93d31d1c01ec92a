//! `hookwright verify`: looks for damage in a store.

use std::path::PathBuf;

use anyhow::{Result, bail};
use hookwright_store_redb::{MasterKey, Verified};

use super::output;
use crate::data::DataDir;
use crate::ports::SystemEntropy;

/// Read every record of a stopped server's store, and list what is damaged
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright verify --data ./data\n\n\
    Stop the server first. Nothing is repaired; the exit status is 1 if anything is damaged.")]
pub(crate) struct Args {
    /// The data folder
    #[arg(long, env = "HOOKWRIGHT_DATA", value_name = "DIR")]
    data: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let missing = || format!("{} has no store; is it the data folder of a server?", args.data.display());
    if !args.data.is_dir() {
        bail!(missing());
    }
    let data = DataDir::open(&args.data)?;
    if !data.store().is_file() {
        bail!(missing());
    }
    let key = MasterKey::from_bytes(*data.master_key(&SystemEntropy)?.expose());
    let Verified { records, damage } = hookwright_store_redb::verify(&data.store(), &key)?;
    let lines: String = damage.iter().map(|damage| format!("{damage}\n")).collect();
    output::print(&lines)?;
    if damage.is_empty() {
        return output::print(&format!("{records} records, none damaged\n"));
    }
    bail!(
        "{} of {records} records or pages are damaged. Damaged deliveries are held when the server meets them, and the \
         rest goes on. To get back what is lost, restore a backup",
        damage.len()
    )
}
