//! Reports on components that were not uploaded. The command line says it in the same words.

use hookwright_engine::Checked;
use hookwright_engine::report::{Report, SamplePreview};
use hookwright_engine::settings::SettingsProblem;
use hookwright_store::Repeat;
use serde::Serialize;
use serde_json::Value;

use super::plugin::DescriptionDto;
use super::preview::{PreviewDto, UsageDto};

/// What an upload would do.
#[derive(Debug, Serialize)]
pub(crate) struct CheckedDto<'a> {
    /// The version that an upload would make, or the newest one if this very component is it.
    version: u32,
    /// Whether an upload would change nothing.
    unchanged: bool,
    #[serde(flatten)]
    report: ReportDto<'a>,
}

/// A component that can be uploaded, as JSON.
#[derive(Debug, Serialize)]
pub struct ReportDto<'a> {
    digest: String,
    contract: &'a str,
    size_bytes: u64,
    imports: &'a [String],
    description: DescriptionDto<'a>,
    /// How long it waited for the compiler.
    waited_ms: u128,
    /// Null: its code was there already.
    compile_ms: Option<u128>,
    /// What `describe` used.
    describe: UsageDto,
    trial: TrialDto<'a>,
}

/// A call of `transform` with the sample lead.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum TrialDto<'a> {
    Made {
        settings: Value,
        #[serde(flatten)]
        preview: PreviewDto<'a>,
    },
    /// Not made: neither `{}` nor the schema's defaults match the schema.
    NotMade { settings: Value, problems: Vec<ProblemDto<'a>> },
}

#[derive(Debug, Serialize)]
struct ProblemDto<'a> {
    pointer: &'a str,
    detail: &'a str,
}

impl<'a> From<&'a SettingsProblem> for ProblemDto<'a> {
    fn from(problem: &'a SettingsProblem) -> Self {
        Self { pointer: &problem.pointer, detail: &problem.message }
    }
}

impl<'a> From<&'a Checked> for CheckedDto<'a> {
    fn from(checked: &'a Checked) -> Self {
        Self {
            version: checked.version,
            unchanged: checked.repeat == Repeat::Known,
            report: ReportDto::from(&checked.report),
        }
    }
}

impl<'a> From<&'a Report> for ReportDto<'a> {
    fn from(report: &'a Report) -> Self {
        let Report { inspected, sample } = report;
        Self {
            digest: inspected.digest.to_string(),
            contract: &inspected.contract,
            size_bytes: inspected.size_bytes,
            imports: &inspected.imports,
            description: DescriptionDto::from(&inspected.description),
            waited_ms: inspected.waited.as_millis(),
            compile_ms: inspected.compile_time.map(|time| time.as_millis()),
            describe: inspected.usage.into(),
            trial: match sample {
                SamplePreview::Mapped { settings, preview } => {
                    TrialDto::Made { settings: settings.to_json(), preview: PreviewDto::from(&**preview) }
                }
                SamplePreview::NoSettings { settings, problems } => TrialDto::NotMade {
                    settings: settings.to_json(),
                    problems: problems.iter().map(ProblemDto::from).collect(),
                },
            },
        }
    }
}
