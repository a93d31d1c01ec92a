//! The filters besides Jinja's own.

use hookwright_sdk::{Failure, text, time};
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};

pub(crate) fn add(environment: &mut Environment<'_>) {
    environment.add_filter("first_name", |name: Value| map(&name, |name| text::split_name(name).0.into()));
    environment.add_filter("last_name", |name: Value| {
        map(&name, |name| text::split_name(name).1.map_or(Value::UNDEFINED, Value::from))
    });
    environment.add_filter("truncate", |value: Value, max_chars: usize| {
        map(&value, |value| text::truncate(value, max_chars).into_owned().into())
    });
    environment.add_filter("html", |value: Value| map(&value, |value| text::html(value, usize::MAX).into()));
    environment.add_filter("json", |value: Value| {
        serde_json::to_string(&value).map_err(|error| invalid(error.to_string()))
    });
    environment.add_filter("time", |value: Value, form: &str| {
        try_map(&value, |value| time::formatted(value, form).map(Value::from))
    });
    environment.add_filter("unix", |value: Value| {
        try_map(&value, |value| Ok((time::unix_millis(value)?.div_euclid(1_000)).into()))
    });
    environment.add_filter("unix_ms", |value: Value| {
        try_map(&value, |value| time::unix_millis(value).map(Value::from))
    });
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

fn invalid(reason: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason)
}
