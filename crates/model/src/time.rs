//! Points in time, to the millisecond.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Milliseconds since the Unix epoch, UTC. Shown as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// The text is not an RFC 3339 time of 1970 or later.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("`{0}` is not a time such as 2026-05-31T10:00:00Z (RFC 3339, 1970 or later)")]
pub struct TimestampError(String);

impl Timestamp {
    /// The Unix epoch: the smallest timestamp.
    pub const EPOCH: Self = Self(0);
    /// The last timestamp that RFC 3339 can show (9999-12-30T22:00:00Z, the library's own bound).
    const MAX_MILLIS: u64 = 253_402_207_200_000;

    /// The time so many milliseconds after the Unix epoch, at most the end of the year 9999.
    pub fn from_millis(millis: u64) -> Self {
        Self(millis.min(Self::MAX_MILLIS))
    }

    /// Milliseconds since the Unix epoch.
    pub fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// This much later, at most the end of the year 9999.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        match jiff::Timestamp::from_millisecond(millis) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "{millis} ms"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || TimestampError(text.chars().take(64).collect());
        let time: jiff::Timestamp = text.parse().map_err(|_| error())?;
        u64::try_from(time.as_millisecond()).map(Self::from_millis).map_err(|_| error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_and_parses_rfc_3339() {
        let time: Timestamp = "2026-05-31T12:00:00+02:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-05-31T10:00:00Z");
        assert_eq!(time.after(Duration::from_millis(1_500)).to_string(), "2026-05-31T10:00:01.5Z");
        assert_eq!(Timestamp::from_millis(u64::MAX).to_string(), "9999-12-30T22:00:00Z");
    }

    #[test]
    fn refuses_other_texts() {
        for text in ["", "yesterday", "2026-05-31", "1969-12-31T23:59:59Z"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
