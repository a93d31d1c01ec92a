//! `hookwright serve`: the service.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use clap::{CommandFactory as _, FromArgMatches as _};
use hookwright_api::{AdminKey, Gate};
use hookwright_engine::{DispatcherState, Drained, Engine};
use hookwright_model::Secret;
use rustix::fs::Mode;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{error, info, warn};

use super::Cli;
use crate::bootstrap::Parts;
use crate::config::{ConfigFile, Settings};
use crate::data::{Admin, Beginning, Change, DataDir, StoreFile, check_strength};
use crate::files::Shares;
use crate::ports::SystemEntropy;
use crate::signals::Signals;
use crate::{connections, logging, supervisor};

/// Run the server
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  hookwright serve --data ./data\n  hookwright serve --config hookwright.toml --listen :8080\n\n\
    The first start prints the admin key, once. HOOKWRIGHT_ADMIN_KEY gives one instead.\n\
    `hookwright config` prints a configuration file with every setting."
)]
pub(crate) struct Args {
    /// The configuration file; flags and environment variables win over it
    #[arg(long, env = "HOOKWRIGHT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Begin with an empty store where one was lost: its keys are there, but its file is missing or empty
    #[arg(long)]
    new: bool,
    #[command(flatten)]
    settings: Settings,
}

impl Args {
    /// The settings in force, and the file that some of them came from.
    fn settings(self) -> Result<(Settings, ConfigFile)> {
        let Some(path) = self.config else { return Ok((self.settings, ConfigFile::default())) };
        let file = ConfigFile::read(&path)?;
        let command = Cli::command().mut_subcommand("serve", |serve| file.beneath(serve));
        let matches = command.try_get_matches()?;
        let (_, matches) = matches.subcommand().context("The command is not `serve`")?;
        Ok((Settings::from_arg_matches(matches)?, file))
    }
}

/// The longest that the end waits for the store to be closed. A store that was not closed is checked at the next start.
const CLOSE_TIME: Duration = Duration::from_secs(5);
/// How long requests and deliveries may take to end after a vital part has failed.
const FAILED_DRAIN: Duration = Duration::from_secs(2);

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let beginning = if args.new { Beginning::Anew } else { Beginning::First };
    let (settings, file) = args.settings()?;
    let given = given_admin_key()?;
    let flush = logging::start(&settings.log, settings.log_format)?;
    let shares = Shares::take(settings.max_connections, settings.max_in_flight);
    let signals = Signals::listen()?;
    let data = open(settings.data()?, beginning)?;
    let listener = settings.listen.bind().await?;
    let parts = Parts { settings: &settings, file: &file, data: &data, max_in_flight: shares.deliveries };
    // Whoever stops it while plugins are compiled or a store is checked does not want to wait for that.
    let engine = tokio::select! {
        engine = parts.start() => engine?,
        () = signals.first() => return Ok(ExitCode::SUCCESS),
    };
    let admin = admin_key(&data, given)?;
    let address = listener.local_addr()?;
    say(&format!("Hookwright listens on http://{address}"));
    info!(listen = %address, data = %data.path().display(), "started");
    let service = Service {
        engine,
        admin,
        max_connections: shares.connections,
        drain: settings.drain(),
        store_file: Some(data.store_file()?),
    };
    let end = service.run(listener, signals).await;
    drop(flush);
    end
}

/// Opens the data folder for a store. What this process writes from now on is for its owner only.
pub(crate) fn open(path: &std::path::Path, beginning: Beginning) -> Result<DataDir> {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let data = DataDir::open(path)?;
    data.expect_store(beginning)?;
    Ok(data)
}

/// The admin key of the environment. A blank one counts as not given: a variable that was left empty must not open the API
/// to everybody.
fn given_admin_key() -> Result<Option<AdminKey>> {
    let given = std::env::var("HOOKWRIGHT_ADMIN_KEY").ok().map(Secret::new);
    let key = given.as_ref().map(|key| key.expose().trim()).filter(|key| !key.is_empty());
    key.map(|key| check_strength(key).map(|()| AdminKey::new(key))).transpose()
}

/// The key that opens the API; a new one is printed.
fn admin_key(data: &DataDir, given: Option<AdminKey>) -> Result<AdminKey> {
    if let Some(given) = given {
        return Ok(given);
    }
    match data.admin_key(&SystemEntropy)? {
        Admin::Known(admin) => Ok(admin),
        Admin::New(admin, key) => {
            let shown = say(&format!(
                "The admin key, shown this once: {}\n\
                 Keep it, and give it to the other commands as HOOKWRIGHT_ADMIN_KEY.",
                key.expose()
            ));
            if !shown {
                data.forget_admin_key()?;
                return Err(anyhow!(
                    "The admin key was made but cannot be shown, because standard output is closed. Open it, or give a \
                     key as HOOKWRIGHT_ADMIN_KEY."
                ));
            }
            Ok(admin)
        }
    }
}

/// Prints a line. Whether anybody reads it is not the service's concern: it answers whether it could be written.
fn say(text: &str) -> bool {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).is_ok()
}

/// What is served, and how it ends.
pub(crate) struct Service {
    pub(crate) engine: Engine,
    pub(crate) admin: AdminKey,
    pub(crate) max_connections: usize,
    /// How long requests and deliveries under way may take to end.
    pub(crate) drain: Duration,
    /// The store's file, if it is watched.
    pub(crate) store_file: Option<StoreFile>,
}

/// Why the service ends.
enum Reason {
    Signal,
    /// A vital part has ended by itself.
    Failure(String),
}

impl Service {
    /// Serves until a signal, or until a vital part fails.
    pub(crate) async fn run(mut self, listener: TcpListener, signals: Signals) -> Result<ExitCode> {
        let gate = Gate::default();
        let router = hookwright_api::router(self.engine.clone(), self.admin);
        let router = hookwright_api::gated(router, gate.clone());
        let engine = self.engine.clone();
        let (stop, stopped) = watch::channel(false);
        let mut server = tokio::spawn(connections::serve(listener, router, self.max_connections, stopped));
        let reason = tokio::select! {
            () = signals.first() => Reason::Signal,
            _ = &mut server => Reason::Failure("the API server has ended".to_owned()),
            () = watch_store(&mut self.store_file, &gate) => Reason::Failure("the watch on the store has ended".to_owned()),
            problem = supervisor::failure(|| vital_problem(&engine)) => Reason::Failure(problem),
        };
        stop.send_replace(true);
        match reason {
            Reason::Signal => {
                let drain = self.drain;
                info!(drain.secs = drain.as_secs(), "stopping");
                say(&format!(
                    "Stopping. Requests and deliveries under way have up to {} s to end; a second signal ends them at once.",
                    drain.as_secs()
                ));
                tokio::select! {
                    () = self.end(drain, server) => Ok(ExitCode::SUCCESS),
                    () = signals.second() => {
                        warn!("stopped at once by a second signal; the next start sends deliveries again that were cut off");
                        Ok(ExitCode::FAILURE)
                    }
                }
            }
            Reason::Failure(problem) => {
                error!(%problem, "a vital part of the server has failed; the process ends");
                self.end(FAILED_DRAIN, server).await;
                Err(anyhow!(
                    "A vital part of the server has failed: {problem}. The log says why. Start it again."
                ))
            }
        }
    }

    /// Lets what is under way end within the deadline, and closes the store.
    async fn end(&self, deadline: Duration, server: tokio::task::JoinHandle<()>) {
        let served =
            async { if server.is_finished() { Ok(()) } else { timeout(deadline, server).await.map(drop) } };
        let (drained, served) = tokio::join!(self.engine.drain(deadline), served);
        match drained {
            Drained::Complete => info!("every delivery under way has ended"),
            Drained::CutOff(deliveries) => {
                warn!(deliveries, "deliveries were cut off; the next start sends them again");
            }
        }
        if served.is_err() {
            warn!("connections were cut off");
        }
        self.close().await;
    }

    async fn close(&self) {
        if timeout(CLOSE_TIME, self.engine.close()).await.is_err() {
            warn!("the store could not be closed in time; the next start checks it");
        }
    }
}

/// Why the server cannot do its work, if a part of it does not move.
fn vital_problem(engine: &Engine) -> Option<String> {
    let dispatcher = || match engine.health().dispatcher {
        DispatcherState::Moving | DispatcherState::Draining => None,
        DispatcherState::Stalled(time) => {
            Some(format!("the dispatcher has not moved for {} s", time.as_secs()))
        }
        DispatcherState::Ended => Some("the dispatcher has ended".to_owned()),
    };
    engine.store_health().writer.or_else(dispatcher)
}

/// Closes the gate while the store's file is not where it was.
async fn watch_store(file: &mut Option<StoreFile>, gate: &Gate) {
    let Some(file) = file else { return std::future::pending().await };
    loop {
        match file.changed().await {
            Change::Lost(reason) => {
                error!(store.path = %file.path().display(), "{reason}; nothing is accepted until it is back");
                gate.close(format!("{reason}; nothing is accepted until it is back"));
            }
            Change::Back => {
                info!(store.path = %file.path().display(), "the store's file is back; events are accepted again");
                gate.open();
            }
        }
    }
}
