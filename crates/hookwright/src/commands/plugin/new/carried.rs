//! The files that `plugin new` writes, carried in the program: the examples, the contract and the Rust sdk.

/// A file's path below its folder, and its text.
pub(super) type File = (&'static str, &'static str);

macro_rules! carried {
    ($folder:literal: [$($path:literal),* $(,)?]) => {
        &[$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../", $folder, "/", $path)))),*]
    };
}

/// The example in Rust.
pub(super) const RUST: &[File] = carried!("plugins/examples/rust": [
    ".gitignore",
    "Cargo.toml",
    "README.md",
    "src/lib.rs",
    "src/tests.rs",
]);

/// The example in JavaScript.
pub(super) const JAVASCRIPT: &[File] = carried!("plugins/examples/javascript": [
    ".gitignore",
    "README.md",
    "package-lock.json",
    "package.json",
    "src/check.js",
    "src/description.js",
    "src/mapping.js",
    "src/plugin.js",
    "test/mapping.test.js",
]);

/// The example in Python.
pub(super) const PYTHON: &[File] = carried!("plugins/examples/python": [
    ".gitignore",
    "README.md",
    "build.py",
    "mapping.py",
    "requirements.txt",
    "test_mapping.py",
]);

/// What every example is tried with.
pub(super) const SAMPLES: &[File] = carried!("plugins/examples/samples": [
    "created.json",
    "event.json",
    "expect.json",
    "settings.json",
]);

/// The contract.
pub(super) const CONTRACT: &[File] = carried!("wit": [
    "1.0.0/mapping.wit",
    "README.md",
]);

/// The crate that mappings in Rust are written with.
pub(super) const SDK: &[File] = carried!("plugins/sdk": [
    "Cargo.toml",
    "src/bindings.rs",
    "src/field.rs",
    "src/guest.rs",
    "src/history.rs",
    "src/lead.rs",
    "src/lib.rs",
    "src/log.rs",
    "src/mapping.rs",
    "src/payload.rs",
    "src/phone.rs",
    "src/phone/country.rs",
    "src/refusal.rs",
    "src/reply.rs",
    "src/request.rs",
    "src/seek.rs",
    "src/testing/answer.rs",
    "src/testing/faulty.rs",
    "src/testing/host.rs",
    "src/testing/laws.rs",
    "src/testing/mod.rs",
    "src/testing/rehearsal.rs",
    "src/testing/samples.rs",
    "src/testing/transcript.rs",
    "src/text/email.rs",
    "src/text/invisible.rs",
    "src/text/key.rs",
    "src/text/markup.rs",
    "src/text/mod.rs",
    "src/time.rs",
    "src/web.rs",
]);

/// The crate that the sdk reads named waits with.
pub(super) const RETRY_AFTER: &[File] = carried!("plugins/retry-after": [
    "Cargo.toml",
    "src/date.rs",
    "src/lib.rs",
]);

/// The manifest that the sdk's inherits from.
pub(super) const MANIFEST: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/Cargo.toml"));

/// The versions that the plugins are tested with; Cargo drops what a project does not need.
pub(super) const LOCK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/Cargo.lock"));
