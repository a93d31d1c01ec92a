//! `hookwright plugin check`: what a component is, before anybody uploads it.

use std::path::PathBuf;

use anyhow::Result;
use hookwright_engine::ports::Clock as _;
use hookwright_engine::report::{self, Report, SamplePreview};
use hookwright_model::{HeaderHint, PluginLimits};

use super::local::{self, LimitArgs, Local};
use super::view;
use crate::commands::output;
use crate::ports::SystemClock;

/// Tell what a component is and what it uses, and try it with a sample lead; fails if it cannot be uploaded
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright plugin check my_crm.wasm\n\n\
    No server is asked: the component runs here, in the server's sandbox and with its limits. The compiled code is kept \
    for the next run, in ~/.cache/hookwright or below XDG_CACHE_HOME.")]
pub(super) struct Args {
    /// The WebAssembly component
    file: PathBuf,
    #[command(flatten)]
    limits: LimitArgs,
    /// Print JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let local = Local::start(&args.limits)?;
    let component = local::read(&args.file)?;
    let (project, now) = (local::nobody(), SystemClock.now());
    let check = report::check(&local.host, &local.egress, component, project, now);
    let report = local::patiently(&args.file, check).await;
    let report = report.map_err(|error| local::refused(&args.file, &error))?;
    if args.json {
        return output::print_json(&hookwright_api::report(&report));
    }
    let head = format!("{} can be uploaded\n", args.file.display());
    output::print(&(head + &whole(&report, local.limits())))
}

fn whole(report: &Report, limits: &PluginLimits) -> String {
    let inspected = &report.inspected;
    let (head, sample, budget) = match &report.sample {
        SamplePreview::Mapped { settings, preview } => (
            format!("Preview of a sample lead, with the settings {}", settings.as_str()),
            view::preview(preview),
            view::budget([("describe", inspected.usage), ("transform", preview.usage)], limits),
        ),
        SamplePreview::NoSettings { problems, .. } => (
            "No preview: some settings have no default. Use `hookwright plugin test`.".to_owned(),
            super::problems(problems),
            view::budget([("describe", inspected.usage)], limits),
        ),
    };
    let imports = inspected.imports.iter().map(|import| format!("{import}\n")).collect();
    let schema = output::indented_json(&inspected.description.settings_schema).into_owned();
    let parts = [("Imports", imports), ("Settings", schema), (&head, sample), ("Budget", budget)];
    let parts = parts.map(|(head, text)| format!("\n{head}\n{}", output::shifted(&text, 2)));
    facts(report, limits) + &parts.concat()
}

fn facts(report: &Report, limits: &PluginLimits) -> String {
    let inspected = &report.inspected;
    let description = &inspected.description;
    let header = |hint: &HeaderHint| {
        let secret = if hint.secret { " (secret)" } else { "" };
        format!("{}: {}{secret}", hint.name, hint.placeholder)
    };
    let compiled = inspected.compile_time.map(|time| format!("in {} ms", time.as_millis()));
    let headers = description.headers.iter().map(header).collect::<Vec<_>>().join(", ");
    let limit = limits.component_bytes as u64;
    let size = format!("{} of {}", super::size(inspected.size_bytes), super::size(limit));
    output::fields([
        ("title", Some(description.title.clone())),
        ("summary", Some(description.summary.clone())),
        ("contract", Some(inspected.contract.clone())),
        ("url", Some(description.url.clone())),
        ("headers", Some(headers).filter(|headers| !headers.is_empty())),
        ("size", Some(size)),
        ("compiled", compiled),
        ("digest", Some(inspected.digest.to_string())),
    ])
}
