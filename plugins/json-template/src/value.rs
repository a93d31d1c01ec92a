//! JSON as values of templates, and back: numbers keep every digit that they came with.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value, ValueKind};
use minijinja::{Error, ErrorKind};
use serde_json::{Map, Number, Value as Json};

/// A number that no machine number holds: 23 digits, `1e+400`, `7.50`. It can be sent, and written into texts.
#[derive(Debug)]
struct Digits(Number);

impl Object for Digits {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The value of a template that JSON is.
pub(crate) fn of_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(truth) => Value::from(*truth),
        Json::Number(number) => of_number(number),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(of_json).collect::<Vec<_>>()),
        Json::Object(members) => {
            Value::from_pairs(members.iter().map(|(name, member)| (name.as_str(), of_json(member))))
        }
    }
}

fn of_number(number: &Number) -> Value {
    let is_exact = |same: Option<Number>| same.is_some_and(|same| same.to_string() == number.to_string());
    if let Some(whole) = number.as_i64() {
        return Value::from(whole);
    }
    if let Some(whole) = number.as_u64() {
        return Value::from(whole);
    }
    match number.as_f64() {
        Some(float) if is_exact(Number::from_f64(float)) => Value::from(float),
        _ => Value::from_object(Digits(number.clone())),
    }
}

/// The JSON that a value of a template is. What is missing is null.
pub(crate) fn to_json(value: &Value) -> Result<Json, Error> {
    Ok(match value.kind() {
        ValueKind::Undefined | ValueKind::None => Json::Null,
        ValueKind::String => value.as_str().unwrap_or_default().into(),
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.map(|item| to_json(&item)).collect::<Result<_, _>>()?
        }
        ValueKind::Map => {
            let mut members = Map::new();
            for name in value.try_iter()? {
                let member = to_json(&value.get_item(&name)?)?;
                members.insert(name.as_str().map_or_else(|| name.to_string(), str::to_owned), member);
            }
            members.into()
        }
        ValueKind::Plain if let Some(Digits(number)) = value.downcast_object_ref() => number.clone().into(),
        _ => serde_json::to_value(value)
            .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_comes_back_as_it_was() {
        for json in [
            r#"{"b":1,"a":[null,true,-7,0.5,"x",{}],"c":{"d":[]}}"#,
            "12345678901234567890123",
            "18446744073709551615",
            "1e+400",
            "7.50",
            "-0.00000000000000000000000001",
            "3.141592653589793238462643383279",
        ] {
            let parsed: Json = serde_json::from_str(json).unwrap();
            let value = of_json(&parsed);
            assert_eq!(to_json(&value).unwrap().to_string(), json);
            if parsed.is_number() {
                assert_eq!(value.to_string(), json);
            }
        }
    }
}
