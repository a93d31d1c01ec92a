//! What an instance can see of a world: a clock that stands still, random numbers that follow from a seed, and a place for
//! the last words on standard error.

use hookwright_model::Timestamp;

use crate::limits::KEPT_STDERR_BYTES;
use crate::text::without_controls;

/// The plugin called `exit`, which ends the call.
#[derive(Debug, thiserror::Error)]
#[error("the plugin called `exit`")]
pub(crate) struct Exited;

/// The world of one call.
pub(crate) struct World {
    /// Where the clock stands.
    pub(crate) now: Timestamp,
    seed: String,
    random: Option<blake3::OutputReader>,
    random_bytes_left: usize,
    stderr: Vec<u8>,
}

impl World {
    /// A world in which it is `now`, and whose random numbers follow from `seed`.
    pub(crate) fn new(now: Timestamp, seed: String, random_bytes: usize) -> Self {
        Self { now, seed, random: None, random_bytes_left: random_bytes, stderr: Vec::new() }
    }

    /// What the plugin wrote to standard error last, as one line; none if it wrote nothing.
    pub(crate) fn last_words(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.stderr);
        // Rust's own advice about a panic is for a person who runs the process; here there is none.
        let lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("note: "));
        let words = lines.collect::<Vec<_>>().join(" ");
        (!words.is_empty()).then(|| without_controls(&words).collect())
    }

    /// Keeps the end of what the plugin writes to standard error.
    pub(crate) fn write_stderr(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(KEPT_STDERR_BYTES)..];
        let excess = (self.stderr.len() + bytes.len()).saturating_sub(KEPT_STDERR_BYTES);
        self.stderr.drain(..excess);
        self.stderr.extend_from_slice(bytes);
    }

    /// The next random bytes; none when the plugin has had its share.
    pub(crate) fn random(&mut self, len: u64) -> Option<Vec<u8>> {
        let len = usize::try_from(len).ok().filter(|len| *len <= self.random_bytes_left)?;
        self.random_bytes_left -= len;
        let mut bytes = vec![0; len];
        let random = self.random.get_or_insert_with(|| {
            let mut seeded = blake3::Hasher::new_derive_key("hookwright 2026-05 random numbers of plugins");
            seeded.update(self.seed.as_bytes()).finalize_xof()
        });
        random.fill(&mut bytes);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(seed: &str) -> World {
        World::new(Timestamp::EPOCH, seed.into(), 64)
    }

    #[test]
    fn random_numbers_follow_from_the_seed_and_end() {
        let (mut a, mut b, mut c) = (world("a"), world("a"), world("c"));
        assert_eq!(a.random(16), b.random(16));
        assert_ne!(a.random(16), c.random(16));
        assert!(a.random(32).is_some() && a.random(1).is_none() && b.random(u64::MAX).is_none());
    }

    #[test]
    fn the_last_words_are_the_end_of_standard_error() {
        let mut world = world("");
        assert_eq!(world.last_words(), None);
        world.write_stderr(&[b'x'; 3 * KEPT_STDERR_BYTES]);
        world.write_stderr(b"\nthread panicked at lib.rs:3:\n  no name\nnote: run with RUST_BACKTRACE=1\n");
        let words = world.last_words().unwrap();
        assert!(words.ends_with("x thread panicked at lib.rs:3: no name"), "{words}");
        assert!(words.len() <= KEPT_STDERR_BYTES);
    }
}
