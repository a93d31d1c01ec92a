//! Jobs on foreign input, done in a child process, where a crash, much memory or an endless loop hurts nobody. The child is
//! this same program under a hidden command.
//!
//! The child reads its input from standard input and writes its output to standard output. It has no environment, no
//! secrets and none of the parent's files. It has a low priority, and before it reads anything it limits its own memory,
//! processor time and files. The parent kills it when it takes too long, and it dies with the parent.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use bytes::Bytes;
use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::reserve::Reserve;
use crate::limits::child::{JobLimits, MESSAGE_BYTES, OPEN_FILES, WORKER_OPEN_FILES};

/// Where jobs are done.
#[derive(Debug, Clone)]
pub enum Isolation {
    /// In this process: for components that are trusted, as in tests.
    InProcess,
    /// In a child process each, which must call [`child_main`](crate::child_main).
    Child {
        /// The program; on Linux best `/proc/self/exe`, which stays the same when the file is replaced.
        program: PathBuf,
        /// What makes it call [`child_main`](crate::child_main) with the job's name, which is its last argument.
        args: Vec<OsString>,
    },
}

/// A kind of work.
pub(crate) struct Job {
    /// What it is called on the child's command line.
    pub(crate) name: &'static str,
    /// What one of its kind may use.
    pub(crate) limits: JobLimits,
    /// The work itself, from input to output.
    pub(crate) work: fn(&[u8]) -> Result<Vec<u8>, JobError>,
}

/// Why a job has no output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JobError {
    /// The input is to blame, for this reason.
    Refused(String),
    /// The input took more than the limits allow, or crashed the child.
    Exhausted,
    /// The job could not be done; the input is not to blame.
    Unavailable(String),
}

/// The child's exit status when the input is to blame (`EX_DATAERR` of BSD's sysexits).
pub(crate) const REFUSED: u8 = 65;

/// Where jobs are done, with files for the children that it takes.
pub(crate) struct Sandbox {
    isolation: Isolation,
    reserve: Reserve,
}

impl Sandbox {
    pub(crate) fn new(isolation: Isolation) -> Self {
        Self { isolation, reserve: Reserve::new() }
    }

    pub(crate) fn isolation(&self) -> &Isolation {
        &self.isolation
    }

    pub(crate) fn reserve(&self) -> &Reserve {
        &self.reserve
    }

    /// Does a job.
    ///
    /// # Errors
    /// Why it has no output.
    ///
    /// # Cancel safety
    /// A child process is killed; work in this process goes on in the background, and its result is dropped.
    pub(crate) async fn run(&self, job: &'static Job, input: Bytes) -> Result<Vec<u8>, JobError> {
        match &self.isolation {
            Isolation::InProcess => tokio::task::spawn_blocking(move || (job.work)(&input))
                .await
                .unwrap_or(Err(JobError::Exhausted)),
            Isolation::Child { program, args } => {
                let start = || {
                    let mut command = Command::from(command(program, args, job.name));
                    command.kill_on_drop(true);
                    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
                    command.spawn()
                };
                let child = self.reserve.start(start).map_err(|error| unavailable(&error))?;
                let output =
                    tokio::time::timeout(job.limits.wall_time, run(child, &input, job.limits.output_bytes))
                        .await;
                self.reserve.refill();
                output.map_err(|_| JobError::Exhausted)?.map_err(|error| unavailable(&error))?.judge(job)
            }
        }
    }
}

/// What starts a child process that has no environment and its standard streams at most.
pub(crate) fn command(program: &Path, args: &[OsString], job: &str) -> std::process::Command {
    let mut command = std::process::Command::new(program);
    // Of a group of its own: what the terminal sends to the server is not for what works for it.
    command.args(args).arg(job).env_clear().process_group(0);
    command
}

/// What a child process left behind.
struct Output {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

async fn run(mut child: Child, input: &[u8], output_bytes: usize) -> io::Result<Output> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A child that gave up early says why with its exit status.
            let _ = stdin.write_all(input).await;
        }
    };
    let ((), stdout, stderr) = tokio::join!(feed, read(stdout, output_bytes), read(stderr, MESSAGE_BYTES));
    Ok(Output { stdout: stdout?, stderr: stderr?, status: child.wait().await? })
}

/// Reads up to one byte more than `limit`, so that an excess shows; then stops reading, which ends the writer.
async fn read(pipe: Option<impl AsyncRead + Unpin>, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit as u64 + 1).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

impl Output {
    fn judge(self, job: &Job) -> Result<Vec<u8>, JobError> {
        let Self { status, stdout, stderr } = self;
        let message = || String::from_utf8_lossy(&stderr).trim().to_owned();
        match status.code() {
            _ if stdout.len() > job.limits.output_bytes => Err(JobError::Exhausted),
            Some(0) => Ok(stdout),
            Some(code) if code == i32::from(REFUSED) => Err(JobError::Refused(message())),
            Some(_) => {
                Err(JobError::Unavailable(format!("the child process failed ({status}): {}", message())))
            }
            // A signal ended it: at a limit, or for a crash such as an overflow of the stack.
            None => Err(JobError::Exhausted),
        }
    }
}

fn unavailable(error: &io::Error) -> JobError {
    JobError::Unavailable(format!("the child process cannot be run: {error}"))
}

impl JobLimits {
    pub(crate) fn resources(&self) -> [(Resource, u64); 4] {
        [
            (Resource::As, self.address_bytes),
            (Resource::Cpu, self.cpu_secs),
            // Pipes are not files: standard output is not concerned.
            (Resource::Fsize, 0),
            (Resource::Nofile, OPEN_FILES),
        ]
    }
}

/// A worker process limits each call instead of itself. The images of memories are files to the system, without a name.
pub(crate) const WORKER_RESOURCES: [(Resource, u64); 1] = [(Resource::Nofile, WORKER_OPEN_FILES)];

/// Limits what this process may use from now on; never to more than it may already.
pub(crate) fn limit_this_process(resources: &[(Resource, u64)], niceness: i32) -> io::Result<()> {
    for (resource, limit) in resources.iter().chain(&[(Resource::Core, 0)]) {
        let limit = getrlimit(*resource).maximum.map_or(*limit, |most| most.min(*limit));
        setrlimit(*resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    #[cfg(target_os = "linux")]
    {
        // When the machine has no memory left, this process is to go and not the server. Where it cannot be said, nothing else
        // depends on it.
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        rustix::thread::set_no_new_privs(true)?;
    }
    nice(niceness)?;
    Ok(())
}
