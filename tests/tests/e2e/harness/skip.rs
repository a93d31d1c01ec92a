//! Tests that cannot run on this machine.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Says that a test does not run here, and why. A test cannot tell its runner so and passes; what runs all of them gives a
/// file in `HOOKWRIGHT_SKIPPED` and counts its lines: `cargo xtask test` ends with them.
pub(crate) fn skipped(test: &str, reason: &str) {
    println!("skipped {test}: {reason}");
    if let Some(file) = std::env::var_os("HOOKWRIGHT_SKIPPED") {
        let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
        // One write for a line: other tests append at the same time.
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
}
