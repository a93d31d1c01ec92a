//! `plugin test --watch`: every change is built and tested, and a build that fails is told and mended.

use std::path::Path;
use std::process::Stdio;

use bytes::Bytes;
use hookwright_hostile::{Answer, Guest};

use super::texting;
use crate::harness::{Output, command, until};

/// Puts a source where the build looks for it, in one step.
fn save(folder: &Path, source: &Bytes) {
    let draft = folder.join(".draft");
    std::fs::write(&draft, source).unwrap();
    std::fs::rename(draft, folder.join("mine.src")).unwrap();
}

/// How much was printed once these words and the wait for the next change were among what follows the first `seen` bytes.
async fn told(output: &Output, seen: usize, words: &str) -> usize {
    until(&format!("`{words}`"), async || {
        let text = output.text();
        let news = &text[seen..];
        (news.contains(words) && news.contains("Watching")).then_some(text.len())
    })
    .await
}

#[tokio::test]
async fn a_change_is_built_and_tested_and_a_broken_build_is_told() {
    let desk = tempfile::tempdir().unwrap();
    let folder = desk.path();
    save(folder, &texting());
    let args = ["plugin", "test", "mine.wasm", "--watch", "--build", "cp mine.src mine.wasm"];
    let mut watch = command(&args);
    let watch = watch.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut watch = watch.spawn().unwrap();
    let output = Output::default();
    output.follow(watch.stdout.take().unwrap());
    output.follow(watch.stderr.take().unwrap());

    let seen = told(&output, 0, "Deliver text").await;
    save(folder, &Guest::answering(&Answer::Skip("for nobody".into())));
    let seen = told(&output, seen, "Skip: for nobody").await;
    std::fs::remove_file(folder.join("mine.src")).unwrap();
    let seen = told(&output, seen, "error: the build failed").await;
    save(folder, &texting());
    told(&output, seen, "Deliver text").await;

    watch.kill().await.unwrap();
}
