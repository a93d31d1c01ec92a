//! Servers, each on a data folder of its own.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::binary::command;
use super::{Api, DEADLINE, FIRST_START, Output, Process};

/// The admin key of every server.
pub(crate) const ADMIN_KEY: &str = "hwk_0nly-for-the-tests-of-Hookwright-itself";

/// The master key of every server, in base64: with the same one they share the cache of compiled plugins.
const MASTER_KEY: &str = "aG9va3dyaWdodCBhbmQgaXRzIHRlc3RzLCAzMiBieXQ=";
/// That cache: most tests are about other things than compiling.
const PLUGIN_CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/compiled-plugins");

/// A data folder, and how servers are started on it.
pub(crate) struct Home {
    folder: Arc<TempDir>,
    args: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

impl Home {
    /// An empty folder whose servers may reach stand-ins.
    pub(crate) fn new() -> Self {
        Self::with_args(&["--allow-target", "127.0.0.0/8"])
    }

    /// An empty folder whose servers get these arguments and no others.
    pub(crate) fn with_args(args: &'static [&'static str]) -> Self {
        let environment = &[("HOOKWRIGHT_MASTER_KEY", MASTER_KEY), ("HOOKWRIGHT_PLUGIN_CACHE", PLUGIN_CACHE)];
        Self { folder: Arc::new(tempfile::tempdir().unwrap()), args, environment }
    }

    /// The folder with nothing from elsewhere: its servers make a master key and compile plugins themselves.
    pub(crate) fn self_contained(self) -> Self {
        Self { environment: &[], ..self }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a server and waits until it is ready.
    pub(crate) async fn start(&self) -> Server {
        self.start_with(&[]).await
    }

    /// The same with more arguments.
    pub(crate) async fn start_with(&self, args: &[&str]) -> Server {
        let mut command = self.command();
        command.args(args);
        self.started(command).await
    }

    /// The same after a command of the shell, such as one that sets a limit.
    pub(crate) async fn start_limited(&self, limit: &str) -> Server {
        let server = self.command();
        let server = server.as_std();
        let mut command = tokio::process::Command::new("/bin/sh");
        command.args(["-c", &format!("{limit} && exec \"$0\" \"$@\"")]).arg(server.get_program());
        command.args(server.get_args()).env_clear().kill_on_drop(true);
        command.envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.started(command).await
    }

    /// The command that starts a server; where its output goes is up to the caller.
    pub(crate) fn command(&self) -> tokio::process::Command {
        let data = self.path().to_str().unwrap();
        let mut command = command(&["serve", "--data", data]);
        command.env("HOOKWRIGHT_LISTEN", "127.0.0.1:0");
        command.args(self.args).envs(self.environment.iter().copied()).env("HOOKWRIGHT_ADMIN_KEY", ADMIN_KEY);
        command.env("HOOKWRIGHT_LOG", "debug").stdin(Stdio::null());
        command
    }

    async fn started(&self, mut command: tokio::process::Command) -> Server {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = Output::default();
        let out = output.follow(process.stdout.take().unwrap());
        let err = output.follow(process.stderr.take().unwrap());
        let folder = Arc::clone(&self.folder);
        let api = Api::new(String::new());
        let mut server = Server { process, output, readers: [out, err], api, _folder: folder };
        let url = super::until_within(FIRST_START, "the server to be ready", async || {
            let ended = server.process.try_wait().unwrap();
            assert!(ended.is_none(), "the server ended: {ended:?}");
            listening_at(&server.output.text())
        })
        .await;
        server.api = Api::new(url);
        server
    }
}

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    pub(crate) api: Api,
    process: Child,
    output: Output,
    readers: [JoinHandle<()>; 2],
    /// A server whose folder goes away refuses everything.
    _folder: Arc<TempDir>,
}

impl Server {
    /// Ends it as a service manager does, and gives all that it has printed.
    pub(crate) async fn stop(self) -> String {
        self.signal(Signal::TERM);
        let (status, output) = self.end().await;
        assert!(status.success(), "the server ended with {status}");
        output
    }

    /// Kills it in the middle of whatever it does.
    pub(crate) async fn kill(self) {
        self.signal(Signal::KILL);
        self.end().await;
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        self.system().signal(signal);
    }

    /// The system's view of it.
    pub(crate) fn system(&self) -> Process {
        Process::new(self.process.id().unwrap())
    }

    /// All that it has printed so far.
    pub(crate) fn printed(&self) -> String {
        self.output.text()
    }

    /// Waits for its end; gives its status and all that it has printed.
    pub(crate) async fn end(mut self) -> (ExitStatus, String) {
        let end = async {
            for reader in &mut self.readers {
                reader.await.unwrap();
            }
            self.process.wait().await.unwrap()
        };
        let status = timeout(DEADLINE, end).await.expect("the server does not end");
        (status, self.output.text())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("What the server printed:\n{}", self.output.text());
        }
    }
}

/// Where the server listens, once it has said so.
fn listening_at(output: &str) -> Option<String> {
    let line = output.lines().find_map(|line| line.strip_prefix("Hookwright listens on "));
    line.map(|url| url.trim().to_owned())
}
