//! `cargo xtask test`: everything that must pass before a change lands.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::progress::Progress;
use crate::setup;
use crate::steps::{self, Profile, binary, cargo, cargo_command, target, workspace};
use crate::tally::{Tally, report};

/// The selection of every step. Cargo resolves the features of dependencies for each selection and compiles those again
/// that get other ones, which takes longer than all of Hookwright's own code.
const EVERYTHING: [&str; 2] = ["--workspace", "--all-features"];

pub(crate) fn run() -> Result<()> {
    let (root, plugins) = (workspace(), workspace().join("plugins"));
    let mut progress = Progress::new(8);
    let mut tally = Tally::default();
    progress.step("tools", "a minute", tools)?;
    progress.step("format", "2 s", || in_both(|folder| cargo(folder, ["fmt", "--all", "--check"])))?;
    progress.step("lints", "6 min", || in_both(lint))?;
    progress.step("lean build", "20 s", || lean(&root))?;
    progress.step("documentation", "20 s", || in_both(document))?;
    progress.step("build", "3 min", || build(&root))?;
    let tested = progress.step("tests", "5 min", || {
        let in_root = nextest(&root, &mut tally);
        let in_plugins = nextest(&plugins, &mut tally);
        in_root.and(in_plugins)
    });
    // Also when some have failed: this is what a person looks for.
    eprintln!("\nTests: {tally}");
    tested?;
    progress.step("examples in the documentation", "10 s", || in_both(examples))?;
    eprintln!("\n{}\nTests: {tally}", progress.summary());
    Ok(())
}

fn tools() -> Result<()> {
    setup::wasm_target()?;
    setup::components()?;
    setup::nextest()?;
    setup::languages();
    setup::deny()
}

/// Does the same in the workspace of the service and in that of the plugins.
fn in_both(work: impl Fn(&Path) -> Result<()>) -> Result<()> {
    work(&workspace())?;
    work(&workspace().join("plugins"))
}

fn lint(folder: &Path) -> Result<()> {
    cargo(folder, [&["clippy", "--all-targets"], &EVERYTHING[..], &["--", "-D", "warnings"]].concat())
}

/// The server without the demo, and so without the stand-ins for CRMs.
fn lean(root: &Path) -> Result<()> {
    // The whole workspace, so that dependencies keep the features that they have in every other step.
    cargo(root, ["check", "--workspace", "--no-default-features"])
}

fn document(folder: &Path) -> Result<()> {
    let mut command = cargo_command(folder);
    steps::run(command.args(["doc", "--no-deps"]).args(EVERYTHING).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Builds the binary and the tests at once: with the tests among its targets, it has the features that they have.
fn build(folder: &Path) -> Result<()> {
    cargo(folder, [&["build", "--bin", "hookwright", "--tests"], &EVERYTHING[..]].concat())
}

fn examples(folder: &Path) -> Result<()> {
    cargo(folder, [&["test", "--doc"], &EVERYTHING[..]].concat())
}

/// Runs the tests of a workspace and adds their results to the tally, whether they pass or not.
fn nextest(folder: &Path, tally: &mut Tally) -> Result<()> {
    let (report, skipped) = (report(&target(folder)), target(folder).join("skipped-tests"));
    for file in [&report, &skipped] {
        if file.exists() {
            fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    let mut command = cargo_command(folder);
    command.args(["nextest", "run"]).args(EVERYTHING);
    let ran =
        steps::run(command.env("HOOKWRIGHT_BIN", binary(Profile::Dev)).env("HOOKWRIGHT_SKIPPED", &skipped));
    // Tests that do not compile leave no report; the failure of the run says so.
    let counted = tally.add(&report);
    // Nothing was skipped where there is no such file.
    tally.skip(&fs::read_to_string(&skipped).unwrap_or_default());
    ran.and(counted)
}
