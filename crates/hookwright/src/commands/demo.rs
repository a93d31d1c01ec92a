//! `hookwright demo`: one lead, from the chat to the CRM, on a server of its own.

mod story;

use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::builder::PossibleValuesParser;
use hookwright_api::AdminKey;
use hookwright_api_types::{media_type, path};
use hookwright_standin::{Connection, Fault, Listing, Running, Standin, VENDORS, Vendor, When};
use http::Method;
use serde_json::{Value, json};

use super::serve::{self, Service};
use crate::bootstrap::Parts;
use crate::client::{Client, ServerArgs};
use crate::config::{ConfigFile, Listen, Settings};
use crate::data::{Beginning, new_admin_key};
use crate::logging::{self, LogFormat};
use crate::ports::SystemEntropy;
use crate::signals::Signals;

/// Show one lead on its way: a server, a stand-in CRM, a failure, a retry, a receipt
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright demo\n  hookwright demo --target pipedrive --exit")]
pub(crate) struct Args {
    /// Where the lead goes
    #[arg(long, value_name = "NAME", default_value = "hubspot", value_parser = vendor_names())]
    target: String,
    /// What goes wrong at first, by the stand-in's name for it; a wrong name lists them. Without it, too many requests
    #[arg(long, value_name = "NAME")]
    trouble: Option<String>,
    /// End at once, instead of leaving the server running until Ctrl-C
    #[arg(long)]
    exit: bool,
    /// The address to listen on; without it any free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: Listen,
}

/// How often the demo looks at what has happened meanwhile.
const GLANCE: Duration = Duration::from_millis(50);

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    match show(&args).await {
        // Whoever reads the story has read enough, as `head` does.
        Err(error) if is_of_reader(&error) => Ok(ExitCode::SUCCESS),
        ended => ended,
    }
}

fn is_of_reader(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

async fn show(args: &Args) -> Result<ExitCode> {
    let folder = tempfile::tempdir().context("A temporary folder cannot be created")?;
    let settings = settings(args, folder.path())?;
    let _flush = logging::start(&"error".parse().map_err(anyhow::Error::msg)?, LogFormat::Text)?;
    let signals = Signals::listen()?;
    story::opening()?;
    let data = serve::open(settings.data()?, Beginning::First)?;
    let max_in_flight = settings.max_in_flight.get();
    let parts = Parts { settings: &settings, file: &ConfigFile::default(), data: &data, max_in_flight };
    let engine = tokio::select! {
        engine = parts.start() => engine?,
        () = signals.first() => return Ok(ExitCode::SUCCESS),
    };
    let key = new_admin_key(&SystemEntropy);
    let listener = settings.listen.bind().await?;
    let server = format!("http://{}", listener.local_addr()?);
    let service = Service {
        engine,
        admin: AdminKey::new(key.expose()),
        max_connections: settings.max_connections.get(),
        drain: settings.drain(),
        store_file: None,
    };
    let (stop, stopped) = Signals::by_hand();
    let serving = tokio::spawn(service.run(listener, stopped));
    let vendor = vendor(&args.target)?;
    let target = Standin::start((vendor.open)()).await.context("The stand-in cannot be started")?;
    let told = tokio::select! {
        told = tell(args, &server, key.expose(), vendor, &target) => told,
        () = signals.first() => Ok(()),
    };
    if told.is_ok() && !args.exit {
        signals.first().await;
    }
    stop.raise();
    tokio::select! {
        ended = serving => ended.context("The server crashed")??,
        () = signals.second() => ExitCode::FAILURE,
    };
    told.map(|()| ExitCode::SUCCESS)
}

/// Lets a lead go its way to the target and tells what happens.
async fn tell(
    args: &Args,
    server: &str,
    key: &str,
    vendor: &Listing,
    target: &Running<Box<dyn Vendor>>,
) -> Result<()> {
    let (when, fault) = trouble(args, vendor, target)?;
    target.script(when, fault);
    story::cast(server, vendor.title, &target.url())?;
    let client = Client::new(&ServerArgs::for_server(server, key)?)?;
    let project = deliver(&client, vendor, target).await?;
    if !args.exit {
        story::invitation(server, key, &project)?;
    }
    Ok(())
}

/// What goes wrong at first.
fn trouble(args: &Args, vendor: &Listing, target: &Running<Box<dyn Vendor>>) -> Result<(When, Fault)> {
    let Some(wanted) = &args.trouble else {
        return Ok((When::next(1), Fault::Answer(target.target().too_many_requests())));
    };
    let troubles = target.target().troubles();
    let found = troubles.iter().find(|trouble| trouble.name == wanted.as_str());
    let trouble = found.with_context(|| {
        let names: Vec<&str> = troubles.iter().map(|trouble| trouble.name).collect();
        format!("{} knows no trouble `{wanted}`. Choose one of: {}", vendor.title, names.join(", "))
    })?;
    Ok((trouble.when.clone(), trouble.fault.clone()))
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

fn settings(args: &Args, folder: &std::path::Path) -> Result<Settings> {
    let data = folder.join("data");
    let data = data.to_str().context("The temporary folder's name is not UTF-8")?;
    let listen = args.listen.to_string();
    let flags = ["--data", data, "--listen", &listen, "--allow-target", "127.0.0.0/8", "--drain-secs", "5"];
    Settings::of_flags(&flags)
}

/// Sends one lead to the target. Returns its project.
async fn deliver(client: &Client, vendor: &Listing, target: &Running<Box<dyn Vendor>>) -> Result<String> {
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
    story::webhook(vendor.title, plugin, &webhook)?;

    let event = event(&project);
    let accepted: Value =
        client.call(Method::POST, path::EVENTS).body(media_type::JSON, event.clone()).send().await?.read()?;
    story::event(&event, &accepted)?;
    let delivery = text(&accepted, "/deliveries/0")?;
    let ended = follow(client, &delivery).await?;
    story::ending(&ended, vendor.title, &target.target().records())?;
    Ok(project)
}

/// Tells each attempt once it is in the log, until the delivery has ended.
async fn follow(client: &Client, delivery: &str) -> Result<Value> {
    let mut told = 0;
    loop {
        let shown: Value = client.call(Method::GET, &path::delivery(delivery)).send().await?.read()?;
        let attempts = shown["attempts"].as_array().map(Vec::as_slice).unwrap_or_default();
        for attempt in attempts.iter().skip(told) {
            story::attempt(attempt, shown["next_attempt_at"].as_str())?;
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
