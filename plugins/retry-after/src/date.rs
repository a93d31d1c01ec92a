//! Dates in the three forms of HTTP (RFC 9110, section 5.6.7).

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAY_SECS: u64 = 86_400;

/// Seconds since the Unix epoch, 0 for an earlier date; none if it is not such a date. The name of the day is not checked.
pub(crate) fn parse(value: &str) -> Option<u64> {
    let mut words = value.split_ascii_whitespace();
    let first = words.next()?;
    let rest: Vec<&str> = words.collect();
    match (first.strip_suffix(','), rest.as_slice()) {
        // Sun, 06 Nov 1994 08:49:37 GMT
        (Some(_), &[day, month, year, time, zone]) if is_utc(zone) => {
            seconds(day, month, number(year)?, time)
        }
        // Sunday, 06-Nov-94 08:49:37 GMT
        (Some(_), &[date, time, zone]) if is_utc(zone) => {
            let mut parts = date.splitn(3, '-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            let year = if year.len() == 2 { century(number(year)?) } else { number(year)? };
            seconds(day, month, year, time)
        }
        // Sun Nov  6 08:49:37 1994
        (None, &[month, day, time, year]) => seconds(day, month, number(year)?, time),
        _ => None,
    }
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "GMT" | "UTC" | "gmt" | "utc")
}

/// The year that two digits mean: none of the dates that matter here is before 1970.
fn century(year: u64) -> u64 {
    if year < 70 { 2_000 + year } else { 1_900 + year }
}

fn number(text: &str) -> Option<u64> {
    let short = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if short { text.parse().ok() } else { None }
}

fn seconds(day: &str, month: &str, year: u64, time: &str) -> Option<u64> {
    let month = month.get(..3).filter(|short| short.len() == month.len())?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|name| *name == month)?;
    let day = number(day)?;
    let mut parts = time.split(':');
    let (hour, minute, second) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    // 60 is a leap second.
    let fits = parts.next().is_none() && hour < 24 && minute < 60 && second <= 60;
    if !fits || day == 0 || day > days_of_month(year, month) {
        return None;
    }
    let Some(years) = year.checked_sub(1_970) else { return Some(0) };
    let days = years * 365 + leap_days_before(year) - leap_days_before(1_970)
        + (0..month).map(|month| days_of_month(year, month)).sum::<u64>()
        + day
        - 1;
    Some(days * DAY_SECS + hour * 3_600 + minute * 60 + second)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// The leap days of all years before this one.
fn leap_days_before(year: u64) -> u64 {
    let last = year.saturating_sub(1);
    last / 4 - last / 100 + last / 400
}

/// `month` counts from 0.
fn days_of_month(year: u64, month: usize) -> u64 {
    match month {
        1 => 28 + u64::from(is_leap(year)),
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_read() {
        // The example of RFC 9110.
        for value in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(parse(value), Some(784_111_777), "{value}");
        }
        for (value, secs) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Sun, 31 May 2026 10:00:00 GMT", 1_780_221_600),
            ("Sunday, 31-May-26 10:00:00 GMT", 1_780_221_600),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
            ("Wed, 01 Jan 1969 00:00:00 GMT", 0),
        ] {
            assert_eq!(parse(value), Some(secs), "{value}");
        }
    }

    #[test]
    fn other_texts_are_not_dates() {
        for value in [
            "",
            "Sun",
            "Sun, 06 Nov 1994",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37 PST",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Wed, 29 Feb 1900 00:00:00 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Növ 1994 08:49:37 GMT",
            "Sun, 99999999999999999999 Nov 1994 08:49:37 GMT",
            "1994-11-06T08:49:37Z",
        ] {
            assert_eq!(parse(value), None, "{value}");
        }
    }
}
