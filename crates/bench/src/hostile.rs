//! What a decent webhook notices of plugins that use their limits to the full, over and over.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use hookwright_engine::ports::{MapRequest, Mapper as _};
use hookwright_hostile::Guest;
use hookwright_model::{Digest, ProjectId};
use hookwright_plugin_host::PluginHost;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::report::{heading, line, quantile, quantiles};
use crate::transform;

/// Calls of the decent webhook per second.
const RATE: u32 = 100;
/// Calls of each hog that are under way at the same time.
const CALLS_AT_ONCE: usize = 8;

pub(crate) async fn measure(duration: Duration) -> Result<()> {
    heading(&format!("One `hubspot` call, {RATE} per second for {} s, beside hogs", duration.as_secs()));
    let cache = tempfile::tempdir()?;
    let workers = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let host = Arc::new(transform::host(cache.path(), workers)?);
    let decent = transform::request()?;
    transform::load(&host).await?;
    host.transform(decent.clone()).await.outcome?;

    let alone = paced(&host, &decent, duration).await?;
    line("reference: alone", &quantiles(alone.clone()));
    let endless = "(loop $again (br $again)) unreachable";
    let full = "(drop (memory.grow (i32.const 1000)))
        (loop $again (memory.fill (i32.const 65536) (i32.const 1) (i32.const 65000000)) (br $again)) unreachable";
    for (name, bodies) in [
        ("beside endless loops", [endless].as_slice()),
        ("beside full memories", &[full]),
        ("beside both", &[endless, full]),
    ] {
        let hogs = Hogs::start(&host, &decent, bodies).await?;
        let beside = paced(&host, &decent, duration).await?;
        let ended = hogs.stop().await;
        let times = |percent| {
            quantile(&beside, percent).as_secs_f64() / quantile(&alone, percent).as_secs_f64().max(1e-9)
        };
        let ratios = format!("{:.2}× and {:.2}× at p50 and p99; {ended} calls of hogs", times(50), times(99));
        line(name, &format!("{}   {ratios}", quantiles(beside.clone())));
    }
    Ok(())
}

/// Calls at the rate, and the time that each took.
async fn paced(host: &PluginHost, request: &MapRequest, duration: Duration) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    let mut ticks = interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let end = Instant::now() + duration;
    while Instant::now() < end {
        ticks.tick().await;
        let request = request.clone();
        let begun = Instant::now();
        host.transform(request).await.outcome?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

/// Plugins of other projects that are called all the time.
struct Hogs {
    stopped: Arc<AtomicBool>,
    ended: Arc<AtomicU64>,
    callers: Vec<tokio::task::JoinHandle<()>>,
}

impl Hogs {
    /// Starts a hog for each body of `transform`.
    async fn start(host: &Arc<PluginHost>, decent: &MapRequest, bodies: &[&str]) -> Result<Self> {
        let mut hogs = Self { stopped: Arc::default(), ended: Arc::default(), callers: Vec::new() };
        for (number, body) in (1..).zip(bodies) {
            let component = Guest::transforming(body);
            host.load(component.clone()).await?;
            let mut request = MapRequest { component: Digest::of(&component), ..decent.clone() };
            request.event.project = ProjectId::from_bytes([number; 16]);
            for _ in 0..CALLS_AT_ONCE {
                let (host, request) = (Arc::clone(host), request.clone());
                let (stopped, ended) = (Arc::clone(&hogs.stopped), Arc::clone(&hogs.ended));
                hogs.callers.push(tokio::spawn(async move {
                    while !stopped.load(Ordering::Relaxed) {
                        // Each call ends at a limit.
                        let _ = host.transform(request.clone()).await;
                        ended.fetch_add(1, Ordering::Relaxed);
                    }
                }));
            }
        }
        if hogs.callers.is_empty() {
            bail!("there are no hogs");
        }
        Ok(hogs)
    }

    /// Ends the calls; how many there were.
    async fn stop(self) -> u64 {
        let ended = self.ended.load(Ordering::Relaxed);
        self.stopped.store(true, Ordering::Relaxed);
        for caller in self.callers {
            // A caller that panicked has said so.
            let _ = caller.await;
        }
        ended
    }
}
