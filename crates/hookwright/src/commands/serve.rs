//! `hookwright serve`: the service.

use std::future::IntoFuture as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::serve::ListenerExt as _;
use hookwright_api::AdminKey;
use hookwright_engine::{Drained, Engine};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use crate::config::{Config, Settings};
use crate::data::{Admin, DataDir};
use crate::ports::SystemEntropy;
use crate::{logging, wire};

/// Run the server
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright serve --data ./data --listen 127.0.0.1:8080\n\n\
    The first start prints the admin key, once. HOOKWRIGHT_ADMIN_KEY gives one instead.\n\
    `hookwright config` prints a configuration file with every setting.")]
pub(crate) struct Args {
    /// The configuration file; flags and environment variables win over it
    #[arg(long, env = "HOOKWRIGHT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let file = args.config.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
    let config = args.settings.or(file).finish()?;
    logging::start(&config.log, config.log_format)?;
    let data = DataDir::open(&config.data)?;
    let listener = listen(&config).await?;
    let engine = wire::start(&config, &data).await?;
    let given = std::env::var("HOOKWRIGHT_ADMIN_KEY").ok();
    let admin = match data.admin_key(given.as_deref(), &SystemEntropy)? {
        Admin::Known(admin) => admin,
        Admin::New(admin, key) => {
            println!("The admin key, shown this once: {key}");
            println!("Keep it, and give it to the other commands as HOOKWRIGHT_ADMIN_KEY.");
            admin
        }
    };
    println!("Hookwright listens on http://{}", listener.local_addr()?);
    info!(listen = %listener.local_addr()?, data = %data.path().display(), "started");
    serve(listener, engine, admin, config.drain, stop_signal()?).await
}

async fn listen(config: &Config) -> Result<TcpListener> {
    TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("{} cannot be listened on; is another server running there?", config.listen))
}

/// Serves until `stop`, then lets requests and deliveries under way end within the deadline.
pub(crate) async fn serve(
    listener: TcpListener,
    engine: Engine,
    admin: AdminKey,
    drain: Duration,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let (stopping, mut stopped) = tokio::sync::watch::channel(());
    let graceful = async move {
        stop.await;
        // Nobody listens any more only when the server has ended by itself.
        let _ = stopping.send(());
    };
    let router = hookwright_api::router(engine.clone(), admin);
    // A connection that cannot be told to send at once only answers more slowly.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let server = axum::serve(listener, router).with_graceful_shutdown(graceful).into_future();
    let server = tokio::spawn(server);
    let _ = stopped.changed().await;
    info!("stopping");
    let (drained, _) = tokio::join!(engine.drain(drain), tokio::time::timeout(drain, server));
    match drained {
        Drained::Complete => info!("every delivery under way has ended"),
        Drained::CutOff(deliveries) => {
            warn!(deliveries, "deliveries were cut off; the next start sends them again");
        }
    }
    engine.close().await;
    Ok(())
}

/// Ends with SIGTERM or SIGINT (Ctrl-C).
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
