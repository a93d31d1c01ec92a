//! The program under test.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::FIRST_START;

/// `hookwright` with these arguments, in an environment of nothing but what the caller adds.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(path());
    command.args(args).env_clear().kill_on_drop(true);
    command
}

/// Runs a command to its end, with these environment variables.
pub(crate) async fn run(args: &[&str], environment: &[(&str, &str)]) -> Output {
    run_in(Path::new("."), args, environment).await
}

/// The same in a folder.
pub(crate) async fn run_in(folder: &Path, args: &[&str], environment: &[(&str, &str)]) -> Output {
    let output = command(args).current_dir(folder).envs(environment.iter().copied()).output();
    match tokio::time::timeout(FIRST_START, output).await {
        Ok(output) => output.unwrap(),
        Err(_) => panic!("`hookwright {}` does not end", args.join(" ")),
    }
}

/// Where it is.
pub(crate) fn path() -> PathBuf {
    if let Some(path) = std::env::var_os("HOOKWRIGHT_BIN") {
        return path.into();
    }
    // Tests are in `deps` beside the programs of the same build.
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("hookwright");
    assert!(path.exists(), "{} is missing; build it first: cargo build --package hookwright", path.display());
    path
}

/// The first line that a command prints, which is then killed.
pub(crate) async fn first_line(args: &[&str]) -> String {
    let mut process = command(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let line =
        tokio::time::timeout(FIRST_START, lines.next_line()).await.expect("it prints nothing").unwrap();
    process.kill().await.unwrap();
    line.unwrap_or_default()
}
