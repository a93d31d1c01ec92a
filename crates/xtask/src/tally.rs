//! How many tests passed, failed and could not run.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The results of test runs, added up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    /// Each as `test: reason`.
    skipped: Vec<String>,
}

/// Where nextest leaves its report of a workspace, as `.config/nextest.toml` says.
pub(crate) fn report(target: &Path) -> PathBuf {
    target.join("nextest/default/junit.xml")
}

impl Tally {
    /// Adds the run that nextest has reported on.
    ///
    /// # Errors
    /// If there is no report, or one of another format.
    pub(crate) fn add(&mut self, report: &Path) -> Result<()> {
        let text =
            fs::read_to_string(report).with_context(|| format!("no report at {}", report.display()))?;
        let (run, failed) = counts(&text).with_context(|| format!("no counts in {}", report.display()))?;
        self.passed += run.saturating_sub(failed);
        self.failed += failed;
        Ok(())
    }

    /// Counts as skipped what tests wrote down as such; to their runner they have passed.
    pub(crate) fn skip(&mut self, notes: &str) {
        self.skipped.extend(notes.lines().map(str::to_owned));
        self.passed = self.passed.saturating_sub(notes.lines().count() as u64);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped.len())?;
        self.skipped.iter().try_for_each(|skipped| write!(f, "\n  skipped {skipped}"))
    }
}

/// The tests that ran, and those that failed, from the root element of a JUnit report.
fn counts(report: &str) -> Option<(u64, u64)> {
    let root = report.split_once("<testsuites ")?.1.split_once('>')?.0;
    let count = |name: &str| {
        let value = root.split_once(&format!("{name}=\""))?.1.split_once('"')?.0;
        value.parse::<u64>().ok()
    };
    Some((count("tests")?, count("failures")? + count("errors")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_added_up_and_what_was_skipped_did_not_pass() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("junit.xml");
        let root =
            r#"<testsuites name="nextest-run" tests="12" failures="1" errors="1" uuid="7" time="3.5">"#;
        fs::write(&file, format!("<?xml version=\"1.0\"?>\n{root}\n<testsuite tests=\"5\"></testsuite>"))
            .unwrap();
        let mut tally = Tally::default();
        tally.add(&file).unwrap();
        tally.add(&file).unwrap();
        tally.skip("a plugin in python: python3 is not installed\n");
        let shown = "19 passed, 4 failed, 1 skipped\n  skipped a plugin in python: python3 is not installed";
        assert_eq!(tally.to_string(), shown);
    }

    #[test]
    fn a_report_without_counts_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("junit.xml");
        assert!(Tally::default().add(&file).is_err());
        fs::write(&file, "<testsuites name=\"x\">").unwrap();
        assert!(Tally::default().add(&file).is_err());
    }
}
