//! One call of a plugin, with a fresh instance, beside the same work as a native function.

use std::hint::black_box;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use hookwright_engine::ports::{MapRequest, Mapper as _};
use hookwright_model::{Action, Event, EventId, EventKind, History, Payload, ProjectId, Settings, Timestamp};
use hookwright_plugin_host::{CacheKey, HostOptions, Isolation, PluginHost, PluginLimits};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::report::{heading, line, micros};

const CALLS: u32 = 20_000;
/// Enough that the worker never waits for a caller.
const CALLERS: u32 = 8;

/// The event of the users' manual.
pub(crate) fn payload(project: &str) -> String {
    json!({
        "event": "lead.created",
        "project_id": project,
        "created_at": "2026-05-31T10:00:00Z",
        "lead": {
            "name": "John Smith",
            "phone": "+12025551234",
            "email": "john@example.com",
            "message": "I'd like to know about pricing",
            "channel": "telegram",
            "conversation_id": "8c0de5a1-7e57-4aaa-8000-0123456789ab",
        },
    })
    .to_string()
}

/// Settings with which `hubspot` makes one call.
pub(crate) fn settings() -> Value {
    json!({"note": false})
}

pub(crate) async fn measure() -> Result<()> {
    heading("One transform call of `hubspot`");
    let request = request()?;
    let cache = tempfile::tempdir()?;
    let host = host(cache.path(), NonZero::<usize>::MIN, Isolation::InProcess)?;
    let (native, plugin) =
        (upsert(&request.event, &request.settings)?, mapped(&host, request.clone()).await?);
    if native != plugin {
        bail!("the native function does other work than the plugin: {native} instead of {plugin}");
    }

    let begun = Instant::now();
    for _ in 0..CALLS {
        black_box(upsert(black_box(&request.event), &request.settings)?.to_string());
    }
    let native = begun.elapsed() / CALLS;
    line("reference: a native function", &micros(native));

    let begun = Instant::now();
    for _ in 0..CALLS {
        black_box(host.transform(request.clone()).await).outcome?;
    }
    let plugin = begun.elapsed() / CALLS;
    let times = plugin.as_secs_f64() / native.as_secs_f64();
    line("the plugin, one after another", &format!("{}   {times:.1}× native", micros(plugin)));

    let host = Arc::new(host);
    let begun = Instant::now();
    let callers = (0..CALLERS).map(|_| {
        let (host, request) = (Arc::clone(&host), request.clone());
        tokio::spawn(async move {
            for _ in 0..CALLS / CALLERS {
                black_box(host.transform(request.clone()).await).outcome?;
            }
            anyhow::Ok(())
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await??;
    }
    let plugin = begun.elapsed() / CALLS;
    let times = plugin.as_secs_f64() / native.as_secs_f64();
    line("the plugin, one worker kept busy", &format!("{}   {times:.1}× native", micros(plugin)));
    Ok(())
}

/// A call of `hubspot`.
pub(crate) fn request() -> Result<MapRequest> {
    let project = "0198c0de-7e57-7aaa-8000-0123456789ab";
    let plugins = hookwright_bundled::all();
    let hubspot =
        plugins.iter().find(|plugin| plugin.name == "hubspot").context("`hubspot` is not bundled")?;
    let now = Timestamp::from_millis(1_780_000_000_000);
    let event = Event {
        id: EventId::new(now, [7; 10]),
        project: project.parse::<ProjectId>()?,
        kind: EventKind::LeadCreated,
        received_at: now,
        payload: payload(project).into(),
    };
    Ok(MapRequest {
        component: hookwright_model::Digest::of(hubspot.component),
        event,
        settings: Settings::from_json(&settings())?,
        history: History::default(),
    })
}

/// A host that keeps a few plugins in memory.
pub(crate) fn host(cache: &Path, workers: NonZero<usize>, isolation: Isolation) -> Result<PluginHost> {
    Ok(PluginHost::new(HostOptions {
        cache_dir: cache.to_owned(),
        cache_key: CacheKey::new([7; 32]),
        cache_bytes: 1 << 30,
        precompiled: Vec::new(),
        isolation,
        workers,
        loaded: NonZero::new(8).context("8 is not 0")?,
        loaded_bytes: 1 << 30,
        limits: PluginLimits::default(),
    })?)
}

/// Loads `hubspot`.
pub(crate) async fn load(host: &PluginHost) -> Result<()> {
    for plugin in hookwright_bundled::all().iter().filter(|plugin| plugin.name == "hubspot") {
        host.load(Bytes::from_static(plugin.component)).await?;
    }
    Ok(())
}

/// The body that the plugin wants sent.
async fn mapped(host: &PluginHost, request: MapRequest) -> Result<Value> {
    load(host).await?;
    match host.transform(request).await.outcome? {
        Action::Call(step) | Action::Deliver(step) => {
            Ok(serde_json::from_slice(&step.body.unwrap_or_default())?)
        }
        other => bail!("the plugin sends nothing: {other:?}"),
    }
}

/// What `hubspot` does for a lead with an address, written as one would write it in the service itself.
fn upsert(event: &Event, settings: &Settings) -> Result<Value> {
    let settings: Value = serde_json::from_str(settings.as_str())?;
    let lead = Payload::parse(&event.payload)?.lead;
    let email = lead.email.as_deref().map(str::to_lowercase).context("no address")?;
    let (first, last) = lead.name.as_deref().and_then(|name| name.split_once(' ')).unwrap_or_default();
    let mut properties = json!({
        "email": email,
        "firstname": first,
        "lastname": last,
        "phone": lead.phone,
        "lifecyclestage": settings["lifecycle_stage"].as_str().unwrap_or("lead"),
    });
    if settings["note"] == json!(false) {
        properties["message"] = json!(lead.message);
    }
    Ok(json!({"inputs": [{"id": email, "idProperty": "email", "properties": properties}]}))
}
