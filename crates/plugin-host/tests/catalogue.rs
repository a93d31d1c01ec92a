//! Everything in the catalogue of hostile components, on one host that serves a well-behaved plugin meanwhile.
//!
//! Components are compiled as in production, in a child process, which is this test itself under a hidden command: so
//! it has a `main` of its own instead of libtest's.
#![expect(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

mod support;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::panic;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hookwright_engine::ports::Mapper as _;
use hookwright_hostile::mutate::mutant;
use hookwright_hostile::{Answer, Case, Guest, Judged, Verdict, catalogue, judge, request};
use hookwright_model::Action;
use hookwright_plugin_host::{HostOptions, Isolation, PluginHost, PluginLimits, child_main};
use libtest_mimic::{Failed, Trial};
use tokio::time::Instant;

use support::{bundled, options, owner};

const COMMAND: &str = "job-for-the-test";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    if args.next().as_deref() == Some(COMMAND) {
        return child_main(&args.next().unwrap());
    }
    let trials = vec![
        Trial::test("every_case_gets_its_verdict_and_nobody_else_notices", || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(every_case_gets_its_verdict_and_nobody_else_notices())
        }),
        Trial::test("components_changed_by_chance_get_a_verdict_and_always_the_same", || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(components_changed_by_chance_get_a_verdict_and_always_the_same())
        }),
        Trial::test("the_readme_has_every_case", the_readme_has_every_case),
    ];
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), trials).exit_code()
}

/// Tight where a limit would otherwise only take time.
fn limits() -> PluginLimits {
    PluginLimits {
        fuel: 10_000_000,
        wall_time: Duration::from_secs(2),
        memory_bytes: 16 << 20,
        ..PluginLimits::default()
    }
}

fn host(folder: &Path) -> Result<Arc<PluginHost>, Failed> {
    let isolation = Isolation::Child { program: env::current_exe()?, args: vec![COMMAND.into()] };
    Ok(Arc::new(PluginHost::new(HostOptions { isolation, limits: limits(), ..options(folder) })?))
}

async fn every_case_gets_its_verdict_and_nobody_else_notices() -> Result<(), Failed> {
    let wanted = env::var("HOSTILE_CASE").ok();
    let folder = tempfile::tempdir()?;
    let host = host(folder.path())?;
    let served = Served::by(&host).await;
    let (threads, files) = (plugin_threads(), open_files());

    let mut wrong = Vec::new();
    for case in catalogue().iter().filter(|case| wanted.as_ref().is_none_or(|name| name == case.name)) {
        let component = (case.build)();
        let begun = Instant::now();
        let judged = served.meanwhile(judge(host.as_ref(), component)).await;
        println!("{:>6} ms  {:<42} {judged:.200?}", begun.elapsed().as_millis(), case.name);
        if !is_right(case, &judged) {
            wrong.push(format!("{}: {:?} with {:?}: {judged:.600?}", case.name, case.verdict, case.words));
        }
        // More at once than there are workers: each has its instance.
        for answer in (0..4).map(|_| served.again()).collect::<Vec<_>>() {
            answer.await?;
        }
    }
    if !wrong.is_empty() {
        return Err(format!("{} cases:\n{}", wrong.len(), wrong.join("\n")).into());
    }
    assert_eq!((plugin_threads(), open_files()), (threads, files), "threads and open files");
    Ok(())
}

/// `HOSTILE_MUTANTS` says how many there are, `HOSTILE_SEED` with which one they begin.
async fn components_changed_by_chance_get_a_verdict_and_always_the_same() -> Result<(), Failed> {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let default_hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        default_hook(info);
    }));
    let number = |name, default| env::var(name).map_or(Ok(default), |text| text.parse::<u64>());
    let (first, count) = (number("HOSTILE_SEED", 0)?, number("HOSTILE_MUTANTS", 1_000)?);
    let folder = tempfile::tempdir()?;
    let host = host(folder.path())?;
    let served = Served::by(&host).await;
    let originals = originals();
    let originals: Vec<&[u8]> = originals.iter().map(|original| &original[..]).collect();
    let mut verdicts = BTreeMap::<String, usize>::new();
    for seed in first..first + count {
        let component = Bytes::from(mutant(seed, &originals));
        let judged = judge(host.as_ref(), component.clone()).await;
        let again = judge(host.as_ref(), component).await;
        if judged != again || matches!(judged.verdict, Verdict::Differs | Verdict::Unavailable) {
            return Err(format!("HOSTILE_SEED={seed} HOSTILE_MUTANTS=1: {judged:?}, then {again:?}").into());
        }
        if PANICS.load(Ordering::Relaxed) != 0 {
            return Err(format!("HOSTILE_SEED={seed} HOSTILE_MUTANTS=1: panicked; {judged:?}").into());
        }
        *verdicts.entry(format!("{:?}", judged.verdict)).or_default() += 1;
    }
    println!("{verdicts:?}");
    served.again().await?;
    Ok(())
}

/// Guests that reach different parts of the host, and a mapping as compilers write it.
fn originals() -> Vec<Bytes> {
    let mut originals: Vec<Bytes> = catalogue()
        .iter()
        .filter(|case| ["log-flood", "reading-standard-input", "sleeping-for-centuries"].contains(&case.name))
        .map(|case| (case.build)())
        .collect();
    originals.extend([
        Guest::default().build(),
        Guest::answering(&Answer::header("x-a", "b")),
        Guest::answering(&Answer::to("/a?b=c")),
        bundled("hubspot"),
    ]);
    originals
}

fn is_right(case: &Case, judged: &Judged) -> bool {
    judged.verdict == case.verdict
        && case.words.iter().all(|word| judged.message.contains(word))
        && (judged.verdict == Verdict::Harmless || judged.message.len() < 3_000)
        && !judged.message.chars().any(|c| c.is_control() && c != '\n')
}

/// A well-behaved plugin, and what it answers.
struct Served {
    host: Arc<PluginHost>,
    component: Bytes,
    answer: Action,
}

impl Served {
    async fn by(host: &Arc<PluginHost>) -> Self {
        let component = bundled("hubspot");
        host.inspect(component.clone(), owner()).await.unwrap();
        let answer = host.transform(request(&component)).await.outcome.unwrap();
        Self { host: Arc::clone(host), component, answer }
    }

    /// Another delivery.
    fn again(&self) -> tokio::task::JoinHandle<()> {
        let (host, request, answer) = (Arc::clone(&self.host), request(&self.component), self.answer.clone());
        let component = self.component.clone();
        tokio::spawn(async move {
            // Others may have taken its place in memory: then it comes back from the cache, as in production.
            host.load(component).await.unwrap();
            assert_eq!(host.transform(request).await.outcome, Ok(answer));
        })
    }

    /// Deliveries, one after another, until something has ended.
    async fn meanwhile<T>(&self, something: impl Future<Output = T>) -> T {
        let mut something = std::pin::pin!(something);
        loop {
            let mut delivery = self.again();
            tokio::select! {
                ended = &mut something => {
                    delivery.await.unwrap();
                    return ended;
                }
                delivered = &mut delivery => delivered.unwrap(),
            }
        }
    }
}

/// The threads of this process that belong to plugin hosts.
fn plugin_threads() -> usize {
    let names = fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name.starts_with("plugin-")).count()
}

/// How many files this process has open, but for the images of loaded components, of which there is a limited number.
fn open_files() -> usize {
    let entries = fs::read_dir("/proc/self/fd").unwrap();
    let paths = entries.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    paths
        .filter(|path| !path.starts_with("/proc") && !path.starts_with("/memfd:wasm-memory-image (deleted)"))
        .count()
}

fn the_readme_has_every_case() -> Result<(), Failed> {
    let readme = include_str!("../README.md");
    let rows: String = catalogue()
        .iter()
        .map(|Case { name, limit, verdict, .. }| format!("| `{name}` | {limit} | {verdict} |\n"))
        .collect();
    if readme.contains(&rows) {
        return Ok(());
    }
    Err(format!("the table of cases in README.md is not this one:\n{rows}").into())
}
