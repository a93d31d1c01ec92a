//! What is being done, how long that usually takes, and how it ended.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// The steps of a task, told as they begin and end.
pub(crate) struct Progress {
    steps: usize,
    done: Vec<(&'static str, Duration)>,
    begun: Instant,
}

impl Progress {
    /// A task of so many steps.
    pub(crate) fn new(steps: usize) -> Self {
        Self { steps, done: Vec::new(), begun: now() }
    }

    /// Takes a step. `usually` says how long it takes in a fresh clone on two cores.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        usually: &str,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let (number, of) = (self.done.len() + 1, self.steps);
        eprintln!("\n=== {number}/{of} {name}: usually {usually} in a fresh clone");
        let begun = now();
        let result = work();
        let took = begun.elapsed();
        self.done.push((name, took));
        let ended = if result.is_ok() { "passed" } else { "failed" };
        eprintln!("=== {number}/{of} {name} {ended} after {}", Shown(took));
        result.with_context(|| format!("{name} failed; what comes after it did not run"))
    }

    /// The closing line: how long each step took.
    pub(crate) fn summary(&self) -> String {
        let steps = self.done.iter().map(|(name, took)| format!("{name} {}", Shown(*took)));
        let steps = steps.collect::<Vec<_>>().join(", ");
        format!("Passed in {}: {steps}", Shown(self.begun.elapsed()))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "there is no tokio here, and nobody pauses the time of a build"
)]
fn now() -> Instant {
    Instant::now()
}

/// A duration to the second.
struct Shown(Duration);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.as_secs() / 60, self.0.as_secs() % 60) {
            (0, secs) => write!(f, "{secs} s"),
            (minutes, secs) => write!(f, "{minutes} min {secs} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_and_a_failed_one_is_named() {
        let mut progress = Progress::new(2);
        progress.step("lints", "a minute", || Ok(())).unwrap();
        let error = progress.step("tests", "an hour", || anyhow::bail!("no")).unwrap_err();
        assert_eq!(format!("{error:#}"), "tests failed; what comes after it did not run: no");
        assert!(progress.summary().contains(": lints 0 s, tests 0 s"), "{}", progress.summary());
    }

    #[test]
    fn durations_are_shown_to_the_second() {
        assert_eq!(Shown(Duration::from_millis(59_900)).to_string(), "59 s");
        assert_eq!(Shown(Duration::from_secs(125)).to_string(), "2 min 5 s");
    }
}
