//! Phone numbers, as people write them and as they are compared.

use std::fmt;

mod country;

pub use country::{Country, Home};

/// Digits of a number in E.164, country code included.
const MAX_DIGITS: usize = 15;
/// Fewer digits are an extension or a typing error.
const MIN_DIGITS: usize = 7;
/// A longer text is no phone number, whatever it holds.
const MAX_CHARS: usize = 64;

/// How an extension begins, behind the number.
const EXTENSION_MARKS: [&str; 12] =
    [";ext=", "extension", "ext.", "ext", "доб.", "доб", "вн.", "poste", "int.", "durchwahl", "x", "#"];

/// A phone number in E.164, with its extension if it has one. Two are equal if they reach the same telephone.
#[derive(Debug, Clone)]
pub struct Phone {
    digits: String,
    country: Option<Country>,
    extension: Option<String>,
}

impl PartialEq for Phone {
    /// Countries that share a code also share their numbers.
    fn eq(&self, other: &Self) -> bool {
        self.digits == other.digits && self.extension == other.extension
    }
}

/// Whether a target may take the text for a phone number: not too long, and with digits.
pub fn is_phone(text: &str) -> bool {
    text.chars().count() <= MAX_CHARS && text.chars().any(|c| ascii_digit(c).is_some())
}

impl Phone {
    /// Reads a number as people write it: with `+` or an international prefix in front, or as it is dialled within
    /// `home`. None if it is no number, or one of a country that is not known.
    pub fn parse(text: &str, home: Option<Country>) -> Option<Self> {
        let (number, extension) = split_extension(text);
        let is_international = number.trim_start().starts_with(['+', '＋']);
        // `+44 (0)20 …`: what is dialled within the country only.
        let number = if is_international { number.replace("(0)", "") } else { number.to_owned() };
        let digits = digits(&number)?;
        let found = if is_international {
            Some((Country::of_number(&digits), digits))
        } else {
            within(&digits, home)
        };
        let (country, digits) = found?;
        let digits = country.map_or_else(|| digits.clone(), |country| country.without_trunk(&digits));
        (MIN_DIGITS..=MAX_DIGITS).contains(&digits.len()).then_some(Self { digits, country, extension })
    }

    /// The digits behind the country code, by which a search finds the number in every spelling; all digits if the
    /// country is not known.
    pub fn national(&self) -> &str {
        self.country.map_or(&self.digits, |country| country.national(&self.digits))
    }

    /// The ways in which systems store the number, for searches that compare texts: in E.164, without its plus, as it is
    /// dialled within its country, and without what is dialled in front.
    pub fn spellings(&self) -> Vec<String> {
        let mut spellings = vec![format!("+{}", self.digits), self.digits.clone()];
        if let Some(country) = self.country {
            let national = country.national(&self.digits);
            for spelling in [format!("{}{national}", country.trunk()), national.to_owned()] {
                if !spellings.contains(&spelling) {
                    spellings.push(spelling);
                }
            }
        }
        spellings
    }
}

/// In E.164, the extension as RFC 3966 writes it.
impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.digits)?;
        self.extension.iter().try_for_each(|extension| write!(f, ";ext={extension}"))
    }
}

/// Whether two texts are the same phone number: by E.164 where both can be read, else digit by digit.
pub fn is_same(one: &str, other: &str, home: Option<Country>) -> bool {
    match (Phone::parse(one, home), Phone::parse(other, home)) {
        (Some(one), Some(other)) => one == other,
        _ => {
            let (one, other) = (split_extension(one), split_extension(other));
            let (number, same) = (digits(one.0), digits(other.0));
            number.is_some() && number == same && one.1 == other.1
        }
    }
}

/// The country and the digits in E.164 of a number without a plus.
fn within(digits: &str, home: Option<Country>) -> Option<(Option<Country>, String)> {
    let home = home?;
    let prefixes = home.international_prefixes();
    if let Some(international) = prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix)) {
        let country = Country::of_number(international);
        if country.is_some_and(|country| country.has_length(country.national(international))) {
            return Some((country, international.to_owned()));
        }
    }
    let national = home.strip_trunk(digits);
    if home.has_length(national) {
        return Some((Some(home), format!("{}{national}", home.code())));
    }
    // The country code without its plus.
    let national = digits.strip_prefix(home.code())?;
    home.has_length(national).then(|| (Some(home), digits.to_owned()))
}

/// The number and the digits of its extension.
fn split_extension(text: &str) -> (&str, Option<String>) {
    let lower = text.to_lowercase();
    // Lower case of other scripts may have another length: then the marks are not looked for.
    if lower.len() != text.len() {
        return (text, None);
    }
    let mark = EXTENSION_MARKS.iter().filter_map(|mark| Some((lower.find(mark)?, mark.len()))).min();
    let Some((at, length)) = mark else { return (text, None) };
    let extension: String = text[at + length..].chars().filter(char::is_ascii_digit).collect();
    let is_number = digits(&text[..at]).is_some_and(|digits| digits.len() >= MIN_DIGITS);
    match is_number && (1..=MIN_DIGITS).contains(&extension.len()) {
        true => (&text[..at], Some(extension)),
        false => (text, None),
    }
}

/// The digits of the text, those of other scripts as well; none if there are too few.
fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter_map(ascii_digit).collect();
    (digits.len() >= MIN_DIGITS).then_some(digits)
}

fn ascii_digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => return Some(c),
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6f0}'..='\u{6f9}' => 0x6f0,
        '\u{966}'..='\u{96f}' => 0x966,
        '\u{ff10}'..='\u{ff19}' => 0xff10,
        _ => return None,
    };
    char::from_digit(u32::from(c) - zero, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn e164(text: &str, home: &str) -> Option<String> {
        Phone::parse(text, Country::of_iso(home)).map(|phone| phone.to_string())
    }

    #[test]
    fn numbers_are_read_as_their_country_writes_them() {
        for (text, home, expected) in [
            ("8 (999) 555-11-22", "RU", "+79995551122"),
            ("+7 999 555-11-22", "", "+79995551122"),
            ("7 999 555 11 22", "RU", "+79995551122"),
            ("999 555 11 22", "RU", "+79995551122"),
            ("8~10 49 30 901820", "RU", "+4930901820"),
            ("00 7 999 555 11 22", "DE", "+79995551122"),
            ("8 701 123 45 67", "KZ", "+77011234567"),
            ("(202) 555-1234", "US", "+12025551234"),
            ("1-202-555-1234", "US", "+12025551234"),
            ("011 44 20 7946 0018", "US", "+442079460018"),
            ("020 7946 0018", "GB", "+442079460018"),
            ("+44 (0)20 7946 0018", "", "+442079460018"),
            ("0171 1234567", "DE", "+491711234567"),
            ("06 12 34 56 78", "FR", "+33612345678"),
            ("06 1234 5678", "IT", "+390612345678"),
            ("(11) 98765-4321", "BR", "+5511987654321"),
            ("0 67 123 45 67", "UA", "+380671234567"),
            ("80 29 123 45 67", "BY", "+375291234567"),
            ("٠٥٠ ١٢٣ ٤٥٦٧", "AE", "+971501234567"),
            ("+1 202 555 1234 ext. 12", "", "+12025551234;ext=12"),
            ("8 (495) 123-45-67 доб. 305", "RU", "+74951234567;ext=305"),
            ("+1 202 555 1234;ext=7", "", "+12025551234;ext=7"),
        ] {
            assert_eq!(e164(text, home).as_deref(), Some(expected), "{text} in {home}");
        }
        for (text, home) in
            [("8 (999) 555-11-22", ""), ("12345", "RU"), ("", "RU"), ("call me", "US"), ("+", "")]
        {
            assert_eq!(e164(text, home), None, "{text} in {home}");
        }
    }

    #[test]
    fn the_same_telephone_is_the_same_number() {
        let russia = Country::of_iso("RU");
        for (one, other) in [
            ("8 (999) 555-11-22", "+79995551122"),
            ("999 5551122", "7-999-555-11-22"),
            ("+1 202 555 1234 x12", "+12025551234 ext 12"),
        ] {
            assert!(is_same(one, other, russia), "{one} {other}");
        }
        for (one, other) in [
            ("8 (999) 555-11-22", "+79995551123"),
            ("+1 202 555 1234 x12", "+1 202 555 1234"),
            ("+1 202 555 1234 x12", "+1 202 555 1234 x13"),
            ("5551122", "+79995551122"),
            ("", ""),
        ] {
            assert!(!is_same(one, other, russia), "{one} {other}");
        }
        assert!(is_same("8 (999) 555-11-22", "8 999 555 11 22", None), "digit by digit");
        assert!(!is_same("8 (999) 555-11-22", "+79995551122", None), "nobody says which country");
    }

    #[test]
    fn a_search_finds_every_spelling() {
        let phone = Phone::parse("8 (999) 555-11-22", Country::of_iso("RU")).unwrap();
        assert_eq!(phone.national(), "9995551122");
        assert_eq!(phone.spellings(), ["+79995551122", "79995551122", "89995551122", "9995551122"]);
    }

    #[test]
    fn what_is_no_number_is_told() {
        assert!(is_phone("+1 (202) 555-1234 ext. 5") && is_phone("٠٥٠") && is_phone("12"));
        assert!(!is_phone("call me") && !is_phone(&"1".repeat(400)) && !is_phone(""));
    }
}
