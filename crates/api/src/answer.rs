//! What the engine gives, as bodies. The command line shows its own previews and reports in the same words.

use std::borrow::Cow;
use std::time::Duration;

use hookwright_api_types::delivery::{AttemptErrorBody, LogLineBody, ReceiptBody, headers};
use hookwright_api_types::event::LeadBody;
use hookwright_api_types::plugin::{DescriptionBody, PluginBody, UploadBody, UploadedBody};
use hookwright_api_types::preview::{
    PlannedBody, PlannedRequestBody, PreviewBody, PreviewSubject, PreviewedBody, UsageBody,
};
use hookwright_api_types::problem::InvalidBody;
use hookwright_api_types::report::{CheckedBody, ReportBody, TrialBody, UploadOutcome};
use hookwright_engine::ports::Usage;
use hookwright_engine::preview::{Planned, PlannedRequest, Preview};
use hookwright_engine::report::{Report, SamplePreview};
use hookwright_engine::settings::SettingsProblem;
use hookwright_engine::{Checked, Previewed, Uploaded};
use hookwright_model::{Event, Lead, Payload};
use hookwright_store::Repeat;

pub(crate) fn uploaded(uploaded: &Uploaded) -> UploadedBody {
    UploadedBody {
        plugin: PluginBody::from(&*uploaded.version),
        upload: UploadBody {
            unchanged: uploaded.repeat == Repeat::Known,
            waited_ms: millis(uploaded.waited),
            compile_ms: uploaded.compile_time.map(millis),
        },
    }
}

pub(crate) fn checked(checked: &Checked) -> CheckedBody {
    CheckedBody {
        outcome: UploadOutcome { version: checked.version, unchanged: checked.repeat == Repeat::Known },
        report: report(&checked.report),
    }
}

pub(crate) fn previewed(previewed: &Previewed) -> PreviewedBody {
    PreviewedBody {
        subject: PreviewSubject {
            plugin: previewed.version.name.to_string(),
            version: previewed.version.version,
            digest: previewed.version.digest.to_string(),
            event: serde_json::from_slice(&previewed.event.payload).ok(),
        },
        preview: preview(&previewed.preview),
    }
}

/// The person whom an event is about; none if the payload is not readable any more.
pub(crate) fn lead(event: &Event) -> Option<LeadBody> {
    let Lead { name, phone, email, message, channel, conversation_id } =
        Payload::parse(&event.payload).ok()?.lead;
    let fields = [
        ("name", &name),
        ("phone", &phone),
        ("email", &email),
        ("message", &message),
        ("channel", &channel),
        ("conversation_id", &conversation_id),
    ];
    let missing = fields.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| (*name).to_owned());
    Some(LeadBody {
        not_collected: missing.collect(),
        name: name.map(Cow::into_owned),
        email: email.map(Cow::into_owned),
        phone: phone.map(Cow::into_owned),
    })
}

/// A report on a component that was not uploaded.
pub fn report(report: &Report) -> ReportBody {
    let Report { inspected, sample } = report;
    ReportBody {
        digest: inspected.digest.to_string(),
        contract: inspected.contract.clone(),
        size_bytes: inspected.size_bytes,
        imports: inspected.imports.clone(),
        description: DescriptionBody::from(&inspected.description),
        waited_ms: millis(inspected.waited),
        compile_ms: inspected.compile_time.map(millis),
        describe: usage(inspected.usage),
        trial: match sample {
            SamplePreview::Mapped { settings, preview: made } => {
                TrialBody::Made { settings: settings.to_json(), preview: preview(made) }
            }
            SamplePreview::NoSettings { settings, problems } => TrialBody::NotMade {
                settings: settings.to_json(),
                problems: problems.iter().map(problem).collect(),
            },
        },
    }
}

fn problem(problem: &SettingsProblem) -> InvalidBody {
    InvalidBody { pointer: problem.pointer.clone(), detail: problem.message.clone() }
}

/// What a delivery would do next.
pub fn preview(preview: &Preview) -> PreviewBody {
    PreviewBody {
        next: planned(&preview.next),
        logs: preview.logs.iter().map(LogLineBody::from).collect(),
        usage: usage(preview.usage),
    }
}

fn planned(planned: &Planned) -> PlannedBody {
    match planned {
        Planned::Deliver(planned) => PlannedBody::Deliver(request(planned)),
        Planned::Call(planned) => PlannedBody::Call(request(planned)),
        Planned::Done(receipt) => PlannedBody::Done { receipt: ReceiptBody::from(receipt) },
        Planned::Skip(reason) => PlannedBody::Skip { reason: reason.clone() },
        Planned::Retry { error, after_secs } => {
            PlannedBody::Retry { error: AttemptErrorBody::from(error), after_secs: *after_secs }
        }
        Planned::Hold { error, hint } => {
            PlannedBody::Hold { error: AttemptErrorBody::from(error), hint: hint.clone() }
        }
    }
}

fn request(request: &PlannedRequest) -> PlannedRequestBody {
    let step = &request.step;
    // What else the URL holds was given by the caller, or by the plugin.
    let mut url = request.url.expose().clone();
    let _ = (url.set_username(""), url.set_password(None));
    PlannedRequestBody {
        step: step.step.clone(),
        method: step.method.to_string(),
        path: step.path.clone(),
        url: url.into(),
        headers: headers(&request.headers),
        // A plugin's body is text.
        body: step.body.as_deref().and_then(|body| std::str::from_utf8(body).ok()).map(str::to_owned),
        accept: step.accept.clone(),
        idempotent: step.idempotent,
    }
}

fn usage(Usage { instructions, memory_bytes, duration }: Usage) -> UsageBody {
    UsageBody {
        instructions,
        memory_bytes: memory_bytes as u64,
        duration_us: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
