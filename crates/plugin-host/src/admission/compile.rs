//! From a component to machine code: a job for a child process, because a compiler that is fed foreign code may take any
//! time and memory.
//!
//! Its output is `compatibility (32 bytes) | digest of the component (32 bytes) | code`.

use bytes::Bytes;
use hookwright_engine::ports::InspectError;
use hookwright_model::Digest;
use wasmtime::Engine;

use super::child::{Job, JobError, Sandbox};
use super::code_cache::Compatibility;
use super::inspect;
use crate::execution;
use crate::limits::child::{COMPILE, MESSAGE_BYTES};

/// Compiling one component.
pub(crate) const JOB: Job = Job { name: "compile", limits: COMPILE, work };

/// Validates a component and compiles it for the engine.
///
/// # Errors
/// Why it was not compiled.
///
/// # Cancel safety
/// As [`Sandbox::run`].
pub(crate) async fn compile(
    sandbox: &Sandbox,
    engine: &Engine,
    component: Bytes,
) -> Result<Vec<u8>, InspectError> {
    let expected = Header::new(engine, &component);
    let mut output = sandbox.run(&JOB, component).await.map_err(|error| match error {
        JobError::Refused(reason) => InspectError::Refused(reason),
        JobError::Exhausted => over_limits(),
        JobError::Unavailable(reason) => InspectError::Unavailable(reason),
    })?;
    match output.split_first_chunk() {
        Some((own, _)) if *own == expected.0 => {
            output.drain(..Header::BYTES);
            Ok(output)
        }
        _ => Err(InspectError::Unavailable(
            "the compiler process is another version of this program; restart the server".into(),
        )),
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

fn over_limits() -> InspectError {
    InspectError::Refused(format!(
        "compiling the component took more than {}, produced more than {} MiB of code, or crashed the compiler; make \
         the component smaller, with shorter functions and less nesting",
        COMPILE,
        COMPILE.output_bytes >> 20,
    ))
}

fn work(component: &[u8]) -> Result<Vec<u8>, JobError> {
    inspect::validate(component).map_err(|error| JobError::Refused(error.to_string()))?;
    let engine = execution::compiling().map_err(|error| JobError::Unavailable(format!("{error:#}")))?;
    let code = engine.precompile_component(component).map_err(|error| {
        let message: String = format!("{error:#}").chars().take(MESSAGE_BYTES / 4).collect();
        JobError::Refused(format!("the component cannot be compiled: {message}"))
    })?;
    Ok([&Header::new(&engine, component).0, code.as_slice()].concat())
}
