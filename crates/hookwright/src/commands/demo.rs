//! `hookwright demo`: one lead, from the chat to the CRM, on a server of its own.

mod story;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::builder::PossibleValuesParser;
use hookwright_api::AdminKey;
use hookwright_api_types::{media_type, path};
use hookwright_engine::ports::Entropy;
use hookwright_standin::{Connection, Fault, Listing, Running, Standin, VENDORS, Vendor, When};
use http::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::serve;
use crate::client::{Client, ServerArgs};
use crate::config::{Config, LogFormat, Settings};
use crate::data::DataDir;
use crate::ports::SystemEntropy;
use crate::{logging, wire};

/// Show one lead on its way: a server, a stand-in CRM, a failure, a retry, a receipt
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright demo\n  hookwright demo --target pipedrive --exit")]
pub(crate) struct Args {
    /// Where the lead goes
    #[arg(long, value_name = "NAME", default_value = "hubspot", value_parser = vendor_names())]
    target: String,
    /// End at once, instead of leaving the server running until Ctrl-C
    #[arg(long)]
    exit: bool,
    /// The address to listen on; without it any free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// How often the demo looks at what has happened meanwhile.
const GLANCE: Duration = Duration::from_millis(50);

pub(crate) async fn run(args: Args) -> Result<()> {
    let folder = tempfile::tempdir().context("a temporary folder cannot be made")?;
    let config = config(&args, folder.path())?;
    logging::start("error", LogFormat::Text)?;
    story::opening();
    let data = DataDir::open(&config.data)?;
    let engine = wire::start(&config, &data).await?;
    let entropy: &dyn Entropy = &SystemEntropy;
    let key = format!("hwk_{}", URL_SAFE_NO_PAD.encode(entropy.bytes::<32>()));
    let listener = TcpListener::bind(config.listen).await.context("the server cannot listen")?;
    let server = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let interrupt = serve::stop_signal()?;
    let until = async move {
        tokio::select! {
            () = interrupt => {}
            _ = stopped => {}
        }
    };
    let serving = tokio::spawn(serve::serve(listener, engine, AdminKey::new(&key), config.drain, until));

    let vendor = vendor(&args.target)?;
    let target = Standin::start((vendor.open)()).await.context("the stand-in cannot be started")?;
    target.script(When::next(1), Fault::Answer(target.target().too_many_requests()));
    story::cast(&server, vendor.title, &target.url());
    let client = Client::new(&ServerArgs::for_server(&server, &key)?)?;
    tell(&client, vendor, &target).await?;
    if args.exit {
        // The receiver is gone only when the server has ended already.
        let _ = stop.send(());
    } else {
        story::invitation(&server, &key);
    }
    serving.await.context("the server crashed")?
}

fn vendor_names() -> PossibleValuesParser {
    PossibleValuesParser::new(VENDORS.iter().map(|vendor| vendor.name))
}

fn vendor(name: &str) -> Result<&'static Listing> {
    VENDORS
        .iter()
        .find(|vendor| vendor.name == name)
        .with_context(|| format!("there is no stand-in for {name}"))
}

fn config(args: &Args, folder: &std::path::Path) -> Result<Config> {
    let settings = Settings {
        data: Some(folder.join("data")),
        listen: Some(args.listen),
        allow_target: Some(vec!["127.0.0.0/8".parse()?]),
        drain_secs: Some(5),
        ..Settings::default()
    };
    settings.finish()
}

/// Lets the lead go its way, and tells what happens.
async fn tell(client: &Client, vendor: &Listing, target: &Running<Box<dyn Vendor>>) -> Result<()> {
    let project: Value =
        client.call(Method::POST, path::PROJECTS).json(&json!({"name": "Demo"}))?.send().await?.read()?;
    let project = text(&project, "/id")?;
    let Connection { plugin, settings, headers } = target.target().connection();
    let webhook = json!({
        "name": vendor.title,
        "url": target.url(),
        "events": ["lead.created"],
        "headers": headers,
        "mapping": plugin.map(|plugin| json!({"plugin": plugin, "settings": settings})),
    });
    let webhook: Value =
        client.call(Method::POST, &path::webhooks(&project)).json(&webhook)?.send().await?.read()?;
    story::webhook(vendor.title, plugin, &webhook);

    let event = event(&project);
    let accepted: Value =
        client.call(Method::POST, path::EVENTS).body(media_type::JSON, event.clone()).send().await?.read()?;
    story::event(&event, &accepted);
    let delivery = text(&accepted, "/deliveries/0")?;
    let ended = follow(client, &delivery).await?;
    story::ending(&ended, vendor.title, &target.target().records());
    Ok(())
}

/// Tells each attempt once it is in the log, until the delivery has ended.
async fn follow(client: &Client, delivery: &str) -> Result<Value> {
    let mut told = 0;
    loop {
        let shown: Value = client.call(Method::GET, &path::delivery(delivery)).send().await?.read()?;
        let attempts = shown["attempts"].as_array().map(Vec::as_slice).unwrap_or_default();
        for attempt in attempts.iter().skip(told) {
            story::attempt(attempt, shown["next_attempt_at"].as_str());
        }
        told = told.max(attempts.len());
        if !matches!(shown["state"].as_str(), Some("pending" | "delivering")) {
            return Ok(shown);
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// An event as a producer writes it.
fn event(project: &str) -> String {
    EVENT.replace("PROJECT", project)
}

const EVENT: &str = r#"{
  "event": "lead.created",
  "project_id": "PROJECT",
  "created_at": "2026-05-31T10:00:00Z",
  "lead": {
    "name": "John Smith",
    "phone": "+12025551234",
    "email": "john@example.com",
    "message": "I'd like to know about pricing",
    "channel": "telegram",
    "conversation_id": "8c0de5a1-7e57-4aaa-8000-0123456789ab"
  }
}"#;

fn text(answer: &Value, pointer: &str) -> Result<String> {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned).with_context(|| format!("the server's answer has no {pointer}: {answer}"))
}
