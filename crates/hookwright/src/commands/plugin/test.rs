//! `hookwright plugin test`: what a component makes of an event.

mod compare;
mod files;
mod watch;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use hookwright_engine::ports::{Clock as _, Mapper as _};
use hookwright_engine::preview::{Planned, Preview, PreviewInput};
use hookwright_model::{PluginOwner, TargetUrl};

use super::local::{self, LimitArgs, Local};
use super::view;
use crate::commands::output;
use crate::ports::SystemClock;

/// Show what a component would send for an event, without sending it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  hookwright plugin test my_crm.wasm --event event.json --settings settings.json\n  \
    hookwright plugin test my_crm.wasm --event event.json --expect expect.json --watch\n\n\
    No server is asked: the component runs here, in the server's sandbox and with its limits. The compiled code is kept \
    for the next run, in ~/.cache/hookwright or below XDG_CACHE_HOME.\n\n\
    EXPECT.json names the action and what matters of it, and a body as JSON:\n  \
    {\"call\": {\"step\": \"create-lead\", \"method\": \"POST\", \"body\": {\"name\": \"John Smith\"}}}\n\n\
    HISTORY.json has the replies so far:\n  \
    {\"replies\": [{\"step\": \"create-lead\", \"status\": 201, \"body\": {\"id\": 151}}]}"
)]
pub(super) struct Args {
    /// The WebAssembly component
    file: PathBuf,
    /// The event, as a producer sends it [default: a sample lead]
    #[arg(long, value_name = "EVENT.json")]
    event: Option<PathBuf>,
    /// The settings of the webhook [default: {}]
    #[arg(long, value_name = "SETTINGS.json")]
    settings: Option<PathBuf>,
    /// What the target has answered so far [default: nothing]
    #[arg(long, value_name = "HISTORY.json")]
    history: Option<PathBuf>,
    /// Fail unless the action is this one
    #[arg(long, value_name = "EXPECT.json")]
    expect: Option<PathBuf>,
    /// Build and test again whenever a source changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// The command that builds the component [default: what Cargo.toml, package.json or build.py beside it asks for]
    #[arg(long, value_name = "CMD", requires = "watch")]
    build: Option<String>,
    #[command(flatten)]
    limits: LimitArgs,
    /// Print JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let local = Local::start(&args.limits)?;
    if args.watch { watch::run(&args, &local).await } else { once(&args, &local).await }
}

/// One test.
async fn once(args: &Args, local: &Local) -> Result<()> {
    let preview = ask(args, local).await?;
    let shown = serde_json::to_value(hookwright_api::preview(&preview))?;
    if args.json {
        output::print_json(&shown)?;
    } else {
        let budget = view::budget([("used", preview.usage)], local.limits());
        output::print(&format!("{}\n{budget}", view::preview(&preview)))?;
    }
    if let Some(file) = &args.expect {
        let expected = files::json(file)?;
        let differences = compare::differences(&expected, &shown["next"]);
        let differences = differences.with_context(|| format!("{} cannot be compared", file.display()))?;
        if !differences.is_empty() {
            bail!("this is not what {} expects\n{}", file.display(), differences.join("\n"));
        }
        return if args.json { Ok(()) } else { output::print(&format!("As {} expects", file.display())) };
    }
    match preview.next {
        Planned::Hold { .. } => bail!("a delivery would be held until a person looks at it"),
        _ => Ok(()),
    }
}

/// What the plugin answers.
async fn ask(args: &Args, local: &Local) -> Result<Preview> {
    let component = local::read(&args.file)?;
    let now = SystemClock.now();
    let event = files::event(args.event.as_deref(), now)?;
    let settings = files::settings(args.settings.as_deref())?;
    let history = files::history(args.history.as_deref())?;
    let owner = PluginOwner::Project(local::nobody());
    let inspected = local::patiently(&args.file, local.host.inspect(component, owner)).await;
    let inspected = inspected.map_err(|error| local::refused(&args.file, &error))?;
    let description = inspected.description;
    let problems = local.host.check_settings(&description.settings_schema, &settings, owner).await?;
    if !problems.is_empty() {
        let file = args.settings.as_deref().unwrap_or(Path::new("{}, the settings without --settings,"));
        bail!("{} does not match the plugin's settings\n{}", file.display(), super::problems(&problems));
    }
    let url = TargetUrl::parse(&description.url)?;
    let input = PreviewInput { component: inspected.digest, event, settings, history, url };
    let mapped = local.host.transform(input.request()).await;
    Ok(input.preview(mapped, &local.egress))
}
