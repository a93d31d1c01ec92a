//! What a plugin is and what it would do. The command line says it in the same words.

use hookwright_engine::ports::Usage;
use hookwright_engine::preview::{Planned, PlannedRequest, Preview};
use hookwright_engine::report::{Report, Trial};
use hookwright_engine::settings::SettingsProblem;
use serde::Serialize;
use serde_json::value::RawValue;

use super::delivery::{ErrorDto, LogDto, ReceiptDto, RequestDto};
use super::plugin::DescriptionDto;

/// A component that can be uploaded, as JSON.
#[derive(Debug, Serialize)]
pub struct ReportDto<'a> {
    digest: String,
    contract: &'a str,
    size_bytes: u64,
    imports: &'a [String],
    /// None when its code was there already.
    compile_ms: Option<u128>,
    description: DescriptionDto<'a>,
    /// What describing itself used.
    usage: UsageDto,
    trial: TrialDto<'a>,
}

#[derive(Debug, Serialize)]
struct TrialDto<'a> {
    settings: Option<Box<RawValue>>,
    /// None when the plugin was not called, because these settings do not match its schema.
    preview: Option<PreviewDto<'a>>,
    problems: Vec<ProblemDto<'a>>,
}

#[derive(Debug, Serialize)]
struct ProblemDto<'a> {
    pointer: &'a str,
    message: &'a str,
}

/// What a delivery would do next, as JSON. What does not belong to the step is null.
#[derive(Debug, Serialize)]
pub struct PreviewDto<'a> {
    /// `deliver`, `call`, `done`, `skip`, `retry` or `hold`.
    next: &'static str,
    request: Option<PlannedRequestDto<'a>>,
    receipt: Option<ReceiptDto<'a>>,
    /// Why it is skipped.
    reason: Option<&'a str>,
    error: Option<ErrorDto<'a>>,
    hint: Option<&'a str>,
    /// When to try again, if the plugin named a time.
    after_secs: Option<u32>,
    logs: Vec<LogDto<'a>>,
    usage: UsageDto,
}

#[derive(Debug, Serialize)]
struct PlannedRequestDto<'a> {
    step: &'a str,
    #[serde(flatten)]
    request: RequestDto<'a>,
    accept: &'a [u16],
    idempotent: bool,
}

#[derive(Debug, Serialize)]
struct UsageDto {
    instructions: u64,
    memory_bytes: usize,
    duration_us: u128,
}

impl<'a> From<&'a Report> for ReportDto<'a> {
    fn from(report: &'a Report) -> Self {
        let Report { inspected, trial } = report;
        Self {
            digest: inspected.digest.to_string(),
            contract: &inspected.contract,
            size_bytes: inspected.size_bytes,
            imports: &inspected.imports,
            compile_ms: inspected.compile_time.map(|time| time.as_millis()),
            description: (&inspected.description).into(),
            usage: inspected.usage.into(),
            trial: trial.into(),
        }
    }
}

impl<'a> From<&'a Trial> for TrialDto<'a> {
    fn from(trial: &'a Trial) -> Self {
        let json = |settings: &hookwright_model::Settings| serde_json::from_str(settings.as_str()).ok();
        match trial {
            Trial::Made { settings, preview } => {
                Self { settings: json(settings), preview: Some((&**preview).into()), problems: Vec::new() }
            }
            Trial::NotMade { settings, problems } => {
                let problem = |problem: &'a SettingsProblem| ProblemDto {
                    pointer: &problem.pointer,
                    message: &problem.message,
                };
                let problems = problems.iter().map(problem).collect();
                Self { settings: json(settings), preview: None, problems }
            }
        }
    }
}

impl<'a> From<&'a Preview> for PreviewDto<'a> {
    fn from(preview: &'a Preview) -> Self {
        let mut dto = Self {
            next: "",
            request: None,
            receipt: None,
            reason: None,
            error: None,
            hint: None,
            after_secs: None,
            logs: preview.logs.iter().map(LogDto::from).collect(),
            usage: preview.usage.into(),
        };
        match &preview.next {
            Planned::Deliver(request) => (dto.next, dto.request) = ("deliver", Some(request.into())),
            Planned::Call(request) => (dto.next, dto.request) = ("call", Some(request.into())),
            Planned::Done(receipt) => (dto.next, dto.receipt) = ("done", Some(receipt.into())),
            Planned::Skip(reason) => (dto.next, dto.reason) = ("skip", Some(reason.as_str())),
            Planned::Retry { error, after_secs } => {
                (dto.next, dto.error, dto.after_secs) = ("retry", Some(error.into()), *after_secs);
            }
            Planned::Hold { error, hint } => {
                (dto.next, dto.error, dto.hint) = ("hold", Some(error.into()), hint.as_deref());
            }
        }
        dto
    }
}

impl<'a> From<&'a PlannedRequest> for PlannedRequestDto<'a> {
    fn from(planned: &'a PlannedRequest) -> Self {
        let PlannedRequest { step, url, headers } = planned;
        let body = step.body.as_deref().unwrap_or_default();
        Self {
            step: &step.step,
            request: RequestDto::new(step.method.as_str(), url.masked(), headers, body),
            accept: &step.accept,
            idempotent: step.idempotent,
        }
    }
}

impl From<Usage> for UsageDto {
    fn from(usage: Usage) -> Self {
        let Usage { instructions, memory_bytes, duration } = usage;
        Self { instructions, memory_bytes, duration_us: duration.as_micros() }
    }
}
