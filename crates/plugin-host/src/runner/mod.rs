//! Calls that take long, made in processes of their own. Filling a memory and giving it back changes the memory map of a
//! process, which holds up all of its threads for milliseconds; those of another process do not notice. And what ends such a
//! process ends a call and not the server.
//!
//! A process is this same program under a hidden command, as in [`child`](crate::child): without environment, at the lowest
//! priority. It makes calls for every project, and what it says is trusted no more than what a plugin says: it is bounded and
//! checked, and it is not waited for without end.

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

use crate::call::Ended;
use crate::check::without_controls;
use crate::child::{self, Isolation};
use crate::contract::{Answer, Call, Described, Plugin};
use crate::limits::child::{MESSAGE_BYTES, MESSAGE_OVERHEAD_BYTES, RUNNER_GRACE};
use crate::limits::{CLOCK_TIMES, MAX_ERROR_CHARS};
use crate::machine::Machine;
use message::{Reply, Report, Request, What, receive, send, send_bytes};

pub(crate) use serve::serve;

/// What such a process is called on its command line.
pub(crate) const NAME: &str = "run";

/// The processes: as many as there were calls here at the same time of late, each started when it was needed.
pub(crate) struct Runners {
    program: PathBuf,
    args: Vec<OsString>,
    limits: PluginLimits,
    /// Those that have nothing to do, and since when: the last ones the shortest.
    idle: Mutex<Vec<(Runner, Instant)>>,
}

/// A call that was made elsewhere, and the processor time that it took there.
pub(crate) type Made<T> = (Ended<T>, Duration);

impl Runners {
    /// Processes whose calls have these limits; none where everything happens in one process.
    pub(crate) fn of(isolation: &Isolation, limits: &PluginLimits) -> Option<Self> {
        let Isolation::Child { program, args } = isolation else { return None };
        let (program, args, limits) = (program.clone(), args.clone(), limits.clone());
        Some(Self { program, args, limits, idle: Mutex::default() })
    }

    /// Asks the plugin what it is, and blocks until it has answered.
    ///
    /// # Errors
    /// When the process is to blame.
    pub(crate) fn describe(&self, component: Digest, plugin: &Plugin) -> io::Result<Made<Described>> {
        self.ask(component, plugin, What::Describe)
    }

    /// Asks the plugin what to do next, and blocks until it has answered.
    ///
    /// # Errors
    /// When the process is to blame.
    pub(crate) fn transform(
        &self,
        component: Digest,
        plugin: &Plugin,
        call: &Call,
    ) -> io::Result<Made<Answer>> {
        self.ask(component, plugin, What::Transform(call))
    }

    fn ask<T: DeserializeOwned>(
        &self,
        component: Digest,
        plugin: &Plugin,
        what: What<&Call>,
    ) -> io::Result<Made<T>> {
        let asked = Instant::now();
        let request = Request { component: component.to_bytes(), contract: plugin.contract(), what };
        let report = self.exchange(&request, plugin).inspect_err(|error| {
            tracing::error!(%component, %error, "a call that takes long was not made");
        })?;
        let Report { outcome, logs, instructions, memory_bytes, duration, busy } = report;
        let usage = Usage { instructions, memory_bytes, duration: duration.min(asked.elapsed()) };
        Ok((Ended::foreign(&self.limits, outcome, logs, usage), busy.min(asked.elapsed())))
    }

    fn exchange<T: DeserializeOwned>(
        &self,
        request: &Request<&Call>,
        plugin: &Plugin,
    ) -> io::Result<Report<T>> {
        let idle = self.idle.lock().pop();
        let was_idle = idle.is_some();
        let mut runner = idle.map_or_else(|| self.start(), |(runner, _)| Ok(runner))?;
        let report = match runner.ask(request, plugin) {
            // Perhaps it ended while it had nothing to do.
            Err(error) if was_idle && error.kind() != io::ErrorKind::TimedOut => {
                tracing::warn!(%error, "a process for calls that take long is gone; another one starts");
                runner = self.start()?;
                runner.ask(request, plugin)?
            }
            report => report?,
        };
        self.idle.lock().push((runner, Instant::now()));
        Ok(report)
    }

    /// Ends the processes that have had nothing to do for so long, and so frees their memory.
    pub(crate) fn dismiss(&self, idle_for: Duration) {
        let gone: Vec<_> =
            self.idle.lock().extract_if(.., |(_, since)| since.elapsed() >= idle_for).collect();
        drop(gone);
    }

    fn start(&self) -> io::Result<Runner> {
        let (line, theirs) = UnixStream::pair()?;
        let child = child::command(&self.program, &self.args, NAME)
            .stdin(OwnedFd::from(theirs.try_clone()?))
            .stdout(OwnedFd::from(theirs))
            .stderr(Stdio::piped())
            .spawn()?;
        let patience = self.limits.wall_time * (CLOCK_TIMES + 1) + RUNNER_GRACE;
        let PluginLimits { transfer_bytes, log_bytes, log_lines, .. } = self.limits;
        let max_reply_bytes = 2 * transfer_bytes + log_bytes + 32 * log_lines + MESSAGE_OVERHEAD_BYTES;
        let mut runner = Runner { child, line, patience, max_reply_bytes };
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
    /// How long its answer may be.
    max_reply_bytes: usize,
}

impl Runner {
    fn ask<T: DeserializeOwned>(
        &mut self,
        request: &Request<&Call>,
        plugin: &Plugin,
    ) -> io::Result<Report<T>> {
        let answer = self.talk(request, plugin);
        answer.map_err(|error| self.explain(&error))
    }

    /// Ends the process with which that happened, and says so.
    fn explain(&mut self, error: &io::Error) -> io::Error {
        // Mostly it has ended by itself, and then this tells how.
        let ended = self.end().map_or_else(|error| error.to_string(), |status| status.to_string());
        let what = match error.kind() {
            io::ErrorKind::TimedOut => format!("it gave no answer in {:?}", self.patience),
            _ => format!("{error} ({ended})"),
        };
        let words = self.last_words();
        let message = format!("the process for calls that take long failed: {what}{words}");
        let message: String = without_controls(&message).take(MAX_ERROR_CHARS).collect();
        io::Error::new(error.kind(), message)
    }

    /// What it wrote to standard error, where only the host's own defects are told.
    fn last_words(&mut self) -> String {
        let mut words = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            // It has ended, so all that there will be is there: whoever else may hold the pipe is not waited for.
            if rustix::io::ioctl_fionbio(&stderr, true).is_ok() {
                let _ = stderr.take(MESSAGE_BYTES as u64).read_to_end(&mut words);
            }
        }
        match String::from_utf8_lossy(&words).trim() {
            "" => String::new(),
            words => format!(": {words}"),
        }
    }

    fn talk<T: DeserializeOwned>(&self, request: &Request<&Call>, plugin: &Plugin) -> io::Result<Report<T>> {
        let mut line = self.line();
        send(&mut line, request)?;
        let mut reply = receive(&mut line, self.max_reply_bytes)?;
        if matches!(reply, Reply::CodeWanted) {
            send_bytes(&mut line, Machine::code(plugin.component()))?;
            reply = receive(&mut line, self.max_reply_bytes)?;
        }
        match reply {
            Reply::Ended(report) => Ok(report),
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
