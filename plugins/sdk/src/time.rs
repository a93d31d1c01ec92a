//! Times, which the contract gives in RFC 3339.

use crate::Failure;

/// The milliseconds since 1970-01-01 UTC of an RFC 3339 time.
///
/// # Errors
/// A permanent failure that quotes the time, if it is none.
pub fn unix_millis(rfc3339: &str) -> Result<i64, Failure> {
    rfc3339
        .parse()
        .map(jiff::Timestamp::as_millisecond)
        .map_err(|error| Failure::permanent(format!("`{rfc3339}` is not an RFC 3339 time: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(unix_millis("2026-05-31T10:00:00Z"), Ok(1_780_221_600_000));
        assert_eq!(unix_millis("2026-05-31T12:00:00.25+02:00"), Ok(1_780_221_600_250));
        assert!(unix_millis("yesterday").is_err());
    }
}
