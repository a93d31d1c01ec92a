//! Previews: what a delivery would make of a plugin's answer. The command line says it in the same words.

use std::collections::BTreeMap;

use hookwright_engine::Previewed;
use hookwright_engine::ports::Usage;
use hookwright_engine::preview::{Planned, PlannedRequest, Preview};
use serde::Serialize;
use serde_json::value::RawValue;

use super::delivery::{ErrorDto, LogDto, ReceiptDto, headers};

#[derive(Debug, Serialize)]
pub(crate) struct PreviewedDto<'a> {
    plugin: &'a str,
    version: u32,
    digest: String,
    /// The event that the plugin was shown, as it was received.
    event: Option<Box<RawValue>>,
    #[serde(flatten)]
    preview: PreviewDto<'a>,
}

impl<'a> From<&'a Previewed> for PreviewedDto<'a> {
    fn from(previewed: &'a Previewed) -> Self {
        Self {
            plugin: previewed.version.name.as_str(),
            version: previewed.version.version,
            digest: previewed.version.digest.to_string(),
            event: serde_json::from_slice(&previewed.event.payload).ok(),
            preview: PreviewDto::from(&previewed.preview),
        }
    }
}

/// What a delivery would do next, as JSON.
#[derive(Debug, Serialize)]
pub struct PreviewDto<'a> {
    next: NextDto<'a>,
    logs: Vec<LogDto<'a>>,
    usage: UsageDto,
}

impl<'a> From<&'a Preview> for PreviewDto<'a> {
    fn from(preview: &'a Preview) -> Self {
        Self {
            next: NextDto::from(&preview.next),
            logs: preview.logs.iter().map(LogDto::from).collect(),
            usage: preview.usage.into(),
        }
    }
}

/// What the delivery would do next.
#[derive(Debug, Serialize)]
#[serde(tag = "action", rename_all = "lowercase")]
enum NextDto<'a> {
    /// Send a request whose success completes it.
    Deliver(PlannedRequestDto<'a>),
    /// Send a request, then ask the plugin again.
    Call(PlannedRequestDto<'a>),
    /// End as delivered.
    Done { receipt: ReceiptDto<'a> },
    /// End as skipped.
    Skip { reason: &'a str },
    /// Be tried again, after so many seconds or by the webhook's schedule.
    Retry { error: ErrorDto<'a>, after_secs: Option<u32> },
    /// Wait for a person.
    Hold { error: ErrorDto<'a>, hint: Option<&'a str> },
}

#[derive(Debug, Serialize)]
struct PlannedRequestDto<'a> {
    step: &'a str,
    method: &'a str,
    /// As the plugin gave it: below the URL.
    path: Option<&'a str>,
    /// The whole URL.
    url: String,
    /// Without those of the webhook and of its signature.
    headers: BTreeMap<&'a str, &'a str>,
    body: Option<&'a str>,
    accept: &'a [u16],
    idempotent: bool,
}

impl<'a> From<&'a PlannedRequest> for PlannedRequestDto<'a> {
    fn from(request: &'a PlannedRequest) -> Self {
        let step = &request.step;
        // What the URL holds was given by whoever asks, or by the plugin.
        let mut url = request.url.expose().clone();
        let _ = (url.set_username(""), url.set_password(None));
        Self {
            step: &step.step,
            method: step.method.as_str(),
            path: step.path.as_deref(),
            url: url.into(),
            headers: headers(&request.headers),
            // A plugin's body is text.
            body: step.body.as_deref().and_then(|body| std::str::from_utf8(body).ok()),
            accept: &step.accept,
            idempotent: step.idempotent,
        }
    }
}

impl<'a> From<&'a Planned> for NextDto<'a> {
    fn from(planned: &'a Planned) -> Self {
        match planned {
            Planned::Deliver(request) => Self::Deliver(request.into()),
            Planned::Call(request) => Self::Call(request.into()),
            Planned::Done(receipt) => Self::Done { receipt: receipt.into() },
            Planned::Skip(reason) => Self::Skip { reason },
            Planned::Retry { error, after_secs } => {
                Self::Retry { error: error.into(), after_secs: *after_secs }
            }
            Planned::Hold { error, hint } => Self::Hold { error: error.into(), hint: hint.as_deref() },
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct UsageDto {
    instructions: u64,
    memory_bytes: usize,
    duration_us: u128,
}

impl From<Usage> for UsageDto {
    fn from(usage: Usage) -> Self {
        let Usage { instructions, memory_bytes, duration } = usage;
        Self { instructions, memory_bytes, duration_us: duration.as_micros() }
    }
}
