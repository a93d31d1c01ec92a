//! The filters besides Jinja's own.

use hookwright_sdk::phone::{Country, Phone};
use hookwright_sdk::{Failure, text, time};
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};
use regex_lite::Regex;

use crate::value::to_json;

/// The filters that are added here.
const OWN: [&str; 12] = [
    "digits",
    "first_name",
    "html",
    "json",
    "last_name",
    "phone",
    "regex_match",
    "regex_replace",
    "time",
    "truncate",
    "unix",
    "unix_ms",
];
/// Jinja's own.
const JINJA: [&str; 34] = [
    "abs", "attr", "batch", "bool", "chain", "default", "escape", "first", "float", "format", "int", "items",
    "join", "last", "length", "lines", "list", "lower", "map", "max", "min", "reject", "round", "safe",
    "select", "slice", "sort", "split", "string", "sum", "title", "trim", "unique", "upper",
];
/// The longest pattern: what it is compiled to has its own bound.
const PATTERN_MAX_BYTES: usize = 1_000;

/// The names of all filters, those that are added here first.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    OWN.into_iter().chain(JINJA)
}

pub(crate) fn add(environment: &mut Environment<'_>) {
    environment.add_filter("first_name", |name: Value| map(&name, |name| text::split_name(name).0.into()));
    environment.add_filter("last_name", |name: Value| {
        map(&name, |name| text::split_name(name).1.map_or(Value::UNDEFINED, Value::from))
    });
    environment.add_filter("truncate", |value: Value, max_chars: usize| {
        map(&value, |value| text::truncate(value, max_chars).into_owned().into())
    });
    environment.add_filter("digits", |value: Value| {
        map(&value, |value| value.chars().filter(char::is_ascii_digit).collect::<String>().into())
    });
    environment.add_filter("phone", |value: Value, country: Option<&str>| {
        let home = country.map(|iso| Country::of_iso(iso).ok_or_else(|| unknown_country(iso))).transpose()?;
        // What cannot be read stays as it is.
        Ok::<_, Error>(map(&value, |number| {
            Phone::parse(number, home).map_or_else(|| number.into(), |phone| phone.to_string().into())
        }))
    });
    environment.add_filter("regex_replace", |value: Value, pattern: &str, replacement: &str| {
        let pattern = compiled(pattern)?;
        Ok::<_, Error>(map(&value, |value| pattern.replace_all(value, replacement).into_owned().into()))
    });
    environment.add_filter("regex_match", |value: Value, pattern: &str| {
        let pattern = compiled(pattern)?;
        // The first group, if there is one.
        let found = |value: &str| {
            let captures = pattern.captures(value)?;
            captures.get(1).or_else(|| captures.get(0)).map(|found| Value::from(found.as_str()))
        };
        Ok::<_, Error>(map(&value, |value| found(value).unwrap_or(Value::UNDEFINED)))
    });
    environment.add_filter("html", |value: Value| map(&value, |value| text::html(value, usize::MAX).into()));
    environment.add_filter("json", |value: Value| to_json(&value).map(|json| json.to_string()));
    environment.add_filter("time", |value: Value, form: &str, zone: Option<&str>| {
        try_map(&value, |value| match zone {
            None => time::formatted(value, form).map(Value::from),
            Some(zone) => in_zone(value, form, zone).map(Value::from),
        })
    });
    environment.add_filter("unix", |value: Value| {
        try_map(&value, |value| Ok((time::unix_millis(value)?.div_euclid(1_000)).into()))
    });
    environment.add_filter("unix_ms", |value: Value| {
        try_map(&value, |value| time::unix_millis(value).map(Value::from))
    });
}

fn compiled(pattern: &str) -> Result<Regex, Error> {
    if pattern.len() > PATTERN_MAX_BYTES {
        return Err(invalid(format!("the pattern is longer than {PATTERN_MAX_BYTES} bytes")));
    }
    Regex::new(pattern).map_err(|error| invalid(format!("the pattern `{pattern}` cannot be used: {error}")))
}

/// A time in a zone of the IANA database, whose rules come with the plugin.
fn in_zone(rfc3339: &str, form: &str, zone: &str) -> Result<String, Failure> {
    let known: chrono_tz::Tz = zone.parse().map_err(|_| {
        Failure::permanent(format!("`{zone}` is not a time zone: expected a name such as Europe/Berlin"))
    })?;
    time::formatted_in(rfc3339, form, &known)
}

/// The filtered text; what is missing stays missing.
fn map(value: &Value, filter: impl FnOnce(&str) -> Value) -> Value {
    match value.as_str() {
        Some(text) => filter(text),
        None if value.is_undefined() || value.is_none() => value.clone(),
        None => filter(&value.to_string()),
    }
}

fn try_map(value: &Value, filter: impl FnOnce(&str) -> Result<Value, Failure>) -> Result<Value, Error> {
    let mut failed = None;
    let mapped = map(value, |text| {
        filter(text).unwrap_or_else(|failure| {
            failed = Some(failure);
            Value::UNDEFINED
        })
    });
    match failed {
        None => Ok(mapped),
        Some(Failure::Permanent(reason)) => Err(invalid(reason)),
        Some(Failure::Retry(delay)) => Err(invalid(delay.reason)),
    }
}

fn unknown_country(iso: &str) -> Error {
    invalid(format!("`{iso}` is not a known country: expected two letters, such as DE"))
}

fn invalid(reason: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_that_is_listed_is_there() {
        let mut environment = Environment::new();
        add(&mut environment);
        for name in all() {
            let template = format!("{{{{ 'x' | {name} }}}}");
            let outcome = environment.render_str(&template, ());
            let is_unknown = outcome.is_err_and(|error| error.kind() == ErrorKind::UnknownFilter);
            assert!(!is_unknown, "{name}");
        }
    }
}
