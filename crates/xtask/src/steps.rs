//! Running programs, shown as they run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Which build of the binary.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Profile {
    Dev,
    Release,
}

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

/// Where Cargo builds a workspace.
pub(crate) fn target(workspace: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from)
}

/// Where a build of the service's binary is.
pub(crate) fn binary(profile: Profile) -> PathBuf {
    target(&workspace()).join(match profile {
        Profile::Dev => "debug/hookwright",
        Profile::Release => "release/hookwright",
    })
}

/// `cargo` in a folder.
pub(crate) fn cargo_command(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder);
    command
}

/// Runs `cargo` in a folder.
pub(crate) fn cargo(folder: &Path, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<()> {
    run(cargo_command(folder).args(args))
}

/// Runs a program; one that does not succeed is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let shown = words.join(OsStr::new(" ")).to_string_lossy().into_owned();
    eprintln!("\n$ {shown}");
    let status = command.status().with_context(|| format!("`{shown}` cannot be started"))?;
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}
