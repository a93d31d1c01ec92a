//! Reads the waits that targets name: `retry-after` in each of its forms, and the `…-reset` headers of rate limits.
//!
//! Every result is whole seconds, rounded up: a target is never asked again before it said. Times are seconds since the
//! Unix epoch. What is too large saturates, and what has passed is 0.

mod date;

/// A number from here on is a point in time and not a wait: seconds since the Unix epoch, of 2001 and later.
const FIRST_TIME_SECS: u64 = 1_000_000_000;
/// From here on it is a time in milliseconds.
const FIRST_TIME_MILLIS: u64 = 1_000_000_000_000;

/// The seconds to wait by a `retry-after` value (RFC 9110, section 10.2.3): a number, also with a fraction as some targets
/// send it, or a date in any of the three forms that HTTP allows. `now` is what a date counts from. None if it is neither.
///
/// ```
/// use hookwright_retry_after::retry_after;
///
/// assert_eq!(retry_after("299.997", 0), Some(300));
/// assert_eq!(retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 90), Some(10));
/// assert_eq!(retry_after("soon", 0), None);
/// ```
pub fn retry_after(value: &str, now: u64) -> Option<u64> {
    let value = value.trim();
    seconds(value).or_else(|| Some(date::parse(value)?.saturating_sub(now)))
}

/// The seconds until a limit is lifted, by a header such as `x-ratelimit-reset`: vendors mean the seconds that are left, or
/// the time as seconds or milliseconds since the Unix epoch, which is told by the size. `now` is what a time counts from;
/// without it a time cannot be read.
///
/// ```
/// use hookwright_retry_after::reset;
///
/// assert_eq!(reset("2", Some(1_780_000_000)), Some(2));
/// assert_eq!(reset("1780000060", Some(1_780_000_000)), Some(60));
/// ```
pub fn reset(value: &str, now: Option<u64>) -> Option<u64> {
    let value = value.trim();
    match seconds(value) {
        Some(left) if left < FIRST_TIME_SECS => Some(left),
        Some(time) if time < FIRST_TIME_MILLIS => Some(time.saturating_sub(now?)),
        Some(time) => Some(time.div_ceil(1_000).saturating_sub(now?)),
        None => Some(date::parse(value)?.saturating_sub(now?)),
    }
}

/// A decimal number of seconds, rounded up; one that is negative is 0. None if it is no such number.
pub fn seconds(value: &str) -> Option<u64> {
    let value = value.trim();
    let (is_negative, digits) = match value.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    if is_negative {
        return Some(0);
    }
    let add = |sum: u64, digit: u8| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    let whole = whole.bytes().fold(0, add);
    Some(whole.saturating_add(u64::from(fraction.bytes().any(|digit| digit != b'0'))))
}

/// The time of a `date` header, which says what the target's clock shows: a date in its other headers counts from there,
/// however wrong either clock is.
pub fn date(value: &str) -> Option<u64> {
    date::parse(value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 784_111_777; // Sun, 06 Nov 1994 08:49:37 GMT

    #[test]
    fn seconds_may_have_fractions_and_any_number_of_digits() {
        for (value, wait) in [
            ("0", 0),
            (" 120 ", 120),
            ("299.997", 300),
            ("2.000", 2),
            ("0.001", 1),
            (".5", 1),
            ("7.", 7),
            ("-3", 0),
            ("-0.5", 0),
            ("007", 7),
            ("99999999999999999999999", u64::MAX),
            ("18446744073709551615.1", u64::MAX),
        ] {
            assert_eq!(retry_after(value, NOW), Some(wait), "{value}");
        }
        for value in ["", ".", "-", "soon", "1e3", "5s", "+5", "1,5", "1 2", "0x10", "٣", "1.2.3"] {
            assert_eq!(retry_after(value, NOW), None, "{value}");
        }
    }

    #[test]
    fn dates_count_from_now_and_what_has_passed_is_no_wait() {
        for value in
            ["Sun, 06 Nov 1994 08:50:07 GMT", "Sunday, 06-Nov-94 08:50:07 GMT", "Sun Nov  6 08:50:07 1994"]
        {
            assert_eq!(retry_after(value, NOW), Some(30), "{value}");
            assert_eq!(retry_after(value, NOW + 3_600), Some(0), "{value}");
        }
    }

    #[test]
    fn a_reset_is_seconds_left_or_a_time() {
        let now = Some(1_780_000_000);
        for (value, wait) in [
            ("1", Some(1)),
            ("0.25", Some(1)),
            ("86400", Some(86_400)),
            ("1780000030", Some(30)),
            ("1780000030.5", Some(31)),
            ("1780000030500", Some(31)),
            ("1700000000", Some(0)),
            ("later", None),
        ] {
            assert_eq!(reset(value, now), wait, "{value}");
        }
        assert_eq!((reset("30", None), reset("1780000030", None)), (Some(30), None));
    }
}
