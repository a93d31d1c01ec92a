//! Points in time, to the millisecond.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Timelike as _, Utc};

/// Milliseconds since the Unix epoch, UTC. Shown as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// Why a text is not a time.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum TimestampError {
    /// It is not written as RFC 3339 asks.
    #[error("`{0}` is not a time such as 2026-05-31T10:00:00Z (RFC 3339)")]
    Form(String),
    /// A part of it is out of range, such as 30 February.
    #[error(
        "`{0}` does not exist: its day, its time of day or its UTC offset (at most 23:59) is out of range"
    )]
    Range(String),
    /// Second 60 at another time than 23:59 UTC.
    #[error("`{0}` does not exist: a leap second is at 23:59:60 UTC")]
    LeapSecond(String),
    /// Earlier than the Unix epoch.
    #[error("`{0}` is before 1970")]
    BeforeEpoch(String),
}

impl Timestamp {
    /// The Unix epoch: the smallest timestamp.
    pub const EPOCH: Self = Self(0);
    /// The last timestamp that RFC 3339 can show: 9999-12-31T23:59:59.999Z.
    const MAX_MILLIS: u64 = 253_402_300_799_999;

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
        let Some(time) = DateTime::<Utc>::from_timestamp_millis(millis) else {
            return write!(f, "{millis} ms");
        };
        write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%S"))?;
        let millis = self.0 % 1_000;
        if millis != 0 {
            write!(f, ".{}", format!("{millis:03}").trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shown = || text.chars().take(64).map(crate::header::visible).collect();
        if !has_form(text) {
            return Err(TimestampError::Form(shown()));
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| TimestampError::Range(shown()))?.to_utc();
        // The library keeps a leap second as a second of 2 000 ms and takes one at any minute.
        let is_leap_second = time.nanosecond() >= 1_000_000_000;
        if is_leap_second && (time.hour(), time.minute()) != (23, 59) {
            return Err(TimestampError::LeapSecond(shown()));
        }
        let millis = u64::try_from(time.timestamp_millis());
        millis.map(Self::from_millis).map_err(|_| TimestampError::BeforeEpoch(shown()))
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shows_and_parses_rfc_3339() {
        let time: Timestamp = "2026-05-31T12:00:00+02:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-05-31T10:00:00Z");
        assert_eq!(time.after(Duration::from_millis(1_500)).to_string(), "2026-05-31T10:00:01.5Z");
        assert_eq!(time.after(Duration::from_millis(10)).to_string(), "2026-05-31T10:00:00.01Z");
        assert_eq!(Timestamp::from_millis(u64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        for text in ["2026-05-31t10:00:00z", "2026-05-31 10:00:00-00:00", "2026-06-01T09:59:00+23:59"] {
            assert_eq!(text.parse(), Ok(time), "{text}");
        }
    }

    #[test]
    fn refuses_other_texts() {
        let long = "9".repeat(1_000);
        for text in [
            "",
            "yesterday",
            "2026-05-31",
            "2026-05-31T10:00:00",
            "2026-05-31T10:00Z",
            "2026-05-31T10:00:00.Z",
            "2026-05-31T10:00:00,5Z",
            "2026-05-31T10:00:00Z ",
            "2026-05-31T10:00:00+0200",
            "2026-05-31T10:00:00+02",
            "2026-05-31T10:00:00\u{2212}02:00",
            "+2026-05-31T10:00:00Z",
            "20260531T100000Z",
            "2026-05-31T10:00:00Z[Europe/Paris]",
            "2026-05-31T1\u{661}:00:00Z",
            &long,
        ] {
            assert!(matches!(text.parse::<Timestamp>(), Err(TimestampError::Form(_))), "{text}");
        }
        for text in [
            "2026-02-29T10:00:00Z",
            "2026-13-01T10:00:00Z",
            "2026-05-31T24:00:00Z",
            "2026-05-31T10:60:00Z",
            "2026-05-31T10:00:61Z",
            "2026-05-31T10:00:00+24:00",
            "2026-05-31T10:00:00-24:00",
            "2026-05-31T10:00:00+02:60",
        ] {
            assert!(matches!(text.parse::<Timestamp>(), Err(TimestampError::Range(_))), "{text}");
        }
        let early = "1969-12-31T23:59:59Z".parse::<Timestamp>();
        assert!(matches!(early, Err(TimestampError::BeforeEpoch(_))), "{early:?}");
    }

    #[test]
    fn a_leap_second_is_the_last_of_a_day_in_utc() {
        let next_day: Timestamp = "2017-01-01T00:00:00Z".parse().unwrap();
        for text in ["2016-12-31T23:59:60Z", "2016-12-31T18:59:60-05:00", "2017-01-01T05:29:60+05:30"] {
            assert_eq!(text.parse(), Ok(next_day), "{text}");
        }
        for text in ["2016-12-31T10:00:60Z", "2016-12-31T23:59:60+01:00", "2016-12-31T23:58:60.5Z"] {
            let error = text.parse::<Timestamp>().unwrap_err();
            assert!(error.to_string().contains("leap second is at 23:59:60 UTC"), "{error}");
        }
    }

    /// Days from 1970-01-01 to a date, counted year by year.
    fn days_to(year: u64, month: u64, day: u64) -> u64 {
        let is_leap =
            |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let years: u64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
        let february = if is_leap(year) { 29 } else { 28 };
        let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let months: u64 = lengths.into_iter().zip(1..month).map(|(length, _)| length).sum();
        years + months + day - 1
    }

    proptest! {
        #[test]
        fn any_number_of_fraction_digits_is_read(
            (year, month, day) in (1971_u64..=9998, 1_u64..=12, 1_u64..=28),
            (hour, minute, second) in (0_u64..24, 0_u64..60, 0_u64..60),
            fraction in "[0-9]{0,60}",
            (is_east, offset_hours, offset_minutes) in (any::<bool>(), 0_u64..24, 0_u64..60),
        ) {
            let point = if fraction.is_empty() { "" } else { "." };
            let sign = if is_east { '+' } else { '-' };
            let text = format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{point}{fraction}\
                 {sign}{offset_hours:02}:{offset_minutes:02}"
            );
            let millis: u64 = format!("{fraction:0<3}")[..3].parse().unwrap();
            let local = (days_to(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000 + millis;
            let offset = (offset_hours * 60 + offset_minutes) * 60_000;
            let utc = if is_east { local - offset } else { local + offset };
            prop_assert_eq!(text.parse(), Ok(Timestamp::from_millis(utc)));
        }

        #[test]
        fn what_is_shown_is_read_again(millis in 0..=Timestamp::MAX_MILLIS) {
            let time = Timestamp::from_millis(millis);
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }

        #[test]
        fn no_text_panics(text in "[-+:.TZtz0-9 \u{e9}]{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
