//! From a component to machine code. A compiler that is fed foreign code is best run where its failure, its hunger for
//! memory or an endless loop hurt nobody: in a child process, which is this same program under a hidden command.
//!
//! The child reads the component on standard input and writes `compatibility (32 bytes) | digest of the component (32
//! bytes) | code` to standard output. It has no environment, no secrets and no open files, a low priority, and limits that
//! it sets for itself before it reads anything: on memory, processor time and files. The parent kills it when it takes too
//! long, and it dies with the parent.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus, Stdio};

use bytes::Bytes;
use hookwright_model::Digest;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use wasmtime::Engine;

use crate::cache::Compatibility;
use crate::engine;
use crate::inspect;
use crate::limits::compile::{
    ARTIFACT_BYTES, CPU_SECS, MEMORY_BYTES, MESSAGE_BYTES, NICENESS, OPEN_FILES, WALL_TIME,
};

/// Where components are compiled.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// In this process: for components that are trusted, as in tests.
    InProcess,
    /// In a child process, which must call [`child_main`].
    Child {
        /// The program; on Linux best `/proc/self/exe`, which stays the same when the file is replaced.
        program: PathBuf,
        /// What makes it call [`child_main`].
        args: Vec<OsString>,
    },
}

/// Why there is no code.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub(crate) enum CompileError {
    /// The component cannot be compiled, or not within the limits.
    #[error("{0}")]
    Refused(String),
    /// The compiler could not be run; the component is not to blame.
    #[error("{0}")]
    Unavailable(String),
}

/// The child's exit status when the component is to blame (`EX_DATAERR` of BSD's sysexits).
const REFUSED: u8 = 65;

impl Compiler {
    /// Validates a component and compiles it for the engine.
    ///
    /// # Errors
    /// Why it was not compiled.
    ///
    /// # Cancel safety
    /// A child process is killed; compiling in this process goes on in the background, and its result is dropped.
    pub(crate) async fn compile(&self, engine: &Engine, component: Bytes) -> Result<Vec<u8>, CompileError> {
        match self {
            Self::InProcess => {
                let engine = engine.clone();
                tokio::task::spawn_blocking(move || precompile(&engine, &component))
                    .await
                    .map_err(|_| CompileError::Refused("the compiler crashed on the component".into()))?
            }
            Self::Child { program, args } => {
                let mut command = Command::new(program);
                command.args(args).env_clear().kill_on_drop(true);
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
                let output = tokio::time::timeout(WALL_TIME, run(command, &component)).await;
                let output = output.map_err(|_| over_limits("took too long"))?;
                output.map_err(|error| unavailable(&error))?.code(&Header::new(engine, &component))
            }
        }
    }
}

/// What code begins with: for which engine it was made, and of which component.
struct Header([u8; Self::BYTES]);

impl Header {
    const BYTES: usize = 64;

    fn new(engine: &Engine, component: &[u8]) -> Self {
        let mut header = [0; Self::BYTES];
        let (compatibility, digest) = header.split_at_mut(Self::BYTES / 2);
        compatibility.copy_from_slice(Compatibility::of(engine).as_bytes());
        digest.copy_from_slice(&Digest::of(component).to_bytes());
        Self(header)
    }
}

/// What a child process left behind.
struct Output {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

async fn run(mut command: Command, component: &[u8]) -> io::Result<Output> {
    let mut child = command.spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A child that gave up early says why with its exit status.
            let _ = stdin.write_all(component).await;
        }
    };
    let limit = ARTIFACT_BYTES + Header::BYTES;
    let ((), stdout, stderr) = tokio::join!(feed, read(stdout, limit), read(stderr, MESSAGE_BYTES));
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
    fn code(mut self, expected: &Header) -> Result<Vec<u8>, CompileError> {
        if self.stdout.len() > ARTIFACT_BYTES + Header::BYTES {
            return Err(over_limits("wrote too much code"));
        }
        let message = String::from_utf8_lossy(&self.stderr).trim().to_owned();
        match self.status.code() {
            Some(0) => match self.stdout.split_first_chunk() {
                Some((own, _)) if *own == expected.0 => {
                    self.stdout.drain(..Header::BYTES);
                    Ok(self.stdout)
                }
                _ => Err(CompileError::Unavailable(
                    "the compiler process is another version of this program; restart the server".into(),
                )),
            },
            Some(status) if status == i32::from(REFUSED) => Err(CompileError::Refused(message)),
            Some(_) => Err(CompileError::Unavailable(format!(
                "the compiler process failed ({}): {message}",
                self.status
            ))),
            None => Err(over_limits("took more than that, or crashed the compiler")),
        }
    }
}

fn over_limits(how: &str) -> CompileError {
    CompileError::Refused(format!(
        "compiling the component {how}; it may take {CPU_SECS} s of processor time, {} s in all and {} MiB of memory, \
         and give {} MiB of code; make the component smaller, with shorter functions and less nesting",
        WALL_TIME.as_secs(),
        MEMORY_BYTES >> 20,
        ARTIFACT_BYTES >> 20,
    ))
}

fn unavailable(error: &io::Error) -> CompileError {
    CompileError::Unavailable(format!("the compiler process cannot be run: {error}"))
}

fn precompile(engine: &Engine, component: &[u8]) -> Result<Vec<u8>, CompileError> {
    inspect::validate(component).map_err(|error| CompileError::Refused(error.to_string()))?;
    engine.precompile_component(component).map_err(|error| {
        let message: String = format!("{error:#}").chars().take(MESSAGE_BYTES / 4).collect();
        CompileError::Refused(format!("the component cannot be compiled: {message}"))
    })
}

/// The hidden command behind [`Compiler::Child`]: compiles one component from standard input to standard output. It
/// must be reached before the program reads its configuration, opens files or starts threads.
pub fn child_main() -> ExitCode {
    let outcome = limit_this_process().and_then(|()| {
        let mut component = Vec::new();
        io::stdin().lock().read_to_end(&mut component)?;
        Ok(component)
    });
    let component = match outcome {
        Ok(component) => component,
        Err(error) => return fail(ExitCode::FAILURE, &error.to_string()),
    };
    let compiled = catch_unwind(|| {
        let engine = engine::compiling().map_err(|error| CompileError::Unavailable(format!("{error:#}")))?;
        precompile(&engine, &component).map(|code| (Header::new(&engine, &component), code))
    });
    match compiled {
        Ok(Ok((header, code))) => {
            let mut stdout = io::stdout().lock();
            let written = stdout.write_all(&header.0).and_then(|()| stdout.write_all(&code));
            match written.and_then(|()| stdout.flush()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(ExitCode::FAILURE, &error.to_string()),
            }
        }
        Ok(Err(CompileError::Refused(message))) => fail(ExitCode::from(REFUSED), &message),
        Ok(Err(CompileError::Unavailable(message))) => fail(ExitCode::FAILURE, &message),
        Err(_) => fail(ExitCode::from(REFUSED), "the compiler crashed on the component"),
    }
}

fn fail(code: ExitCode, message: &str) -> ExitCode {
    // If even this cannot be written, the exit status has to do.
    let _ = writeln!(io::stderr(), "{message}");
    code
}

/// Limits what this process may use from now on.
fn limit_this_process() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, nice, setrlimit};

    for (resource, limit) in [
        (Resource::As, MEMORY_BYTES),
        (Resource::Cpu, CPU_SECS),
        (Resource::Core, 0),
        // Pipes are not files: standard output is not concerned.
        (Resource::Fsize, 0),
        (Resource::Nofile, OPEN_FILES),
    ] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        rustix::thread::set_no_new_privs(true)?;
    }
    nice(NICENESS)?;
    Ok(())
}
