//! What the other tasks need installed.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::steps::{cargo, run, workspace};

/// The target that plugins are built for.
const WASM_TARGET: &str = "wasm32-wasip2";

/// Makes sure that plugins can be built.
pub(crate) fn wasm_target() -> Result<()> {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(workspace()).args(["--print", "target-libdir", "--target", WASM_TARGET]);
    let printed = rustc.output().context("`rustc` cannot be started")?;
    let folder = String::from_utf8_lossy(&printed.stdout).trim().to_owned();
    if printed.status.success() && Path::new(&folder).exists() {
        return Ok(());
    }
    rustup(["target", "add", WASM_TARGET])
}

/// Makes sure that formatting and lints can be checked.
pub(crate) fn components() -> Result<()> {
    for (component, command) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !succeeds("cargo", &[command, "--version"]) {
            rustup(["component", "add", component])?;
        }
    }
    Ok(())
}

/// Makes sure that `cargo nextest` is there.
pub(crate) fn nextest() -> Result<()> {
    if succeeds("cargo", &["nextest", "--version"]) {
        return Ok(());
    }
    cargo(&workspace(), ["install", "cargo-nextest", "--locked"])
}

/// Makes sure that plugins in JavaScript and Python can be built, where Debian's packages are at hand. Their tests say that
/// they are skipped where they cannot, so this is not a must.
pub(crate) fn languages() {
    let needs: [(&str, &[&str], &str); 3] = [
        ("node", &["--version"], "nodejs"),
        ("npm", &["--version"], "npm"),
        ("python3", &["-c", "import ensurepip"], "python3-venv"),
    ];
    let missing: Vec<_> = needs
        .into_iter()
        .filter_map(|(program, args, package)| (!succeeds(program, args)).then_some(package))
        .collect();
    if missing.is_empty() {
        return;
    }
    let apt_get = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        run(command.arg("--quiet").args(args).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let install = [&["install", "--yes", "--no-install-recommends"], &missing[..]].concat();
    if apt_get(&["update"]).and_then(|()| apt_get(&install)).is_err() {
        eprintln!("\n{} cannot be installed: some plugins are not tested", missing.join(", "));
    }
}

/// Checks dependencies with `cargo deny` where it is installed. It takes longer to build than all of Hookwright's own
/// code, and the rule about who may use what is also held by a test, so it is not a must.
pub(crate) fn deny() -> Result<()> {
    if succeeds("cargo", &["deny", "--version"]) {
        return cargo(&workspace(), ["deny", "check", "bans", "licenses", "sources"]);
    }
    eprintln!(
        "\n`cargo deny` is not installed: licences of dependencies are not checked (cargo install cargo-deny)"
    );
    Ok(())
}

fn rustup<const N: usize>(args: [&str; N]) -> Result<()> {
    let ran = run(Command::new("rustup").current_dir(workspace()).args(args));
    if ran.is_err() {
        bail!("install it by hand, then try again: rustup {}", args.join(" "));
    }
    Ok(())
}

fn succeeds(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.current_dir(workspace()).args(args).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
