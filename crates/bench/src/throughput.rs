//! Leads per second and processor time per lead, through the real binary.

use std::time::Duration;

use anyhow::Result;
use hookwright_standin::{Answer, Keep, Receiver, Running, Standin};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client;
use crate::relay::Relay;
use crate::report::{heading, line, micros};
use crate::service::{KEY, Service};
use crate::{cpu, transform};

/// What one load did.
struct Load {
    leads: u64,
    took: Duration,
    cpu: Duration,
}

impl Load {
    fn show(&self, name: &str, reference: Option<&Self>) {
        let ratio = reference.map_or_else(String::new, |reference| {
            let times = self.cpu_per_lead().as_secs_f64() / reference.cpu_per_lead().as_secs_f64();
            format!("   {times:.1}× the relay's CPU")
        });
        let figures = format!(
            "{:.0} leads/s   {} of CPU per lead{ratio}",
            self.per_second(),
            micros(self.cpu_per_lead())
        );
        line(name, &figures);
    }

    fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
        let leads = self.leads as f64;
        leads / self.took.as_secs_f64()
    }

    fn cpu_per_lead(&self) -> Duration {
        self.cpu / u32::try_from(self.leads.max(1)).unwrap_or(u32::MAX)
    }
}

/// Load, target and service share the machine's processors; the CPU is that of the service alone.
pub(crate) async fn measure(duration: Duration) -> Result<()> {
    heading(&format!(
        "Accepted and delivered leads, {} at once, {} s each",
        client::CONNECTIONS,
        duration.as_secs()
    ));
    let relay = through_relay(duration).await?;
    relay.show("reference: a bare relay", None);
    through_service(duration, Value::Null).await?.show("plain JSON", Some(&relay));
    through_service(duration, json!({"plugin": "hubspot", "settings": transform::settings()}))
        .await?
        .show("mapped by `hubspot` (one call)", Some(&relay));
    Ok(())
}

/// A target that says of every contact that it has been stored.
pub(crate) async fn target() -> Result<Running<Receiver>> {
    let stored = json!({"status": "COMPLETE", "results": [{"id": "151", "properties": {}}]});
    Ok(Standin::start_keeping(Keep::Count, Receiver::answering(Answer::json(200, &stored))).await?)
}

async fn through_relay(duration: Duration) -> Result<Load> {
    let target = target().await?;
    let relay = Relay::start(&target.url()).await?;
    let http = client::new();
    let body = transform::payload("0198c0de-7e57-7aaa-8000-0123456789ab").into();
    let before = cpu::of_process(relay.id()?)?;
    let begun = Instant::now();
    let leads = client::load(&http, &relay.url, KEY, &body, duration).await?;
    Ok(Load { leads, took: begun.elapsed(), cpu: cpu::of_process(relay.id()?)? - before })
}

async fn through_service(duration: Duration, mapping: Value) -> Result<Load> {
    let target = target().await?;
    let service = Service::start().await?;
    let http = client::new();
    let body = service.set_up(&http, &target.url(), mapping).await?;
    let events = format!("{}/v1/events", service.url);
    let before = cpu::of_process(service.id()?)?;
    let begun = Instant::now();
    let leads = client::load(&http, &events, KEY, &body, duration).await?;
    target.wait_for(leads).await;
    Ok(Load { leads, took: begun.elapsed(), cpu: cpu::of_process(service.id()?)? - before })
}
