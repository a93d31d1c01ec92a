//! Worker processes: calls that take long run in processes of their own. Filling a memory and giving it back changes the
//! memory map of a process, which holds up all of its threads for milliseconds; the threads of another process do not notice.
//! And a crash there ends a call and not the server.
//!
//! A worker process is this same program under a hidden command, as in [`child`], without environment, at the lowest
//! priority. It runs calls of every project. Its messages are trusted no more than a plugin: they are bounded and checked,
//! and the host waits for them only so long.

mod message;
mod serve;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use hookwright_engine::ports::Usage;
use hookwright_model::{Description, Digest, PluginLimits};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::admission::child::{self, Isolation, Sandbox};
use crate::execution::answer::Answer;
use crate::execution::arguments::Arguments;
use crate::execution::call::Ended;
use crate::execution::contract::Plugin;
use crate::execution::runtime::Runtime;
use crate::limits::child::{MESSAGE_BYTES, MESSAGE_OVERHEAD_BYTES, WORKER_GRACE};
use crate::limits::{CLOCK_TIMES, MAX_ERROR_CHARS};
use crate::text::shown;
use message::{Reply, Report, Request, What, receive, send, send_bytes};

pub(crate) use serve::serve;

/// The job's name on the command line.
pub(crate) const NAME: &str = "run";

/// As many worker processes as there have recently been calls at the same time, each started when it was needed.
pub(crate) struct WorkerProcesses {
    program: PathBuf,
    args: Vec<OsString>,
    limits: PluginLimits,
    sandbox: Arc<Sandbox>,
    /// Idle ones, and since when: the last one is idle for the shortest time.
    idle: Mutex<Vec<(WorkerProcess, Instant)>>,
}

/// A call that ran elsewhere, and the processor time that it took there.
pub(crate) type Made<T> = (Ended<T>, Duration);

impl WorkerProcesses {
    /// Worker processes whose calls have these limits; none where everything happens in one process.
    pub(crate) fn of(sandbox: &Arc<Sandbox>, limits: &PluginLimits) -> Option<Self> {
        let Isolation::Child { program, args } = sandbox.isolation() else { return None };
        let (program, args, limits) = (program.clone(), args.clone(), limits.clone());
        Some(Self { program, args, limits, sandbox: Arc::clone(sandbox), idle: Mutex::default() })
    }

    /// Asks the plugin what it is, and blocks until it has answered.
    ///
    /// # Errors
    /// When the process failed.
    pub(crate) fn describe(&self, component: Digest, plugin: &Plugin) -> io::Result<Made<Description>> {
        self.ask(component, plugin, What::Describe)
    }

    /// Asks the plugin what to do next, and blocks until it has answered.
    ///
    /// # Errors
    /// When the process failed.
    pub(crate) fn transform(
        &self,
        component: Digest,
        plugin: &Plugin,
        arguments: &Arguments,
    ) -> io::Result<Made<Answer>> {
        self.ask(component, plugin, What::Transform(arguments))
    }

    fn ask<T: DeserializeOwned>(
        &self,
        component: Digest,
        plugin: &Plugin,
        what: What<&Arguments>,
    ) -> io::Result<Made<T>> {
        let asked = Instant::now();
        let request =
            Request { component: component.to_bytes(), contract: plugin.contract().version().into(), what };
        let report = self.exchange(&request, plugin).inspect_err(|error| {
            tracing::error!(%component, %error, "a call in a worker process failed");
        })?;
        let Report { outcome, logs, instructions, memory_bytes, duration, busy } = report;
        let usage = Usage { instructions, memory_bytes, duration: duration.min(asked.elapsed()) };
        Ok((Ended::foreign(&self.limits, outcome, logs, usage), busy.min(asked.elapsed())))
    }

    fn exchange<T: DeserializeOwned>(
        &self,
        request: &Request<&Arguments>,
        plugin: &Plugin,
    ) -> io::Result<Report<T>> {
        let idle = self.idle.lock().pop();
        let was_idle = idle.is_some();
        let mut worker = idle.map_or_else(|| self.start(), |(worker, _)| Ok(worker))?;
        let report = match worker.ask(request, plugin) {
            // Perhaps it ended while it was idle.
            Err(error) if was_idle && error.kind() != io::ErrorKind::TimedOut => {
                tracing::warn!(%error, "a worker process is gone; another one starts");
                worker = self.start()?;
                worker.ask(request, plugin)?
            }
            report => report?,
        };
        self.idle.lock().push((worker, Instant::now()));
        Ok(report)
    }

    /// Ends the processes that have been idle for so long, which frees their memory.
    pub(crate) fn dismiss(&self, idle_for: Duration) {
        let gone: Vec<_> =
            self.idle.lock().extract_if(.., |(_, since)| since.elapsed() >= idle_for).collect();
        drop(gone);
        self.sandbox.reserve().refill();
    }

    fn start(&self) -> io::Result<WorkerProcess> {
        let (line, child) = self.sandbox.reserve().start(|| {
            let (line, theirs) = UnixStream::pair()?;
            let mut command = child::command(&self.program, &self.args, NAME);
            command.stdin(OwnedFd::from(theirs.try_clone()?)).stdout(OwnedFd::from(theirs));
            Ok((line, command.stderr(Stdio::piped()).spawn()?))
        })?;
        let patience = self.limits.wall_time * (CLOCK_TIMES + 1) + WORKER_GRACE;
        let PluginLimits { transfer_bytes, log_bytes, log_lines, .. } = self.limits;
        let max_reply_bytes = 2 * transfer_bytes + log_bytes + 32 * log_lines + MESSAGE_OVERHEAD_BYTES;
        let mut worker = WorkerProcess { child, line, patience, max_reply_bytes };
        let greeted = send(&mut worker.line(), &self.limits);
        greeted.map_err(|error| worker.explain(&error))?;
        Ok(worker)
    }
}

/// A worker process. It ends with this value, and with the thread that started it.
struct WorkerProcess {
    child: Child,
    line: UnixStream,
    /// How long it may take to answer.
    patience: Duration,
    /// How long its answer may be.
    max_reply_bytes: usize,
}

impl WorkerProcess {
    fn ask<T: DeserializeOwned>(
        &mut self,
        request: &Request<&Arguments>,
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
        let message = shown(&format!("a worker process failed: {what}{words}"), MAX_ERROR_CHARS);
        io::Error::new(error.kind(), message)
    }

    /// What it wrote to standard error, which only defects of the host do.
    fn last_words(&mut self) -> String {
        let mut words = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            // It has ended, so everything is there already. Nobody waits for another holder of the pipe.
            if rustix::io::ioctl_fionbio(&stderr, true).is_ok() {
                let _ = stderr.take(MESSAGE_BYTES as u64).read_to_end(&mut words);
            }
        }
        match String::from_utf8_lossy(&words).trim() {
            "" => String::new(),
            words => format!(": {words}"),
        }
    }

    fn talk<T: DeserializeOwned>(
        &self,
        request: &Request<&Arguments>,
        plugin: &Plugin,
    ) -> io::Result<Report<T>> {
        let mut line = self.line();
        send(&mut line, request)?;
        let mut reply = receive(&mut line, self.max_reply_bytes)?;
        if matches!(reply, Reply::CodeWanted) {
            send_bytes(&mut line, Runtime::code(plugin.component()))?;
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

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        // Nothing is left to do when it cannot be ended: it ends when it next reads.
        let _ = self.end();
    }
}

/// One end of a line, with a deadline for reading and writing.
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
