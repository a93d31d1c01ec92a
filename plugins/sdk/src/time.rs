//! Times, which the contract gives in RFC 3339.

use crate::Failure;

/// The milliseconds since 1970-01-01 UTC of an RFC 3339 time.
///
/// # Errors
/// A permanent failure that quotes the time, if it is none.
pub fn unix_millis(rfc3339: &str) -> Result<i64, Failure> {
    parsed(rfc3339).map(jiff::Timestamp::as_millisecond)
}

/// An RFC 3339 time for people, in UTC and to the minute: `2026-05-31 10:00 UTC`.
///
/// # Errors
/// A permanent failure that quotes the time, if it is none.
pub fn readable(rfc3339: &str) -> Result<String, Failure> {
    formatted(rfc3339, "%Y-%m-%d %H:%M UTC")
}

/// An RFC 3339 time in UTC, in a form as `strftime` has it, such as `%d.%m.%Y %H:%M`.
///
/// # Errors
/// A permanent failure that quotes the time or the form, if it is none.
pub fn formatted(rfc3339: &str, form: &str) -> Result<String, Failure> {
    jiff::fmt::strtime::format(form, parsed(rfc3339)?)
        .map_err(|error| Failure::permanent(format!("`{form}` is not a form of a time: {error}")))
}

fn parsed(rfc3339: &str) -> Result<jiff::Timestamp, Failure> {
    rfc3339
        .parse()
        .map_err(|error| Failure::permanent(format!("`{rfc3339}` is not an RFC 3339 time: {error}")))
}

/// The RFC 3339 time so many seconds before an RFC 3339 time, in UTC.
///
/// # Errors
/// A permanent failure that quotes the time, if it is none.
pub fn seconds_before(rfc3339: &str, seconds: u32) -> Result<String, Failure> {
    let millis = unix_millis(rfc3339)? - i64::from(seconds) * 1_000;
    jiff::Timestamp::from_millisecond(millis)
        .map(|time| time.to_string())
        .map_err(|_| Failure::permanent(format!("there is no time {seconds} seconds before {rfc3339}")))
}

/// Whether the text is an RFC 3339 time, or a plain date such as `2026-05-31`.
pub fn is_time_or_date(text: &str) -> bool {
    unix_millis(text).is_ok() || (text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(unix_millis("2026-05-31T10:00:00Z"), Ok(1_780_221_600_000));
        assert_eq!(unix_millis("2026-05-31T12:00:00.25+02:00"), Ok(1_780_221_600_250));
        assert!(unix_millis("yesterday").is_err());
        assert_eq!(formatted("2026-05-31T10:00:00Z", "%d.%m.%y"), Ok("31.05.26".to_owned()));
        assert!(formatted("2026-05-31T10:00:00Z", "%!").is_err());
        assert_eq!(readable("2026-05-31T12:00:59.25+02:00"), Ok("2026-05-31 10:00 UTC".to_owned()));
        assert_eq!(seconds_before("2026-05-31T00:01:00.5Z", 120), Ok("2026-05-30T23:59:00.5Z".to_owned()));
        assert!(seconds_before("-009999-01-02T01:59:59Z", u32::MAX).is_err());
        for text in ["2026-05-31T10:00:00Z", "2026-05-31T10:00:00.5+02:00", "2026-05-31"] {
            assert!(is_time_or_date(text), "{text}");
        }
        for text in ["", "2026-02-30", "31.05.2026", "2026-05-31T10:00:00", "today", "20260531"] {
            assert!(!is_time_or_date(text), "{text}");
        }
    }
}
