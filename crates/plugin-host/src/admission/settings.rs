//! Checking settings with a plugin's schema: a job for a child process, because a schema may ask for any time and memory
//! and for a stack without end.
//!
//! Its input is a JSON array of the schema's text and the settings, its output one of the pairs of pointer and message.

use bytes::Bytes;
use hookwright_engine::ports::SettingsError;
use hookwright_engine::settings::SettingsProblem;
use hookwright_model::Settings;
use serde_json::{Value, json};

use super::child::{Job, JobError, Sandbox};
use super::schema;
use crate::limits::child::CHECK_SETTINGS;

/// Checking the settings of one webhook.
pub(crate) const JOB: Job = Job { name: "check-settings", limits: CHECK_SETTINGS, work };

/// Checks settings; no problems means that they match the schema.
///
/// # Errors
/// Why they were not checked.
///
/// # Cancel safety
/// As [`Sandbox::run`].
pub(crate) async fn check(
    sandbox: &Sandbox,
    schema: &str,
    settings: &Settings,
) -> Result<Vec<SettingsProblem>, SettingsError> {
    let input = Bytes::from(json!([schema, settings.to_json()]).to_string());
    let output = sandbox.run(&JOB, input).await.map_err(|error| match error {
        JobError::Refused(reason) => SettingsError::Schema(reason),
        JobError::Exhausted => over_limits(),
        JobError::Unavailable(reason) => SettingsError::Unavailable(reason),
    })?;
    read(&output).ok_or_else(|| {
        SettingsError::Unavailable(
            "the child process is another version of this program; restart the server".into(),
        )
    })
}

/// Checks settings in this process, with a schema that is trusted.
///
/// # Errors
/// As for [`check`].
pub(crate) fn check_here(schema: &str, settings: &Settings) -> Result<Vec<SettingsProblem>, SettingsError> {
    schema::check(schema, settings).map_err(SettingsError::Schema)
}

fn over_limits() -> SettingsError {
    SettingsError::Schema(format!(
        "checking settings with it takes more than {CHECK_SETTINGS}, or overflows the stack; write it with fewer references \
         to itself, less nesting and fewer or simpler patterns"
    ))
}

fn work(input: &[u8]) -> Result<Vec<u8>, JobError> {
    let damaged = || JobError::Unavailable("the job's input is damaged".into());
    let (schema, settings): (String, Value) = serde_json::from_slice(input).map_err(|_| damaged())?;
    let settings = Settings::from_json(&settings).map_err(|_| damaged())?;
    let problems = schema::check(&schema, &settings).map_err(JobError::Refused)?;
    let pairs: Vec<_> = problems.iter().map(|problem| [&problem.pointer, &problem.message]).collect();
    Ok(json!(pairs).to_string().into_bytes())
}

fn read(output: &[u8]) -> Option<Vec<SettingsProblem>> {
    let pairs: Vec<[String; 2]> = serde_json::from_slice(output).ok()?;
    Some(pairs.into_iter().map(|[pointer, message]| SettingsProblem { pointer, message }).collect())
}
