//! What a decent webhook notices of other projects whose plugins use their limits to the full, over and over.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use hookwright_hostile::catalogue;
use hookwright_standin::{Answer, Request, Running, Standin, Target};
use http::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::client::{self, Http};
use crate::report::{heading, line, quantile, quantiles};
use crate::service::{KEY, Service};
use crate::transform;

/// Leads of the decent webhook per second.
const RATE: u32 = 100;
/// Leads of each hog per second: several times what its plugin can do, and few enough that their number is no load itself.
const HOG_RATE: u32 = 2;
/// Webhooks of each hog.
const HOG_WEBHOOKS: usize = 4;

/// Cases of the catalogue that take long, each the plugin of a project of its own. Each group comes on top of those before.
const GROUPS: [(&str, &[&str]); 4] = [
    ("beside endless loops", &["loop-in-transform", "loop-of-host-calls", "standard-error-without-end"]),
    (
        "and full memories",
        &["loop-of-memory-fills", "tiny-allocations-without-end", "memory-grown-without-end"],
    ),
    ("and full stacks, logs and tables", &["recursion-in-transform", "log-flood", "leaked-handles"]),
    // They stay in the fast lane.
    ("and calls that end in time", &["loop-that-ends-in-time", "memory-filled-by-every-call"]),
];

pub(crate) async fn measure(duration: Duration) -> Result<()> {
    let seconds = duration.as_secs();
    heading(&format!("End-to-end latency of `hubspot` at {RATE} leads per second, {seconds} s each"));
    let service = Service::start().await?;
    let http = client::new();
    let (target, mut arrivals) = Arrivals::start().await?;
    let hubspot = json!({"plugin": "hubspot", "settings": transform::settings()});
    let project = service.project(&http).await?;
    service.webhook(&http, &project, &target.url(), hubspot).await?;
    let events = format!("{}/v1/events", service.url);
    // The first leads find nothing prepared.
    paced(&events, &project, duration.min(Duration::from_secs(1)), &mut arrivals).await?;

    let alone = paced(&events, &project, duration, &mut arrivals).await?;
    line("reference: alone", &quantiles(alone.clone()));
    let mut hogs = JoinSet::new();
    for (name, cases) in GROUPS {
        for case in cases {
            hogs.spawn(start_hog(&service, &http, case, &target.url()).await?);
        }
        let beside = paced(&events, &project, duration, &mut arrivals).await?;
        let times = |percent| {
            quantile(&beside, percent).as_secs_f64() / quantile(&alone, percent).as_secs_f64().max(1e-9)
        };
        let ratios = format!("{:.2}× and {:.2}× at p50 and p99", times(50), times(99));
        line(name, &format!("{}   {ratios}", quantiles(beside.clone())));
        if let Some(ended) = hogs.try_join_next() {
            ended??;
        }
    }
    Ok(())
}

/// Posts leads at the rate, whether those before have arrived or not; the time from post to arrival of each, sorted.
async fn paced(
    events: &str,
    project: &str,
    duration: Duration,
    arrivals: &mut UnboundedReceiver<(usize, Instant)>,
) -> Result<Vec<Duration>> {
    let http = client::new();
    let mut ticks = interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut posted, mut posts) = (Vec::new(), JoinSet::new());
    let begun = Instant::now();
    while begun.elapsed() < duration {
        // When it should have been posted, were this program always in time.
        let now = ticks.tick().await;
        let (http, url, body) = (http.clone(), events.to_owned(), lead(project, posted.len()));
        posted.push(now);
        posts.spawn(async move {
            let (status, answer) = client::send(&http, Method::POST, &url, KEY, body).await?;
            if status.is_success() { Ok(()) } else { bail!("{status}: {}", String::from_utf8_lossy(&answer)) }
        });
    }
    let mut times = Vec::with_capacity(posted.len());
    while times.len() < posted.len() {
        let (number, at) = arrivals.recv().await.context("the target is gone")?;
        let posted = posted.get(number).context("a lead that nobody sent")?;
        times.push(at.saturating_duration_since(*posted));
    }
    while let Some(post) = posts.join_next().await {
        post??;
    }
    times.sort_unstable();
    Ok(times)
}

/// The manual's event with an address that has the number.
fn lead(project: &str, number: usize) -> Bytes {
    transform::payload(project).replace("john@", &format!("john-{number}@")).into()
}

/// Sets up a project with the case as its plugin; its leads, posted for ever.
async fn start_hog(
    service: &Service,
    http: &Http,
    case: &str,
    target: &str,
) -> Result<impl Future<Output = Result<()>> + use<>> {
    let case = catalogue().into_iter().find(|known| known.name == case).context("there is no such case")?;
    let project = service.project(http).await?;
    service.upload(http, &project, case.name, (case.build)()).await?;
    for _ in 0..HOG_WEBHOOKS {
        service.webhook(http, &project, target, json!({"plugin": case.name})).await?;
    }
    let (url, body) = (format!("{}/v1/events", service.url), Bytes::from(transform::payload(&project)));
    Ok(async move {
        let http = client::new();
        let mut ticks = interval(Duration::from_secs(1) / HOG_RATE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            let (status, answer) = client::send(&http, Method::POST, &url, KEY, body.clone()).await?;
            if !status.is_success() {
                bail!("{status}: {}", String::from_utf8_lossy(&answer));
            }
        }
    })
}

/// A target that tells when each lead arrived.
struct Arrivals {
    stored: Value,
    tell: UnboundedSender<(usize, Instant)>,
}

impl Arrivals {
    async fn start() -> Result<(Running<Self>, UnboundedReceiver<(usize, Instant)>)> {
        let stored = json!({"status": "COMPLETE", "results": [{"id": "151", "properties": {}}]});
        let (tell, told) = unbounded_channel();
        let target = Standin::start_keeping(hookwright_standin::Keep::Count, Self { stored, tell }).await?;
        Ok((target, told))
    }
}

impl Target for Arrivals {
    fn answer(&self, request: &Request) -> Answer {
        let body = String::from_utf8_lossy(&request.body);
        let number = body.split_once("john-").and_then(|(_, rest)| rest.split_once('@')?.0.parse().ok());
        if let Some(number) = number {
            // Once the measurement has ended nobody listens.
            let _ = self.tell.send((number, Instant::now()));
        }
        Answer::json(200, &self.stored)
    }
}
