//! Everything in the catalogue of hostile components through a plugin host that compiles in child processes, as in
//! production, with the limits of production.

use std::env;
use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use hookwright_hostile::{Verdict, catalogue, judge};
use hookwright_plugin_host::{Isolation, PluginHost};
use nix::sys::resource::{UsageWho, getrusage};
use tokio::process::Command;
use tokio::time::Instant;

use crate::report::{heading, line};
use crate::transform;

/// The hidden commands of this program: to do one job of a plugin host, and to measure with the catalogue in a folder.
pub(crate) const JOB: &str = "do-one-job";
pub(crate) const MEASURE: &str = "measure-the-catalogue";
/// How many of the slowest cases are shown.
const SLOWEST: usize = 8;

/// Building some of the cases takes more memory than running any: so this is done here, and another process measures.
pub(crate) async fn measure() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for case in catalogue() {
        fs::write(folder.path().join(case.name), (case.build)())?;
    }
    let measured = Command::new(env::current_exe()?).arg(MEASURE).arg(folder.path()).status().await?;
    if measured.success() { Ok(()) } else { bail!("the catalogue was not measured") }
}

/// Judges every component of the folder.
pub(crate) async fn measure_built(folder: &Path) -> Result<()> {
    let cases = catalogue();
    heading(&format!("{} hostile components, each uploaded and called twice", cases.len()));
    let cache = tempfile::tempdir()?;
    let isolation = Isolation::Child { program: env::current_exe()?, args: vec![JOB.into()] };
    let workers = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let host = transform::host(cache.path(), workers, isolation)?;

    let hubspot = hookwright_bundled::all().iter().find(|plugin| plugin.name == "hubspot");
    let hubspot = hubspot.context("`hubspot` is not bundled")?.component;
    let took = judged(&host, Bytes::from_static(hubspot), Verdict::Harmless).await?;
    line("reference: `hubspot`", &format!("{}   {}", seconds(took), peaks()?));

    let mut times = Vec::new();
    for case in &cases {
        let component = fs::read(folder.join(case.name))?;
        let took = judged(&host, component.into(), case.verdict).await;
        times.push((took.with_context(|| case.name.to_owned())?, case.name));
    }
    let all = times.iter().map(|(took, _)| *took).sum();
    line("all of them", &format!("{}   {}", seconds(all), peaks()?));
    times.sort_unstable_by(|one, other| other.cmp(one));
    let median = times.get(times.len() / 2).map_or(Duration::ZERO, |(took, _)| *took);
    line("the median", &seconds(median));
    for (took, name) in times.iter().take(SLOWEST) {
        line(name, &seconds(*took));
    }
    Ok(())
}

/// How long the upload and two calls take.
async fn judged(host: &PluginHost, component: Bytes, verdict: Verdict) -> Result<Duration> {
    let begun = Instant::now();
    let judged = judge(host, component).await;
    let took = begun.elapsed();
    if judged.verdict != verdict {
        bail!("the verdict is {:?} instead of {verdict:?}: {:.300}", judged.verdict, judged.message);
    }
    Ok(took)
}

/// The most memory that this process and the largest of its children so far have had.
fn peaks() -> Result<String> {
    let mebibytes = |who| anyhow::Ok(getrusage(who)?.max_rss() / 1024);
    let (host, compiler) = (mebibytes(UsageWho::RUSAGE_SELF)?, mebibytes(UsageWho::RUSAGE_CHILDREN)?);
    Ok(format!("peak memory {host} MiB, of a compiler {compiler} MiB"))
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
