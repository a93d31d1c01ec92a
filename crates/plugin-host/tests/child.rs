//! What is done in child processes: jobs, and calls that take long. The child is this test itself under a hidden command,
//! as the server's is the server: so it has a `main` of its own instead of libtest's.
#![expect(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

mod support;

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use bytes::Bytes;
use hookwright_engine::ports::{InspectError, Mapped, Mapper, SettingsError};
use hookwright_model::{PluginLimits, Settings};
use hookwright_plugin_host::{HostOptions, HostStats, Isolation, PluginHost, child_main};

use hookwright_hostile::{Guest, RESULT, request};
use libtest_mimic::Trial;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, setrlimit};
use support::{bundled, options, owner};
use tokio::process::Command;
use tokio::time::Instant;

const COMMAND: &str = "job-for-the-test";
const TELL: &str = "tell-for-the-test";
const WITHOUT_FILES: &str = "without-files-for-the-test";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    match args.next().as_deref() {
        Some(COMMAND) => return child_main(&args.last().unwrap()),
        Some(TELL) => return tell(),
        Some(WITHOUT_FILES) => return without_files(),
        _ => {}
    }
    let trials = vec![
        trial("a_child_is_given_no_environment_and_no_files", a_child_is_given_no_environment_and_no_files),
        trial("a_child_limits_itself_before_it_reads", a_child_limits_itself_before_it_reads),
        trial("a_child_has_at_most_the_limits_of_its_parent", a_child_has_at_most_the_limits_of_its_parent),
        trial(
            "settings_are_checked_and_a_check_that_takes_too_much_is_the_schemas_fault",
            settings_are_checked_and_a_check_that_takes_too_much_is_the_schemas_fault,
        ),
        trial("a_child_compiles_what_this_process_runs", a_child_compiles_what_this_process_runs),
        trial(
            "a_component_that_needs_too_much_is_refused_with_the_reason",
            a_component_that_needs_too_much_is_refused_with_the_reason,
        ),
        trial(
            "a_program_that_does_not_compile_is_not_the_components_fault",
            a_program_that_does_not_compile_is_not_the_components_fault,
        ),
        trial(
            "a_call_that_takes_long_ends_in_another_process_as_it_does_here",
            a_call_that_takes_long_ends_in_another_process_as_it_does_here,
        ),
        trial(
            "a_process_for_calls_that_is_killed_is_replaced",
            a_process_for_calls_that_is_killed_is_replaced,
        ),
        trial("a_process_for_calls_ends_with_its_host", a_process_for_calls_ends_with_its_host),
        trial("children_start_when_all_files_are_taken", children_start_when_all_files_are_taken),
        trial(
            "a_process_that_fails_or_never_answers_is_not_the_plugins_fault",
            a_process_that_fails_or_never_answers_is_not_the_plugins_fault,
        ),
    ];
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), trials).exit_code()
}

fn trial<F: Future<Output = ()>>(name: &str, test: impl FnOnce() -> F + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(test());
        Ok(())
    })
}

fn host(folder: &tempfile::TempDir, program: PathBuf, args: &[&str]) -> PluginHost {
    let args = args.iter().map(OsString::from).collect();
    let isolation = Isolation::Child { program, args };
    PluginHost::new(HostOptions { isolation, ..options(folder.path()) }).unwrap()
}

async fn a_child_compiles_what_this_process_runs() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, env::current_exe().unwrap(), &[COMMAND]);
    let component = bundled("hubspot");
    host.inspect(component.clone(), owner()).await.unwrap();
    assert!(host.transform(request(&component)).await.outcome.is_ok());
    assert_eq!(host.stats(), HostStats { compilations: 1, loaded: 1, ..HostStats::default() });
}

async fn a_component_that_needs_too_much_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, env::current_exe().unwrap(), &[COMMAND]);
    let hungry: Bytes = Guest { pages: 2_000, ..Guest::default() }.build();
    let refusal = host.inspect(hungry, owner()).await.unwrap_err();
    assert!(matches!(&refusal, InspectError::Refused(reason) if reason.contains("memory")), "{refusal}");
}

async fn a_program_that_does_not_compile_is_not_the_components_fault() {
    let folder = tempfile::tempdir().unwrap();
    for (program, args) in [
        ("/nowhere/hookwright", [].as_slice()),
        ("/bin/false", &[]),
        ("/bin/echo", &["32 bytes or more, but of some other program"]),
    ] {
        let outcome = host(&folder, program.into(), args).load(bundled("hubspot")).await;
        assert!(matches!(outcome, Err(InspectError::Unavailable(_))), "{program}: {outcome:?}");
    }
    let ended = host(&folder, "/bin/sh".into(), &["-c", "kill -9 $$"]).load(bundled("hubspot")).await;
    assert!(matches!(&ended, Err(InspectError::Refused(reason)) if reason.contains("60 s")), "{ended:?}");
}

async fn a_child_is_given_no_environment_and_no_files() {
    let folder = tempfile::tempdir().unwrap();
    // A file that is open here is not there.
    let _open = std::fs::File::open(env::current_exe().unwrap()).unwrap();
    let told = host(&folder, env::current_exe().unwrap(), &[TELL]).load(bundled("hubspot")).await;
    // What this process was started with, every process that it starts has as well.
    let inherited = files().into_iter().filter(|file| is_inherited(*file));
    let files: BTreeSet<u32> = inherited.chain([0, 1, 2]).collect();
    assert_eq!(told, Err(InspectError::Refused(format!("environment [], files {files:?}"))));
}

/// A child that refuses every component, and tells what it has been given.
fn tell() -> ExitCode {
    eprintln!("environment {:?}, files {:?}", env::vars_os().collect::<Vec<_>>(), files());
    ExitCode::from(65)
}

/// The files that this process has open, but for the listing of them.
fn files() -> BTreeSet<u32> {
    let listed: Vec<_> =
        std::fs::read_dir("/proc/self/fd").unwrap().map(|file| file.unwrap().path()).collect();
    let open = listed.into_iter().filter(|file| file.read_link().is_ok());
    open.map(|file| file.file_name().unwrap().to_str().unwrap().parse().unwrap()).collect()
}

/// Whether a file of this process stays open in what it starts.
fn is_inherited(file: u32) -> bool {
    const CLOSED_ON_EXEC: u32 = 0o2_000_000;
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{file}")).unwrap();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap().trim();
    u32::from_str_radix(flags, 8).unwrap() & CLOSED_ON_EXEC == 0
}

async fn a_child_limits_itself_before_it_reads() {
    const MIB: u64 = 1 << 20;
    let unlimited = || String::from("unlimited");
    let job =
        |cpu_secs: u64, address_mib: u64| [cpu_secs, address_mib * MIB, 0, 32].map(|limit| limit.to_string());
    for (job, nice, [cpu_secs, address_bytes, file_bytes, files]) in [
        ("compile", 10, job(60, 4_096)),
        ("check-settings", 10, job(2, 512)),
        ("run", 19, [unlimited(), unlimited(), unlimited(), "4096".into()]),
    ] {
        // Its standard input stays open, so it waits.
        let mut child = Command::new(env::current_exe().unwrap())
            .args([COMMAND, job])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let process = PathBuf::from(format!("/proc/{}", child.id().unwrap()));
        let status = || std::fs::read_to_string(process.join("status")).unwrap();
        // The last of what it does before it reads.
        while !status().contains("NoNewPrivs:\t1") || niceness(&process) != nice {
            assert_eq!(child.try_wait().unwrap(), None, "{job} ended");
            tokio::task::yield_now().await;
        }
        for (name, limit) in [
            ("Max address space", address_bytes),
            ("Max cpu time", cpu_secs),
            ("Max core file size", "0".into()),
            ("Max file size", file_bytes),
            ("Max open files", files),
        ] {
            assert_eq!(limits(&process, name), [limit.clone(), limit], "{job}: {name}");
        }
        assert_eq!(std::fs::read(process.join("environ")).unwrap(), b"");
        assert_eq!(std::fs::read_to_string(process.join("oom_score_adj")).unwrap().trim(), "1000");
        child.kill().await.unwrap();
    }
}

async fn a_child_has_at_most_the_limits_of_its_parent() {
    let program = env::current_exe().unwrap();
    let script = format!("ulimit -n 24; exec {} {COMMAND} compile", program.display());
    let mut child = Command::new("/bin/sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let process = PathBuf::from(format!("/proc/{}", child.id().unwrap()));
    while niceness(&process) != 10 {
        assert_eq!(child.try_wait().unwrap(), None);
        tokio::task::yield_now().await;
    }
    assert_eq!(limits(&process, "Max open files"), ["24", "24"]);
    assert_eq!(limits(&process, "Max cpu time"), ["60", "60"]);
    child.kill().await.unwrap();
}

/// What a process may have of a resource, now and at most.
fn limits(process: &Path, resource: &str) -> [String; 2] {
    let limits = std::fs::read_to_string(process.join("limits")).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix(resource)).unwrap();
    let mut numbers = line.split_whitespace().map(str::to_owned);
    [numbers.next().unwrap(), numbers.next().unwrap()]
}

/// The 19th field of proc(5)'s `stat`; the second one, in brackets, may hold spaces.
fn niceness(process: &Path) -> i32 {
    let stat = std::fs::read_to_string(process.join("stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().nth(16).unwrap().parse().unwrap()
}

async fn settings_are_checked_and_a_check_that_takes_too_much_is_the_schemas_fault() {
    let folder = tempfile::tempdir().unwrap();
    let real = host(&folder, env::current_exe().unwrap(), &[COMMAND]);
    let schema = r#"{"properties": {"stage": {"type": "string"}}}"#;
    let settings = |text| Settings::parse(text).unwrap();
    assert_eq!(real.check_settings(schema, &settings(r#"{"stage": "a"}"#), owner()).await, Ok(Vec::new()));
    let problems = real.check_settings(schema, &settings(r#"{"stage": 1}"#), owner()).await.unwrap();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].pointer, "/stage");
    let none = real.check_settings("{", &settings("{}"), owner()).await;
    assert!(matches!(&none, Err(SettingsError::Schema(reason)) if reason.contains("not JSON")), "{none:?}");

    let crashed = host(&folder, "/bin/sh".into(), &["-c", "kill -9 $$"]);
    let crashed = crashed.check_settings(schema, &settings("{}"), owner()).await;
    assert!(matches!(&crashed, Err(SettingsError::Schema(reason)) if reason.contains("2 s")), "{crashed:?}");
    for program in ["/nowhere/hookwright", "/bin/false", "/bin/echo"] {
        let outcome =
            host(&folder, program.into(), &[]).check_settings(schema, &settings("{}"), owner()).await;
        assert!(matches!(outcome, Err(SettingsError::Unavailable(_))), "{program}: {outcome:?}");
    }
}

/// Takes longer than a call may in this process, and answers.
const LONG: &str = "(local $left i32) (local.set $left (i32.const 100000000))
    (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))";

/// Room for that.
fn roomy(isolation: Isolation, folder: &tempfile::TempDir) -> PluginHost {
    let limits =
        PluginLimits { fuel: 1_000_000_000, wall_time: Duration::from_secs(20), ..PluginLimits::default() };
    PluginHost::new(HostOptions { isolation, limits, ..options(folder.path()) }).unwrap()
}

/// A host with child processes of its own, which their tag tells from those of other tests.
fn host_with_processes(folder: &tempfile::TempDir, tag: &str) -> PluginHost {
    let args = [COMMAND, tag].map(OsString::from).to_vec();
    roomy(Isolation::Child { program: env::current_exe().unwrap(), args }, folder)
}

/// The processes for long calls with that tag.
fn processes(tag: &str) -> Vec<Pid> {
    let command = format!("\0{COMMAND}\0{tag}\0run\0");
    let pids = std::fs::read_dir("/proc").unwrap();
    let pids = pids.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let is_one = |pid: &i32| {
        std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.ends_with(&command))
    };
    pids.filter(is_one).map(|pid| Pid::from_raw(pid).unwrap()).collect()
}

async fn a_call_that_takes_long_ends_in_another_process_as_it_does_here() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let tag = "as-here";
    let apart = host_with_processes(&folders[0], tag);
    let here = roomy(Isolation::InProcess, &folders[1]);
    let short = Guest::default().build();
    apart.load(short.clone()).await.unwrap();
    apart.transform(request(&short)).await.outcome.unwrap();
    assert_eq!(processes(tag), [], "a short call");
    for (transform, ends_well) in [
        (format!("{LONG} i32.const {RESULT}"), true),
        (format!("{LONG} unreachable"), false),
        ("(loop $again (br $again)) unreachable".into(), false),
        (format!("{LONG} i32.const -1"), false),
    ] {
        let component = Guest::transforming(&transform);
        let mut ends = Vec::new();
        for host in [&apart, &here] {
            host.load(component.clone()).await.unwrap();
            let Mapped { outcome, logs, usage } = host.transform(request(&component)).await;
            ends.push((outcome, logs, usage.instructions, usage.memory_bytes));
        }
        assert_eq!(ends[0], ends[1], "{transform}");
        assert_eq!(ends[0].0.is_ok(), ends_well, "{transform}: {ends:?}");
        assert_eq!(processes(tag).len(), 1, "{transform}");
    }
    let descriptions = [apart.inspect(short.clone(), owner()).await, here.inspect(short, owner()).await];
    let [description, the_same] = descriptions.map(|inspected| inspected.unwrap().description);
    assert_eq!(description, the_same);
}

async fn a_process_for_calls_that_is_killed_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let tag = "killed";
    let host = host_with_processes(&folder, tag);
    let component = Guest::transforming(&format!("{LONG} i32.const {RESULT}"));
    host.load(component.clone()).await.unwrap();
    host.transform(request(&component)).await.outcome.unwrap();
    let before = processes(tag);
    for pid in &before {
        kill_process(*pid, Signal::KILL).unwrap();
    }
    host.transform(request(&component)).await.outcome.unwrap();
    let after = processes(tag);
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after);
}

async fn a_process_for_calls_ends_with_its_host() {
    let folder = tempfile::tempdir().unwrap();
    let tag = "ends";
    let host = host_with_processes(&folder, tag);
    host.inspect(Guest::default().build(), owner()).await.unwrap();
    let pids = processes(tag);
    assert_eq!(pids.len(), 1);
    drop(host);
    // Until somebody has asked for its status, a process that has ended is still there.
    let is_there = || pids.iter().any(|pid| Path::new(&format!("/proc/{}", pid.as_raw_nonzero())).exists());
    let begun = Instant::now();
    while is_there() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{pids:?} still there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn a_process_that_fails_or_never_answers_is_not_the_plugins_fault() {
    let folder = tempfile::tempdir().unwrap();
    let program = env::current_exe().unwrap();
    let real = format!("exec {} {COMMAND} $0", program.display());
    for (instead, words) in [
        ("exit 1", "exit status: 1"),
        ("kill -SEGV $$", "SIGSEGV"),
        ("echo 16 bytes or more of something else; exec cat >/dev/null", "a message is too long"),
        ("echo it hurts >&2; exit 1", "it hurts"),
        ("exec sleep 60", "no answer in 10"),
    ] {
        let script = format!("[ $0 = run ] || {real}; {instead}");
        let args = ["-c".into(), script.into()].to_vec();
        let isolation = Isolation::Child { program: "/bin/sh".into(), args };
        let limits = PluginLimits { wall_time: Duration::from_millis(20), ..PluginLimits::default() };
        let options = HostOptions { isolation, limits, ..options(folder.path()) };
        let refusal = PluginHost::new(options).unwrap().inspect(Guest::default().build(), owner()).await;
        assert!(
            matches!(&refusal, Err(InspectError::Unavailable(reason)) if reason.contains(words)),
            "{instead}: {refusal:?}"
        );
    }
}

async fn children_start_when_all_files_are_taken() {
    // In a process of its own: the other tests need files.
    let program = env::current_exe().unwrap();
    let ended = Command::new(program).arg(WITHOUT_FILES).kill_on_drop(true).output().await.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// Takes all files that this process may have, and then uploads a plugin.
fn without_files() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let host = host_with_processes(&folder, "without-files");
        // What waits for children is set up with the first one.
        host.check_settings("{}", &Settings::default(), owner()).await.unwrap();
        let few = Rlimit { current: Some(200), maximum: Some(200) };
        setrlimit(Resource::Nofile, few).unwrap();
        let mut taken = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            taken.push(file);
        }
        for _ in 0..3 {
            host.check_settings("{}", &Settings::default(), owner()).await.unwrap();
        }
        // Compiled in one child and described in another.
        host.inspect(Guest::default().build(), owner()).await.unwrap();
        drop(taken);
        host.check_settings("{}", &Settings::default(), owner()).await.unwrap();
    });
    ExitCode::SUCCESS
}
