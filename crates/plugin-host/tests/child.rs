//! Compiling in a child process. The child is this test itself under a hidden command, as the server's is the server:
//! so it has a `main` of its own instead of libtest's.
#![expect(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

mod support;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use bytes::Bytes;
use hookwright_engine::ports::{InspectError, Mapper};
use hookwright_plugin_host::{HostOptions, HostStats, Isolation, PluginHost, child_main};

use hookwright_hostile::{Guest, request};
use libtest_mimic::Trial;
use support::{bundled, options, owner};

const COMMAND: &str = "job-for-the-test";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    if args.next().as_deref() == Some(COMMAND) {
        return child_main(&args.next().unwrap());
    }
    let trials = vec![
        trial("a_child_compiles_what_this_process_runs", a_child_compiles_what_this_process_runs),
        trial(
            "a_component_that_needs_too_much_is_refused_with_the_reason",
            a_component_that_needs_too_much_is_refused_with_the_reason,
        ),
        trial(
            "a_program_that_does_not_compile_is_not_the_components_fault",
            a_program_that_does_not_compile_is_not_the_components_fault,
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
