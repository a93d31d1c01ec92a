//! How much processor time a process has used.

use std::time::Duration;

use anyhow::{Context as _, Result};

/// User and system time of a process, in all its threads and in the children that it has waited for (proc(5)).
pub(crate) fn of_process(id: u32) -> Result<Duration> {
    /// `sysconf(_SC_CLK_TCK)` is 100 on every Linux that is in use.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).context("the process is gone")?;
    let after_name = stat.rsplit_once(')').map(|(_, rest)| rest).context("/proc has another format")?;
    let ticks: u32 =
        after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    Ok(TICK * ticks)
}
