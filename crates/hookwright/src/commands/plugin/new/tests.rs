//! What a new project is made of. That it builds and delivers is seen end to end.

use std::collections::BTreeSet;

use super::*;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The files below a folder, without what builds leave there and what is only a link.
fn files_in(folder: &Path, below: &Path, found: &mut BTreeSet<String>) {
    const BUILT: [&str; 5] = ["node_modules", "target", ".venv", "__pycache__", "bindings"];
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (name, kind) = (entry.file_name(), entry.file_type().unwrap());
        let path = below.join(&name);
        if kind.is_dir() && !BUILT.contains(&name.to_str().unwrap()) {
            files_in(&entry.path(), &path, found);
        } else if kind.is_file() && path.extension().is_none_or(|extension| extension != "wasm") {
            found.insert(path.to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn every_file_of_the_examples_and_of_the_sdk_is_carried() {
    for (folder, carried) in [
        ("plugins/examples/rust", carried::RUST),
        ("plugins/examples/javascript", carried::JAVASCRIPT),
        ("plugins/examples/python", carried::PYTHON),
        ("plugins/examples/samples", carried::SAMPLES),
        ("plugins/sdk", carried::SDK),
        ("plugins/retry-after", carried::RETRY_AFTER),
        ("wit", carried::CONTRACT),
    ] {
        let mut found = BTreeSet::new();
        files_in(&Path::new(ROOT).join(folder), Path::new(""), &mut found);
        let carried: BTreeSet<_> = carried.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(carried, found, "{folder}");
    }
}

fn text_of(files: &[(PathBuf, String)], path: &str) -> String {
    files.iter().find(|(each, _)| each == Path::new(path)).unwrap_or_else(|| panic!("no {path}")).1.clone()
}

#[test]
fn a_project_in_rust_has_the_versions_of_the_plugins_and_inherits_nothing() {
    let files = project("my-crm", Language::Rust).unwrap();
    let workspace: Table = toml::from_str(carried::MANIFEST).unwrap();
    let sdk: Table = toml::from_str(&text_of(&files, "vendor/hookwright-sdk/Cargo.toml")).unwrap();
    for (name, dependency) in sdk["dependencies"].as_table().unwrap() {
        if let Some(path) = dependency.get("path") {
            assert_eq!(path.as_str(), Some(format!("../{name}").as_str()));
            let carried: Table =
                toml::from_str(&text_of(&files, &format!("vendor/{name}/Cargo.toml"))).unwrap();
            assert_eq!(carried["package"]["name"].as_str(), Some(name.as_str()));
        } else {
            assert_eq!(dependency, &workspace["workspace"]["dependencies"][name.as_str()], "{name}");
        }
    }
    assert_eq!(sdk["package"]["version"], workspace["workspace"]["package"]["version"]);
    let own: Table = toml::from_str(&text_of(&files, "Cargo.toml")).unwrap();
    assert_eq!(own["package"]["name"].as_str(), Some("my-crm"));
    assert_eq!(own["profile"]["release"]["opt-level"], workspace["profile"]["release"]["opt-level"]);
    assert!(text_of(&files, "README.md").contains("release/my_crm.wasm --project"));
    assert!(text_of(&files, "wit/1.0.0/mapping.wit").contains("package hookwright:mapping"));
}

#[test]
fn a_project_in_any_language_has_its_own_name() {
    for (language, build) in [(Language::Js, "package.json"), (Language::Python, "build.py")] {
        let files = project("my-crm", language).unwrap();
        assert!(text_of(&files, build).contains("my-crm.wasm"), "{language:?}");
        for (path, text) in &files {
            assert!(
                !text.contains("tickets.wasm") && !text.contains("\"name\": \"tickets\""),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn names_that_cargo_refuses_are_refused_before_anything_is_written() {
    for (name, words) in
        [("1c", "begin with a letter"), ("serde", "such as serde-plugin"), ("std", "choose another")]
    {
        let error = project(name, Language::Rust).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    project("1c", Language::Python).unwrap();
}
