//! Calls that take long, made in processes of their own. Filling a memory and giving it back changes the memory map of a
//! process, which holds up all of its threads for milliseconds; those of another process do not notice. And what ends such a
//! process ends a call and not the server.
//!
//! A process is this same program under a hidden command, as in [`child`](crate::child): without environment, at the lowest
//! priority. It is trusted no more than a plugin is: what it answers is checked as a plugin's answer, and it is not waited for
//! without end.

mod message;
mod serve;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use hookwright_engine::ports::Usage;
use hookwright_model::{Digest, PluginLimits};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::call::{CallError, Ended};
use crate::child::{self, Isolation};
use crate::contract::{Answer, Call, Described, Plugin};
use crate::limits::CLOCK_TIMES;
use crate::limits::child::RUNNER_GRACE;
use message::{Reply, Report, Request, What, receive, send, send_bytes};

pub(crate) use serve::serve;

/// What such a process is called on its command line.
pub(crate) const NAME: &str = "run";

/// The processes: as many as there were calls here at the same time of late, each started when it was needed.
pub(crate) struct Runners {
    program: PathBuf,
    args: Vec<OsString>,
    limits: PluginLimits,
    idle: Mutex<Vec<Runner>>,
}

impl Runners {
    /// Processes whose calls have these limits; none where everything happens in one process.
    pub(crate) fn of(isolation: &Isolation, limits: &PluginLimits) -> Option<Self> {
        let Isolation::Child { program, args } = isolation else { return None };
        let (program, args, limits) = (program.clone(), args.clone(), limits.clone());
        Some(Self { program, args, limits, idle: Mutex::default() })
    }

    /// Asks the plugin what it is, and blocks until it has answered.
    pub(crate) fn describe(&self, component: Digest, plugin: &Plugin) -> Ended<Described> {
        self.ask(component, plugin, What::Describe)
    }

    /// Asks the plugin what to do next, and blocks until it has answered.
    pub(crate) fn transform(&self, component: Digest, plugin: &Plugin, call: &Call) -> Ended<Answer> {
        self.ask(component, plugin, What::Transform(call))
    }

    fn ask<T: DeserializeOwned>(&self, component: Digest, plugin: &Plugin, what: What<&Call>) -> Ended<T> {
        let asked = Instant::now();
        let request = Request { component: component.to_bytes(), contract: plugin.contract(), what };
        self.exchange(&request, plugin).unwrap_or_else(|error| {
            tracing::error!(%component, %error, "a call that takes long failed in the host");
            Ended {
                outcome: Err(CallError::Host(error.to_string())),
                cut_short: false,
                logs: Vec::new(),
                usage: Usage::default(),
                busy: asked.elapsed(),
            }
        })
    }

    fn exchange<T: DeserializeOwned>(
        &self,
        request: &Request<&Call>,
        plugin: &Plugin,
    ) -> io::Result<Ended<T>> {
        let idle = self.idle.lock().pop();
        let was_idle = idle.is_some();
        let mut runner = idle.map_or_else(|| self.start(), Ok)?;
        let answer = match runner.ask(request, plugin) {
            // Perhaps it ended while it had nothing to do.
            Err(error) if was_idle && error.kind() != io::ErrorKind::TimedOut => {
                tracing::warn!(%error, "a process for calls that take long is gone; another one starts");
                runner = self.start()?;
                runner.ask(request, plugin)?
            }
            answer => answer?,
        };
        self.idle.lock().push(runner);
        Ok(answer)
    }

    /// Ends a process that has nothing to do, if there is one, and frees its memory.
    pub(crate) fn dismiss_one(&self) {
        let idle = self.idle.lock().pop();
        drop(idle);
    }

    fn start(&self) -> io::Result<Runner> {
        let (line, theirs) = UnixStream::pair()?;
        let child = child::command(&self.program, &self.args, NAME)
            .stdin(OwnedFd::from(theirs.try_clone()?))
            .stdout(OwnedFd::from(theirs))
            // What it has to say is for whoever runs the server: calls say nothing there.
            .stderr(Stdio::inherit())
            .spawn()?;
        let patience = self.limits.wall_time * (CLOCK_TIMES + 1) + RUNNER_GRACE;
        let mut runner = Runner { child, line, patience };
        let greeted = send(&mut runner.line(), &self.limits);
        greeted.map_err(|error| runner.explain(&error))?;
        Ok(runner)
    }
}

/// A process, which ends with this value, and with the thread that started it.
struct Runner {
    child: Child,
    line: UnixStream,
    /// How long it may take to answer.
    patience: Duration,
}

impl Runner {
    fn ask<T: DeserializeOwned>(
        &mut self,
        request: &Request<&Call>,
        plugin: &Plugin,
    ) -> io::Result<Ended<T>> {
        let answer = self.talk(request, plugin);
        answer.map_err(|error| self.explain(&error))
    }

    /// Ends the process with which that happened, and says so.
    fn explain(&mut self, error: &io::Error) -> io::Error {
        let message = match error.kind() {
            io::ErrorKind::TimedOut => format!("it gave no answer in {:?}", self.patience),
            // Mostly it has ended by itself; then this tells how.
            _ => match self.end() {
                Ok(status) => format!("{error} ({status})"),
                Err(ending) => format!("{error} ({ending})"),
            },
        };
        io::Error::new(error.kind(), format!("the process for calls that take long failed: {message}"))
    }

    fn talk<T: DeserializeOwned>(&self, request: &Request<&Call>, plugin: &Plugin) -> io::Result<Ended<T>> {
        let mut line = self.line();
        send(&mut line, request)?;
        let mut reply = receive(&mut line)?;
        if matches!(reply, Reply::CodeWanted) {
            send_bytes(&mut line, &plugin.component().serialize().map_err(io::Error::other)?)?;
            reply = receive(&mut line)?;
        }
        match reply {
            Reply::Ended(report) => Ok(Report::into(report)),
            Reply::CodeUnusable(reason) => Err(io::Error::other(reason)),
            Reply::CodeWanted => Err(io::Error::other("it asks for the code again")),
        }
    }

    /// The line, for as long as an answer may take from now on.
    fn line(&self) -> Line<'_> {
        Line { stream: &self.line, until: Instant::now() + self.patience }
    }

    fn end(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // Nothing is left to do when it cannot be ended: it ends when it next reads.
        let _ = self.end();
    }
}

/// One side of a line on which nobody waits longer than until then.
struct Line<'a> {
    stream: &'a UnixStream,
    until: Instant,
}

impl Line<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Line<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(buffer).map_err(late)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(buffer).map_err(late)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// This is how the system says that the time is up.
fn late(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}
