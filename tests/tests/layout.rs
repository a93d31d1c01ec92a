//! The layout of the house, as `ARCHITECTURE.md` has it: arrows point down, and each outside library has one room.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Every room with the rooms that it may use. Development tools may use all.
const ROOMS: [(&str, &[&str]); 16] = [
    ("hookwright-model", &[]),
    ("hookwright-fair-queue", &[]),
    ("hookwright-store", &["hookwright-model"]),
    ("hookwright-api-types", &["hookwright-model"]),
    ("hookwright-engine", &["hookwright-model", "hookwright-fair-queue", "hookwright-store"]),
    ("hookwright-store-redb", &["hookwright-model", "hookwright-store"]),
    (
        "hookwright-plugin-host",
        &["hookwright-model", "hookwright-fair-queue", "hookwright-plugin-compiler", "hookwright-engine"],
    ),
    ("hookwright-egress", &["hookwright-model", "hookwright-engine"]),
    (
        "hookwright-api",
        &["hookwright-model", "hookwright-store", "hookwright-api-types", "hookwright-engine"],
    ),
    ("hookwright-plugin-compiler", &[]),
    ("hookwright-bundled", &["hookwright-plugin-compiler"]),
    ("hookwright-standin", &["hookwright-model"]),
    ("hookwright-hostile", &["hookwright-model", "hookwright-engine"]),
    ("hookwright-tests", &[]),
    ("xtask", &[]),
    (
        "hookwright",
        &[
            "hookwright-model",
            "hookwright-store",
            "hookwright-api-types",
            "hookwright-engine",
            "hookwright-store-redb",
            "hookwright-plugin-host",
            "hookwright-egress",
            "hookwright-api",
            "hookwright-bundled",
            "hookwright-standin",
        ],
    ),
];

/// Outside libraries that are the business of few rooms.
const LIBRARIES: [(&str, &[&str]); 6] = [
    ("redb", &["hookwright-store-redb", "hookwright-bench"]),
    ("wasmtime", &["hookwright-plugin-compiler", "hookwright-plugin-host"]),
    ("reqwest", &["hookwright"]),
    ("hickory-resolver", &["hookwright-egress"]),
    ("axum", &["hookwright-api", "hookwright"]),
    ("utoipa", &["hookwright-api-types", "hookwright-api"]),
];

/// Past this a file has more than one subject.
const MOST_LINES: usize = 500;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned()
}

/// Every package of the workspace with what it depends on outside its tests.
fn packages() -> BTreeMap<String, Vec<String>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(workspace()).args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let metadata: Value = serde_json::from_slice(&cargo.output().expect("cargo").stdout).expect("metadata");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let used = |package: &Value| {
        let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
        dependencies.filter(|dependency| dependency["kind"] != "dev").map(name).collect()
    };
    packages.map(|package| (name(package), used(package))).collect()
}

#[test]
fn arrows_point_down() {
    let packages = packages();
    let rooms: BTreeMap<&str, &[&str]> = ROOMS.into_iter().collect();
    for (room, used) in &packages {
        if room == "hookwright-bench" {
            continue;
        }
        let allowed = rooms.get(room.as_str()).unwrap_or_else(|| panic!("{room} has no place in the house"));
        for dependency in used.iter().filter(|dependency| packages.contains_key(*dependency)) {
            assert!(allowed.contains(&dependency.as_str()), "{room} must not use {dependency}");
        }
    }
    assert!(rooms.keys().all(|room| packages.contains_key(*room)), "a room has gone: {:?}", packages.keys());
}

#[test]
fn libraries_stay_in_their_rooms() {
    let packages = packages();
    for (library, rooms) in LIBRARIES {
        for (room, used) in &packages {
            assert!(
                !used.iter().any(|name| name == library) || rooms.contains(&room.as_str()),
                "{room} uses {library}"
            );
        }
        let users = packages.values().filter(|used| used.iter().any(|name| name == library));
        assert_ne!(users.count(), 0, "nobody uses {library}");
    }
}

/// The compiler of plugins is needed to build the binary and in the binary, and takes minutes to build. `plugin-compiler` asks
/// for the features that make both the same.
#[test]
fn wasmtime_is_built_once() {
    for profile in ["dev", "release"] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(workspace()).args([
            "build",
            "--offline",
            "--package",
            "hookwright",
            "--profile",
            profile,
        ]);
        // Only an unstable option tells what is built.
        cargo.args(["--unit-graph", "-Z", "unstable-options"]).env("RUSTC_BOOTSTRAP", "1");
        let output = cargo.output().expect("cargo");
        let graph: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let twice = built_twice(graph["units"].as_array().expect("units"));
        assert!(
            !twice.contains_key("wasmtime"),
            "wasmtime is built twice in {profile}, for want of features of one of these in `plugin-compiler`: {twice:#?}"
        );
    }
}

/// The libraries that are built more than once, each with the features of each time.
fn built_twice(units: &[Value]) -> BTreeMap<&str, Vec<&Value>> {
    let mut built: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for unit in units.iter().filter(|unit| unit["mode"] == "build" && unit["target"]["kind"][0] == "lib") {
        built.entry(unit["target"]["name"].as_str().expect("a name")).or_default().push(&unit["features"]);
    }
    built.retain(|_, times| times.len() > 1);
    built
}

#[test]
fn files_have_one_subject() {
    let mut files = Vec::new();
    for folder in ["crates", "plugins", "tests"] {
        collect(&workspace().join(folder), &mut files);
    }
    assert!(files.len() > 100, "{} files", files.len());
    for file in files {
        let text = fs::read_to_string(&file).expect("text");
        let code = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        assert!(code <= MOST_LINES, "{} has {code} lines without its tests", file.display());
    }
}

/// The Rust files below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
