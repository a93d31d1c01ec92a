//! `hookwright plugin new`: a project for a mapping of one's own, made of an example.

mod carried;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};
use hookwright_model::PluginName;
use toml::{Table, Value};

use self::carried::File;
use crate::commands::output;

/// Start a mapping of your own: a folder that builds at once, with tests and a README
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  hookwright plugin new my-crm\n  hookwright plugin new my-crm --lang python\n\n\
    The folder is made where you are. Its README says how to build, test and upload the plugin."
)]
pub(super) struct Args {
    /// The plugin's name, and the folder's: 1 to 64 of a-z, 0-9 and `-`
    name: PluginName,
    /// The language that the mapping is written in
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Language {
    Rust,
    #[value(alias = "javascript")]
    Js,
    Python,
}

impl Language {
    /// The commands that build and test a new project.
    fn commands(self) -> [&'static str; 2] {
        match self {
            Self::Rust => ["cargo test", "cargo build --release --target wasm32-wasip2"],
            Self::Js => ["npm ci", "npm run build"],
            Self::Python => ["python3 build.py test", "python3 build.py"],
        }
    }

    /// The programs that these commands need, each with the place where it is to be had.
    fn programs(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Rust => &[("cargo", "https://rustup.rs")],
            Self::Js => &[("node", "https://nodejs.org"), ("npm", "https://nodejs.org")],
            Self::Python => &[("python3", "https://www.python.org")],
        }
    }

    /// What has to be installed before the commands can be run, a line each.
    fn missing(self) -> Vec<String> {
        let mut missing: Vec<_> = self
            .programs()
            .iter()
            .filter(|(program, _)| !is_installed(program))
            .map(|(program, place)| format!("{program} is not installed, or not on the PATH: {place}"))
            .collect();
        if missing.is_empty() && matches!(self, Self::Rust) && !has_wasm_target() {
            missing
                .push("Rust cannot compile to WebAssembly yet: rustup target add wasm32-wasip2".to_owned());
        }
        missing
    }
}

pub(super) fn run(args: &Args) -> Result<()> {
    let name = args.name.as_str();
    let folder = Path::new(name);
    let files = project(name, args.lang)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!("{name} exists already: choose another name, or go to another folder")
        }
        made => made.with_context(|| format!("the folder {name} cannot be made"))?,
    }
    write(folder, &files)?;
    let [first, second] = args.lang.commands();
    output::say!("Made {name}. Next:\n  cd {name}\n  {first}\n  {second}");
    let missing = args.lang.missing();
    if !missing.is_empty() {
        output::say!(
            "\nFirst install what these commands need:\n{}",
            output::shifted(&missing.join("\n"), 2).trim_end()
        );
    }
    Ok(())
}

fn write(folder: &Path, files: &[(PathBuf, String)]) -> Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .any(|folder| folder.join(program).with_extension(env::consts::EXE_EXTENSION).is_file())
}

/// Whether the compiler has the libraries of the target that plugins are built for.
fn has_wasm_target() -> bool {
    let printed =
        Command::new("rustc").args(["--print", "target-libdir", "--target", "wasm32-wasip2"]).output();
    let folder = printed.map(|printed| String::from_utf8_lossy(&printed.stdout).trim().to_owned());
    folder.is_ok_and(|folder| Path::new(&folder).is_dir())
}

/// The files of a new project, each with its path in it.
fn project(name: &str, language: Language) -> Result<Vec<(PathBuf, String)>> {
    let example = match language {
        Language::Rust => carried::RUST,
        Language::Js => carried::JAVASCRIPT,
        Language::Python => carried::PYTHON,
    };
    let below = |folder: &'static str, files: &'static [File]| {
        files.iter().map(move |(path, text)| (Path::new(folder).join(path), (*text).to_owned()))
    };
    // Cargo names the component like the crate.
    let component = if matches!(language, Language::Rust) { name.replace('-', "_") } else { name.to_owned() };
    let mut files: Vec<_> =
        below("", example).map(|(path, text)| (path, named(&text, name, &component))).collect();
    files.extend(below("samples", carried::SAMPLES));
    files.extend(below("wit", carried::CONTRACT));
    if matches!(language, Language::Rust) {
        check_crate_name(name)?;
        let workspace: Table = toml::from_str(carried::MANIFEST)?;
        files.extend(below("vendor/hookwright-sdk", carried::SDK));
        files.extend(below("vendor/hookwright-retry-after", carried::RETRY_AFTER));
        files.push(("Cargo.lock".into(), named(carried::LOCK, name, &component)));
        for (path, text) in &mut files {
            if path == Path::new("Cargo.toml") {
                *text = alone(text, &workspace)?;
            } else if path.starts_with("vendor") && path.ends_with("Cargo.toml") {
                *text = resolved(text, &workspace)?;
            }
        }
    }
    Ok(files)
}

/// An example's text with the project's name in the place of its own; what the mapping makes is still a ticket.
fn named(text: &str, name: &str, component: &str) -> String {
    text.replace("# tickets\n", &format!("# {name}\n"))
        .replace("name = \"tickets\"", &format!("name = \"{name}\""))
        .replace("\"name\": \"tickets\"", &format!("\"name\": \"{name}\""))
        .replace("--plugin tickets", &format!("--plugin {name}"))
        .replace("tickets.wasm", &format!("{component}.wasm"))
}

/// Refuses what Cargo refuses as the name of a package beside the sdk's dependencies.
fn check_crate_name(name: &str) -> Result<()> {
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        bail!("{name} cannot be the name of a Rust package: begin with a letter");
    }
    let taken = carried::LOCK.contains(&format!("name = \"{name}\"\n")) && name != "tickets";
    if taken || matches!(name, "alloc" | "core" | "proc-macro" | "std" | "test") {
        bail!("{name} is the name of a crate that the project needs: choose another, such as {name}-plugin");
    }
    Ok(())
}

/// The example's manifest as that of a project of its own.
fn alone(manifest: &str, workspace: &Table) -> Result<String> {
    let mut release = workspace["profile"]["release"].clone();
    if let Value::Table(release) = &mut release {
        // Settings of single crates are of plugins that are not here.
        release.remove("package");
    }
    let profile = Table::from_iter([("release".to_owned(), release)]);
    let profile = toml::to_string(&Table::from_iter([("profile".to_owned(), Value::Table(profile))]))?;
    let manifest = manifest.replace("\"../../sdk\"", "\"vendor/hookwright-sdk\"");
    Ok(format!("{manifest}\n[workspace]\nexclude = [\"vendor\"]\n\n{profile}"))
}

/// A manifest of the sdk's with what it inherits from the workspace in its place.
fn resolved(manifest: &str, workspace: &Table) -> Result<String> {
    let mut manifest: Table = toml::from_str(manifest)?;
    manifest.remove("lints");
    for section in ["package", "dependencies"] {
        let Some(Value::Table(entries)) = manifest.get_mut(section) else { continue };
        for (name, entry) in entries {
            if entry.get("workspace").is_some() {
                *entry = workspace["workspace"][section][name.as_str()].clone();
                if let Some(path) = entry.get_mut("path") {
                    *path = Value::String(format!("../{name}"));
                }
            }
        }
    }
    Ok(toml::to_string(&manifest)?)
}

#[cfg(test)]
mod tests;
