//! Builds and tests again whenever a source changes.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::process::Command;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::{Args, once};
use crate::commands::plugin::local::Local;

/// What a project of each kind has, and how it is built.
const KINDS: [(&str, &str); 3] = [
    ("Cargo.toml", "cargo build --release --target wasm32-wasip2"),
    ("package.json", "npm run build"),
    ("build.py", "python3 build.py"),
];

/// Folders that builds and package managers write to.
const BUILT: [&str; 6] = ["target", "node_modules", "dist", "build", "bindings", "__pycache__"];

/// Editors write a file in several steps; so much silence ends a change.
const SILENCE: Duration = Duration::from_millis(100);

/// Tests now and after each change, until Ctrl-C.
pub(super) async fn run(args: &Args, local: &Local) -> Result<()> {
    tokio::select! {
        ended = again_and_again(args, local) => ended,
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}

async fn again_and_again(args: &Args, local: &Local) -> Result<()> {
    let project = Project::of(args)?;
    let (_watcher, mut changes) = project.watch(args)?;
    loop {
        if let Err(error) = project.build().await.and(Ok(())) {
            eprintln!("error: {error:#}");
        } else if let Err(error) = once(args, local).await {
            eprintln!("error: {error:#}");
        }
        eprintln!("Watching {}; Ctrl-C ends it", project.folder.display());
        changes.recv().await.context("the folder cannot be watched any more")?;
        while let Ok(Some(())) = tokio::time::timeout(SILENCE, changes.recv()).await {}
    }
}

struct Project {
    folder: PathBuf,
    build: String,
}

impl Project {
    /// The folder that the component belongs to, and how it is built.
    fn of(args: &Args) -> Result<Self> {
        let file = std::path::absolute(&args.file)?;
        let mut folders = file.ancestors().skip(1);
        let found = folders.find_map(|folder| {
            let (_, build) = KINDS.iter().find(|(name, _)| folder.join(name).is_file())?;
            Some((folder.to_owned(), (*build).to_owned()))
        });
        match (found, &args.build) {
            (Some((folder, _)), Some(build)) => Ok(Self { folder, build: build.clone() }),
            (Some((folder, build)), None) => Ok(Self { folder, build }),
            (None, Some(build)) => Ok(Self { folder: std::env::current_dir()?, build: build.clone() }),
            (None, None) => bail!(
                "there is no Cargo.toml, package.json or build.py above {}: say with --build how it is built",
                file.display()
            ),
        }
    }

    /// Runs the build command. What it prints goes to standard error, so that the results alone are on standard output.
    async fn build(&self) -> Result<()> {
        let Self { folder, build } = self;
        eprintln!("$ {build}");
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("exec 1>&2; {build}")).current_dir(folder).kill_on_drop(true);
        let status = command.status().await.context("the build cannot be started")?;
        if status.success() { Ok(()) } else { bail!("the build failed: {status}") }
    }

    /// Tells of every change of a source or of a file that the test is made of.
    fn watch(&self, args: &Args) -> Result<(RecommendedWatcher, UnboundedReceiver<()>)> {
        let samples = [&args.event, &args.settings, &args.history, &args.expect].into_iter().flatten();
        let samples = samples.map(std::path::absolute).collect::<Result<Vec<_>, _>>()?;
        let (sender, changes) = mpsc::unbounded_channel();
        let (folder, files) = (self.folder.clone(), samples.clone());
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            let is_source = |path: &PathBuf| files.contains(path) || is_source(&folder, path);
            if !matches!(event.kind, EventKind::Access(_)) && event.paths.iter().any(is_source) {
                // Nobody listens only when the command ends.
                let _ = sender.send(());
            }
        })?;
        let mut add = |path: &Path, mode| {
            watcher.watch(path, mode).with_context(|| format!("{} cannot be watched", path.display()))
        };
        add(&self.folder, RecursiveMode::NonRecursive)?;
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.is_dir() && is_source(&self.folder, &path) {
                add(&path, RecursiveMode::Recursive)?;
            }
        }
        for folder in samples.iter().filter_map(|file| file.parent()) {
            if !folder.starts_with(&self.folder) {
                add(folder, RecursiveMode::NonRecursive)?;
            }
        }
        Ok((watcher, changes))
    }
}

/// Whether somebody wrote this, and no build: what is hidden, in a folder for what is built, a component or a lock file
/// is not.
fn is_source(folder: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(folder) else { return false };
    let hidden_or_built = |part: &OsStr| {
        let part = part.to_string_lossy();
        part.starts_with('.') || part.ends_with('~') || BUILT.contains(&&*part)
    };
    let written = ["wasm", "lock", "swp"].map(OsStr::new);
    !inside.iter().any(hidden_or_built) && !inside.extension().is_some_and(|end| written.contains(&end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_writes_is_no_source() {
        let is_source = |path: &str| is_source(Path::new("/p"), &Path::new("/p").join(path));
        for source in
            ["src/lib.rs", "mapping.py", "samples/event.json", "wit/1.0.0/mapping.wit", "Cargo.toml"]
        {
            assert!(is_source(source), "{source}");
        }
        for built in
            ["target/x/a.rs", ".venv/a.py", "tickets.wasm", "Cargo.lock", "src/__pycache__/a.pyc", "a.rs~"]
        {
            assert!(!is_source(built), "{built}");
        }
        assert!(!super::is_source(Path::new("/p"), Path::new("/q/a.rs")));
    }
}
