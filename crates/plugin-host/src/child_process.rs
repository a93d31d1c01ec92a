//! What a child process of the host does: one job, or the calls of a worker process.

use std::io::{self, Read, Write};
use std::panic::catch_unwind;
use std::process::ExitCode;

use crate::admission::child::{Job, JobError, REFUSED, WORKER_RESOURCES, limit_this_process};
use crate::admission::{compile, settings};
use crate::limits::child::{NICENESS, WORKER_NICENESS};
use crate::scheduling::worker_process;

const JOBS: [&Job; 2] = [&compile::JOB, &settings::JOB];

/// The hidden command behind [`Isolation::Child`](crate::Isolation::Child): does the job of this name, from standard input to standard output. It
/// must be reached before the program reads its configuration, opens files or starts threads.
pub fn child_main(job: &str) -> ExitCode {
    if job == worker_process::NAME {
        let served =
            limit_this_process(&WORKER_RESOURCES, WORKER_NICENESS).and_then(|()| worker_process::serve());
        return served
            .map_or_else(|error| fail(ExitCode::FAILURE, &error.to_string()), |()| ExitCode::SUCCESS);
    }
    let Some(job) = JOBS.into_iter().find(|known| known.name == job) else {
        return fail(ExitCode::FAILURE, "there is no job of this name");
    };
    let input = limit_this_process(&job.limits.resources(), NICENESS).and_then(|()| {
        let mut input = Vec::new();
        io::stdin().lock().read_to_end(&mut input)?;
        Ok(input)
    });
    let input = match input {
        Ok(input) => input,
        Err(error) => return fail(ExitCode::FAILURE, &error.to_string()),
    };
    match catch_unwind(|| (job.work)(&input)) {
        Ok(Ok(output)) => {
            let mut stdout = io::stdout().lock();
            match stdout.write_all(&output).and_then(|()| stdout.flush()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(ExitCode::FAILURE, &error.to_string()),
            }
        }
        Ok(Err(JobError::Refused(message))) => fail(ExitCode::from(REFUSED), &message),
        Ok(Err(JobError::Unavailable(message))) => fail(ExitCode::FAILURE, &message),
        // As a crash that cannot be caught ends it.
        Ok(Err(JobError::Exhausted)) | Err(_) => std::process::abort(),
    }
}

fn fail(code: ExitCode, message: &str) -> ExitCode {
    // If even this cannot be written, the exit status has to do.
    let _ = writeln!(io::stderr(), "{message}");
    code
}
