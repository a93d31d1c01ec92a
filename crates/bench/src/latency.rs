//! How long a lead takes from its arrival at Hookwright to its arrival at the target.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::client;
use crate::report::{heading, line, quantiles};
use crate::service::{KEY, Service};
use crate::{throughput, transform};

/// Leads per second: a busy service for customers, an idle one for the machine.
const RATE: u64 = 100;

pub(crate) async fn measure(duration: Duration) -> Result<()> {
    heading(&format!("End-to-end latency at {RATE} leads per second, {} s each", duration.as_secs()));
    line("reference: the request alone", &quantiles(requests(duration).await?));
    line("plain JSON", &quantiles(leads(duration, Value::Null).await?));
    let hubspot = json!({"plugin": "hubspot", "settings": transform::settings()});
    line("mapped by `hubspot` (one call)", &quantiles(leads(duration, hubspot).await?));
    Ok(())
}

/// The target asked directly.
async fn requests(duration: Duration) -> Result<Vec<Duration>> {
    let target = throughput::target().await?;
    let body: Bytes = transform::payload("0198c0de-7e57-7aaa-8000-0123456789ab").into();
    paced(duration, target.url(), async |_| {}, &body).await
}

/// One lead at a time, so that the target's next request is the lead's own.
async fn leads(duration: Duration, mapping: Value) -> Result<Vec<Duration>> {
    let target = throughput::target().await?;
    let service = Service::start().await?;
    let body = service.set_up(&client::new(), &target.url(), mapping).await?;
    let arrived = async |lead: u64| drop(target.wait_for(lead).await);
    paced(duration, format!("{}/v1/events", service.url), arrived, &body).await
}

/// Posts at the rate, and takes the time until `arrived` ends.
async fn paced(
    duration: Duration,
    url: String,
    arrived: impl AsyncFn(u64),
    body: &Bytes,
) -> Result<Vec<Duration>> {
    let http = client::new();
    let mut times = Vec::new();
    let mut ticks = interval(Duration::from_secs(1) / u32::try_from(RATE)?);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let end = Instant::now() + duration;
    let mut lead = 0;
    while Instant::now() < end {
        ticks.tick().await;
        lead += 1;
        let begun = Instant::now();
        client::send(&http, Method::POST, &url, KEY, body.clone()).await?;
        arrived(lead).await;
        times.push(begun.elapsed());
    }
    Ok(times)
}
