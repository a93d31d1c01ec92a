//! Times, which the contract gives in RFC 3339.

use std::fmt::Display;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, SecondsFormat, TimeZone, Timelike as _, Utc};

use crate::Failure;

/// The milliseconds since 1970-01-01 UTC of an RFC 3339 time.
///
/// # Errors
/// A permanent failure that quotes the time, if it is none.
pub fn unix_millis(rfc3339: &str) -> Result<i64, Failure> {
    parsed(rfc3339).map(|time| time.timestamp_millis())
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
    formatted_in(rfc3339, form, &Utc)
}

/// An RFC 3339 time in a time zone, in a form as `strftime` has it.
///
/// # Errors
/// A permanent failure that quotes the time or the form, if it is none.
pub fn formatted_in<Z: TimeZone>(rfc3339: &str, form: &str, zone: &Z) -> Result<String, Failure>
where
    Z::Offset: Display,
{
    let time = parsed(rfc3339)?.with_timezone(zone);
    let items: Vec<Item<'_>> = StrftimeItems::new(form).collect();
    if items.contains(&Item::Error) {
        return Err(Failure::permanent(format!(
            "`{form}` is not a form of a time. A form is such as `%d.%m.%Y %H:%M` (strftime)"
        )));
    }
    Ok(time.format_with_items(items.iter()).to_string())
}

fn parsed(rfc3339: &str) -> Result<DateTime<Utc>, Failure> {
    let refused = |why: &str| Failure::permanent(format!("`{rfc3339}` is not an RFC 3339 time: {why}"));
    if !has_form(rfc3339) {
        return Err(refused("it is not written as 2026-05-31T10:00:00Z or 2026-05-31T12:00:00.25+02:00"));
    }
    let time = DateTime::parse_from_rfc3339(rfc3339)
        .map_err(|_| refused("its day, its time of day or its UTC offset is out of range"))?
        .to_utc();
    // The library keeps a leap second as a second of 2 000 ms and takes one at any minute.
    if time.nanosecond() < 1_000_000_000 {
        return Ok(time);
    }
    if (time.hour(), time.minute()) != (23, 59) {
        return Err(refused("a leap second is at 23:59:60 UTC"));
    }
    // In Unix time it is the first second of the next day.
    DateTime::from_timestamp_millis(time.timestamp_millis()).ok_or_else(|| refused("it is too late"))
}

/// Whether the text is a `date-time` of RFC 3339, section 5.6. The library's parser alone takes more, such as a sign
/// before the year.
fn has_form(text: &str) -> bool {
    let form = |form: &[u8], text: &[u8]| {
        form.iter().zip(text).all(|(form, byte)| match form {
            b'd' => byte.is_ascii_digit(),
            b'T' => matches!(byte, b'T' | b't' | b' '),
            b'+' => matches!(byte, b'+' | b'-'),
            other => byte == other,
        })
    };
    let Some((second, rest)) = text.as_bytes().split_first_chunk::<19>() else { return false };
    let offset = match rest.strip_prefix(b".") {
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 { None } else { fraction.get(digits..) }
        }
        None => Some(rest),
    };
    form(b"dddd-dd-ddTdd:dd:dd", second)
        && offset.is_some_and(|offset| {
            matches!(offset, b"Z" | b"z") || (offset.len() == 6 && form(b"+dd:dd", offset))
        })
}

/// The RFC 3339 time so many seconds before an RFC 3339 time, in UTC.
///
/// # Errors
/// A permanent failure that quotes the time, if it is none.
pub fn seconds_before(rfc3339: &str, seconds: u32) -> Result<String, Failure> {
    let millis = unix_millis(rfc3339)? - i64::from(seconds) * 1_000;
    let earlier = DateTime::<Utc>::from_timestamp_millis(millis);
    let text = earlier.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    // A year before 0000 has a sign, which RFC 3339 does not know.
    text.filter(|text| has_form(text))
        .ok_or_else(|| Failure::permanent(format!("there is no time {seconds} seconds before {rfc3339}")))
}

/// Whether the text is an RFC 3339 time, or a plain date such as `2026-05-31`.
pub fn is_time_or_date(text: &str) -> bool {
    parsed(text).is_ok() || (text.len() == 10 && parsed(&format!("{text}T00:00:00Z")).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(unix_millis("2026-05-31T10:00:00Z"), Ok(1_780_221_600_000));
        assert_eq!(unix_millis("2026-05-31T12:00:00.25+02:00"), Ok(1_780_221_600_250));
        assert_eq!(unix_millis("1969-12-31T23:59:59.5Z"), Ok(-500));
        assert_eq!(readable("2026-05-31T12:00:59.25+02:00"), Ok("2026-05-31 10:00 UTC".to_owned()));
        assert_eq!(seconds_before("2026-05-31T00:01:00.5Z", 120), Ok("2026-05-30T23:59:00.500Z".to_owned()));
        assert!(seconds_before("0000-01-02T01:59:59Z", u32::MAX).is_err());
        for text in ["2026-05-31T10:00:00Z", "2026-05-31T10:00:00.5+02:00", "2026-05-31"] {
            assert!(is_time_or_date(text), "{text}");
        }
        for text in ["", "2026-02-30", "31.05.2026", "2026-05-31T10:00:00", "today", "20260531", "+2026-5-31"]
        {
            assert!(!is_time_or_date(text), "{text}");
        }
    }

    #[test]
    fn forms_are_those_of_strftime() {
        let time = "2026-05-31T10:00:00.25Z";
        for (form, text) in [
            ("%d.%m.%y", "31.05.26"),
            ("%A, %e %B %Y", "Sunday, 31 May 2026"),
            ("%H:%M:%S%.3f", "10:00:00.250"),
            ("%s", "1780221600"),
            ("100 %%", "100 %"),
            ("%Y-%m-%dT%H:%M:%S%:z", "2026-05-31T10:00:00+00:00"),
        ] {
            assert_eq!(formatted(time, form), Ok(text.to_owned()), "{form}");
        }
        for form in ["%!", "%", "%d %"] {
            let failure = format!("{:?}", formatted(time, form).unwrap_err());
            assert!(failure.contains("is not a form of a time"), "{failure}");
        }
    }

    #[test]
    fn a_fraction_has_any_number_of_digits() {
        for digits in 1..200 {
            let fraction = "987".chars().cycle().take(digits).collect::<String>();
            let millis: i64 = format!("{fraction:0<3}")[..3].parse().unwrap();
            let read = unix_millis(&format!("2026-05-31T12:00:00.{fraction}+02:00"));
            assert_eq!(read, Ok(1_780_221_600_000 + millis), "{fraction}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_in_words() {
        let form = "is not written as";
        let range = "out of range";
        let leap = "a leap second is at 23:59:60 UTC";
        for (text, words) in [
            ("yesterday", form),
            ("2026-05-31T10:00:00", form),
            ("2026-05-31T10:00:00.Z", form),
            ("2026-05-31T10:00:00\u{2212}02:00", form),
            ("2026-02-29T10:00:00Z", range),
            ("2026-05-31T10:00:00+24:00", range),
            ("2026-05-31T10:00:00+00:60", range),
            ("2026-05-31T10:00:60Z", leap),
            ("2026-05-31T23:59:60+02:00", leap),
        ] {
            let failure = format!("{:?}", unix_millis(text).unwrap_err());
            assert!(
                failure.contains(words) && failure.contains(text.trim_end_matches("\u{2212}02:00")),
                "{failure}"
            );
        }
    }

    #[test]
    fn a_leap_second_is_the_first_of_the_next_day() {
        for text in ["2016-12-31T23:59:60Z", "2016-12-31T18:59:60-05:00"] {
            assert_eq!(unix_millis(text), unix_millis("2017-01-01T00:00:00Z"));
            assert_eq!(readable(text), Ok("2017-01-01 00:00 UTC".to_owned()));
        }
    }
}
