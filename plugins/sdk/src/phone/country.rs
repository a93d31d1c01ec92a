//! How numbers are dialled within countries, after the ITU's national numbering plans.

use std::borrow::Cow;
use std::cmp::Reverse;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A country whose numbering plan is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country(&'static Plan);

/// A numbering plan.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// ISO 3166-1 alpha-2.
    iso: &'static str,
    code: &'static str,
    /// What is dialled in front of a number within the country.
    trunk: &'static str,
    /// Digits of a number behind the country code.
    length: (usize, usize),
}

const fn plan(iso: &'static str, code: &'static str, trunk: &'static str, min: usize, max: usize) -> Plan {
    Plan { iso, code, trunk, length: (min, max) }
}

/// Of countries that share a code, the first is that of a number in E.164: they are dialled alike.
const PLANS: [Plan; 90] = [
    plan("US", "1", "1", 10, 10),
    plan("CA", "1", "1", 10, 10),
    plan("DO", "1", "1", 10, 10),
    plan("PR", "1", "1", 10, 10),
    plan("RU", "7", "8", 10, 10),
    plan("KZ", "7", "8", 10, 10),
    plan("EG", "20", "0", 8, 10),
    plan("ZA", "27", "0", 9, 9),
    plan("GR", "30", "", 10, 10),
    plan("NL", "31", "0", 9, 9),
    plan("BE", "32", "0", 8, 9),
    plan("FR", "33", "0", 9, 9),
    plan("ES", "34", "", 9, 9),
    plan("HU", "36", "06", 8, 9),
    // Italian numbers keep their zero.
    plan("IT", "39", "", 6, 11),
    plan("RO", "40", "0", 9, 9),
    plan("CH", "41", "0", 9, 9),
    plan("AT", "43", "0", 7, 13),
    plan("GB", "44", "0", 9, 10),
    plan("DK", "45", "", 8, 8),
    plan("SE", "46", "0", 7, 9),
    plan("NO", "47", "", 8, 8),
    plan("PL", "48", "", 9, 9),
    plan("DE", "49", "0", 7, 12),
    plan("PE", "51", "0", 8, 9),
    plan("MX", "52", "", 10, 10),
    plan("AR", "54", "0", 10, 11),
    plan("BR", "55", "0", 10, 11),
    plan("CL", "56", "", 9, 9),
    plan("CO", "57", "", 10, 10),
    plan("VE", "58", "0", 10, 10),
    plan("MY", "60", "0", 8, 10),
    plan("AU", "61", "0", 9, 9),
    plan("ID", "62", "0", 8, 12),
    plan("PH", "63", "0", 8, 10),
    plan("NZ", "64", "0", 8, 10),
    plan("SG", "65", "", 8, 8),
    plan("TH", "66", "0", 8, 9),
    plan("JP", "81", "0", 9, 10),
    plan("KR", "82", "0", 8, 10),
    plan("VN", "84", "0", 9, 10),
    plan("CN", "86", "0", 10, 11),
    plan("TR", "90", "0", 10, 10),
    plan("IN", "91", "0", 10, 10),
    plan("PK", "92", "0", 9, 10),
    plan("LK", "94", "0", 9, 9),
    plan("IR", "98", "0", 10, 10),
    plan("MA", "212", "0", 9, 9),
    plan("DZ", "213", "0", 8, 9),
    plan("TN", "216", "", 8, 8),
    plan("NG", "234", "0", 8, 10),
    plan("GH", "233", "0", 9, 9),
    plan("KE", "254", "0", 9, 9),
    plan("PT", "351", "", 9, 9),
    plan("IE", "353", "0", 7, 9),
    plan("IS", "354", "", 7, 7),
    plan("AL", "355", "0", 8, 9),
    plan("CY", "357", "", 8, 8),
    plan("FI", "358", "0", 6, 11),
    plan("BG", "359", "0", 8, 9),
    plan("LT", "370", "0", 8, 8),
    plan("LV", "371", "", 8, 8),
    plan("EE", "372", "", 7, 8),
    plan("MD", "373", "0", 8, 8),
    plan("AM", "374", "0", 8, 8),
    plan("BY", "375", "80", 9, 9),
    plan("UA", "380", "0", 9, 9),
    plan("RS", "381", "0", 8, 9),
    plan("ME", "382", "0", 8, 8),
    plan("HR", "385", "0", 8, 9),
    plan("SI", "386", "0", 8, 8),
    plan("BA", "387", "0", 8, 8),
    plan("MK", "389", "0", 8, 8),
    plan("CZ", "420", "", 9, 9),
    plan("SK", "421", "0", 9, 9),
    plan("BD", "880", "0", 8, 10),
    plan("LB", "961", "0", 7, 8),
    plan("JO", "962", "0", 8, 9),
    plan("IQ", "964", "0", 8, 10),
    plan("KW", "965", "", 8, 8),
    plan("SA", "966", "0", 9, 9),
    plan("AE", "971", "0", 8, 9),
    plan("IL", "972", "0", 8, 9),
    plan("QA", "974", "", 8, 8),
    plan("MN", "976", "0", 8, 8),
    plan("TJ", "992", "8", 9, 9),
    plan("AZ", "994", "0", 9, 9),
    plan("GE", "995", "0", 9, 9),
    plan("KG", "996", "0", 9, 9),
    plan("UZ", "998", "8", 9, 9),
];

impl Country {
    /// The country by its code in ISO 3166-1, two letters.
    pub fn of_iso(iso: &str) -> Option<Self> {
        PLANS.iter().find(|plan| plan.iso.eq_ignore_ascii_case(iso.trim())).map(Self)
    }

    /// The country of a number that begins with a country code.
    pub(super) fn of_number(digits: &str) -> Option<Self> {
        PLANS
            .iter()
            .filter(|plan| digits.starts_with(plan.code))
            .min_by_key(|plan| Reverse(plan.code.len()))
            .map(Self)
    }

    pub(super) fn code(self) -> &'static str {
        self.0.code
    }

    pub(super) fn trunk(self) -> &'static str {
        self.0.trunk
    }

    /// The digits behind the country code.
    pub(super) fn national(self, digits: &str) -> &str {
        digits.strip_prefix(self.0.code).unwrap_or(digits)
    }

    pub(super) fn has_length(self, national: &str) -> bool {
        (self.0.length.0..=self.0.length.1).contains(&national.len())
    }

    /// The digits without what is dialled in front of them within the country.
    pub(super) fn strip_trunk(self, digits: &str) -> &str {
        let Plan { trunk, .. } = self.0;
        match digits.strip_prefix(trunk) {
            // No number of such a country begins with a zero. With another prefix, the length tells.
            Some(national) if *trunk == "0" || (self.has_length(national) && !self.has_length(digits)) => {
                national
            }
            _ => digits,
        }
    }

    /// A number in E.164 without the trunk prefix that some write behind the country code.
    pub(super) fn without_trunk(self, digits: &str) -> String {
        format!("{}{}", self.0.code, self.strip_trunk(self.national(digits)))
    }

    /// What is dialled in front of a country code.
    pub(super) fn international_prefixes(self) -> &'static [&'static str] {
        match self.0.iso {
            "US" | "CA" | "DO" | "PR" => &["011"],
            "RU" | "KZ" | "BY" | "UZ" | "TJ" => &["810", "00"],
            "AU" => &["0011", "00"],
            "JP" => &["010"],
            "KR" => &["00700", "001", "002", "00"],
            "BR" | "CO" => &["0014", "0015", "0021", "00"],
            "SG" => &["001", "00"],
            "IL" => &["012", "013", "014", "00"],
            "TH" | "ID" => &["001", "00"],
            _ => &["00"],
        }
    }
}

/// The setting that says where numbers without a country code are dialled. In JSON it is two letters (ISO 3166-1), or an
/// empty text for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Home(pub Option<Country>);

impl TryFrom<String> for Home {
    type Error = String;

    fn try_from(iso: String) -> Result<Self, String> {
        let iso = iso.trim();
        match Country::of_iso(iso) {
            None if !iso.is_empty() => {
                Err(format!("`{iso}` is not a known country: expected two letters, such as DE"))
            }
            country => Ok(Self(country)),
        }
    }
}

impl From<Home> for String {
    fn from(home: Home) -> Self {
        home.0.map_or_else(Self::new, |country| country.0.iso.to_owned())
    }
}

impl JsonSchema for Home {
    fn schema_name() -> Cow<'static, str> {
        "Home".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut known: Vec<&str> = PLANS.iter().map(|plan| plan.iso).chain([""]).collect();
        known.sort_unstable();
        json_schema!({ "type": "string", "enum": known })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_country_is_found_by_its_letters_and_its_code() {
        for plan in &PLANS {
            let country = Country::of_iso(plan.iso).unwrap();
            let number = format!("{}{}", plan.code, "2".repeat(plan.length.0));
            assert_eq!(Country::of_number(&number).unwrap().code(), country.code(), "{}", plan.iso);
        }
        assert_eq!(Country::of_iso("de"), Country::of_iso(" DE "));
        assert_eq!(Country::of_iso("XX"), None);
    }

    #[test]
    fn the_setting_is_two_letters_or_empty() {
        for text in ["", "DE", "KZ"] {
            let home: Home = serde_json::from_value(json!(text)).unwrap();
            assert_eq!(serde_json::to_value(home).unwrap(), json!(text));
        }
        assert!(serde_json::from_value::<Home>(json!("Germany")).is_err());
        let schema = schemars::schema_for!(Home).to_value();
        assert_eq!((&schema["enum"][0], &schema["enum"][1]), (&json!(""), &json!("AE")));
    }
}
