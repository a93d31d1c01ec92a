//! Builds the plugins that travel in the binary: their own workspace, their own target, their own cargo. Then compiles them to
//! machine code, so that the first start of a server does not have to.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

const PLUGINS: [&str; 11] = [
    "airtable",
    "amocrm",
    "bitrix24",
    "hubspot",
    "json-template",
    "notion",
    "pipedrive",
    "postgrest",
    "salesforce",
    "slack",
    "telegram",
];
const TARGET: &str = "wasm32-wasip2";

/// Memory for a plugin's allocations that is there from the start, which costs nothing as long as it is not touched. Memory
/// that a call asks for costs two changes of the process's memory map, there and back, in the way of all other threads.
const HEAP_BYTES: usize = 256 * 1024;

/// What is meant for the build around this one and must not reach the one inside: flags and wrappers of rustc, settings of
/// profiles and targets. What says where crates come from stays.
const NOT_INHERITED: [&str; 8] = [
    "CARGO_BUILD_",
    "CARGO_ENCODED_",
    "CARGO_INCREMENTAL",
    "CARGO_MAKEFLAGS",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CLIPPY_",
    "RUSTC",
];

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

fn main() -> Result<()> {
    let workspace = variable("CARGO_MANIFEST_DIR")?.join("../../plugins").canonicalize()?;
    let out = variable("OUT_DIR")?;
    // OUT_DIR is <target>/<profile>/build/<package>/out: below <target>, every profile shares the components.
    let target_dir = out.ancestors().nth(4).ok_or("OUT_DIR is not below a target directory")?.join("plugins");
    check_target_is_installed()?;
    build(&workspace, &target_dir)?;

    let built = target_dir.join(TARGET).join("release");
    for file in ["Cargo.toml", "Cargo.lock", "sdk/Cargo.toml", "retry-after/Cargo.toml"] {
        rerun_if_changed(&workspace.join(file));
    }
    let compiler = Compiler::new()?;
    for plugin in PLUGINS {
        let name = format!("hookwright_{}", plugin.replace('-', "_"));
        let component = fs::read(built.join(&name).with_extension("wasm"))?;
        fs::write(out.join(plugin).with_extension("wasm"), &component)?;
        compiler.compile(&component, &out.join(plugin))?;
        rerun_if_changed(&workspace.join(plugin).join("Cargo.toml"));
        for source in sources(&fs::read_to_string(built.join(&name).with_extension("d"))?) {
            rerun_if_changed(&source);
        }
    }
    Ok(())
}

fn build(workspace: &Path, target_dir: &Path) -> Result<()> {
    let mut cargo = Command::new(variable("CARGO")?);
    cargo.current_dir(workspace).args(["build", "--locked", "--release", "--target", TARGET]);
    cargo.arg("--target-dir").arg(target_dir);
    for plugin in PLUGINS {
        cargo.args(["--package", &format!("hookwright-{plugin}")]);
    }
    for (name, _) in env::vars_os() {
        if is_not_inherited(&name) {
            cargo.env_remove(name);
        }
    }
    // Nor one of a configuration file.
    cargo.env("RUSTC_WRAPPER", "");
    let mut flags = remapped(workspace)?;
    flags.push(format!("-Clink-arg=--initial-heap={HEAP_BYTES}"));
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    if cargo.status()?.success() {
        Ok(())
    } else {
        Err("the plugins do not build; cargo's words are above".into())
    }
}

/// Compiles components to machine code.
struct Compiler {
    target: String,
    /// Tells compilers apart: the digest of this program, which has the compiler in it.
    version: [u8; 32],
}

impl Compiler {
    fn new() -> Result<Self> {
        let version = Sha256::digest(fs::read(env::current_exe()?)?).into();
        Ok(Self { target: env::var("TARGET")?, version })
    }

    /// Writes the machine code of a component, with the component's digest before it, unless it is there already.
    fn compile(&self, component: &[u8], out: &Path) -> Result<()> {
        let digest = Sha256::digest(component);
        let origin = [digest.as_slice(), &self.version, self.target.as_bytes()].concat();
        let (code, made_of) = (out.with_extension("code"), out.with_extension("origin"));
        if code.is_file() && fs::read(&made_of).is_ok_and(|known| known == origin) {
            return Ok(());
        }
        let compiled = match hookwright_plugin_compiler::compile_for(&self.target, component) {
            Ok(compiled) => [digest.as_slice(), compiled.as_slice()].concat(),
            Err(error) => {
                let target = &self.target;
                println!(
                    "cargo::warning=plugins are compiled at the first start, not now for {target}: {error:#}"
                );
                Vec::new()
            }
        };
        fs::write(code, compiled)?;
        fs::write(made_of, origin)?;
        Ok(())
    }
}

/// Paths of this machine do not get into the components, so that every machine builds the same bytes.
fn remapped(workspace: &Path) -> Result<Vec<String>> {
    let cargo_home = match env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => env::home_dir().ok_or("neither CARGO_HOME nor a home directory is set")?.join(".cargo"),
    };
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    Ok(vec![remap(&cargo_home, "/cargo"), remap(workspace, "/plugins")])
}

fn is_not_inherited(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    name == "RUSTFLAGS" || name == "MAKEFLAGS" || NOT_INHERITED.iter().any(|prefix| name.starts_with(prefix))
}

fn check_target_is_installed() -> Result<()> {
    let rustc =
        Command::new(variable("RUSTC")?).args(["--print", "target-libdir", "--target", TARGET]).output()?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&rustc.stdout).trim());
    if rustc.status.success() && libraries.is_dir() {
        return Ok(());
    }
    Err(format!("the bundled plugins need Rust's target {TARGET}; run `rustup target add {TARGET}`").into())
}

/// The files that cargo's dep-info names: `output: source source …`, with spaces in names escaped.
fn sources(dep_info: &str) -> Vec<PathBuf> {
    let names = dep_info.lines().filter_map(|line| line.split_once(": ")).map(|(_, sources)| sources);
    let unescaped = names.map(|names| names.replace("\\ ", "\0"));
    unescaped
        .flat_map(|names| {
            names.split(' ').map(|name| PathBuf::from(name.replace('\0', " "))).collect::<Vec<_>>()
        })
        .collect()
}

fn rerun_if_changed(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

fn variable(name: &str) -> Result<PathBuf> {
    env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("cargo has not set {name}").into())
}
