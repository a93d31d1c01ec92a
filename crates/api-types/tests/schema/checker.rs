//! Holds JSON against a schema: stricter than JSON Schema is, for a member without a name in the schema is an error.

use std::collections::{BTreeMap, BTreeSet};

use hookwright_api_types::schema::components;
use serde_json::{Map, Value};

/// The schemas by name.
pub(crate) struct Checker {
    pub(crate) schemas: Map<String, Value>,
}

/// The members of an object, from all parts of its schema.
#[derive(Default)]
struct Members {
    named: BTreeMap<String, Value>,
    required: BTreeSet<String>,
    others: Option<Value>,
}

impl Checker {
    pub(crate) fn new() -> Self {
        let components = serde_json::to_value(components()).unwrap();
        Self { schemas: components["schemas"].as_object().unwrap().clone() }
    }

    /// The schema that a reference leads to.
    pub(crate) fn referred(&self, reference: &str) -> Option<&Value> {
        self.schemas.get(reference.strip_prefix("#/components/schemas/")?)
    }

    /// Whether the JSON is as the schema of this name says.
    pub(crate) fn check(&self, name: &str, value: &Value) -> Result<(), String> {
        self.value(&self.schemas[name], value, name)
    }

    /// The members that a schema names.
    pub(crate) fn named(&self, name: &str) -> BTreeSet<String> {
        let mut members = Members::default();
        self.gather(&self.schemas[name], &mut members);
        members.named.into_keys().collect()
    }

    fn value(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.value(self.referred(reference).ok_or(reference)?, value, at);
        }
        if let Some(branches) = schema["oneOf"].as_array() {
            let results: Vec<_> = branches.iter().map(|branch| self.value(branch, value, at)).collect();
            if results.iter().any(Result::is_ok) {
                return Ok(());
            }
            return Err(results.into_iter().filter_map(Result::err).collect::<Vec<_>>().join(" | "));
        }
        if schema["allOf"].is_array() {
            return self.object(schema, value, at);
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            Value::String(one) => vec![one.as_str()],
            _ => Vec::new(),
        };
        if !types.is_empty() && !types.contains(&kind(value)) {
            return Err(format!("{at} is {value}, not one of {types:?}"));
        }
        if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
            return Err(format!("{at} is {value}, not one of {}", schema["enum"]));
        }
        let number = value.as_f64();
        let beyond = |bound: &str, is: fn(&f64, &f64) -> bool| {
            number.zip(schema[bound].as_f64()).is_some_and(|(number, bound)| is(&number, &bound))
        };
        if beyond("minimum", f64::lt) || beyond("maximum", f64::gt) {
            return Err(format!("{at} is {value}, out of range"));
        }
        if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
            return items.iter().try_for_each(|item| self.value(schema, item, &format!("{at}/*")));
        }
        let is_free = schema.get("properties").is_none() && schema.get("additionalProperties").is_none();
        if value.is_object() && !is_free {
            return self.object(schema, value, at);
        }
        Ok(())
    }

    fn object(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let mut members = Members::default();
        self.gather(schema, &mut members);
        let object = value.as_object().ok_or_else(|| format!("{at} is {value}, not an object"))?;
        if let Some(missing) = members.required.iter().find(|name| !object.contains_key(*name)) {
            return Err(format!("{at} has no `{missing}`, which is required"));
        }
        object.iter().try_for_each(|(name, value)| {
            let schema = members.named.get(name).or(members.others.as_ref());
            let schema =
                schema.ok_or_else(|| format!("{at} has `{name}`, which its schema does not name"))?;
            self.value(schema, value, &format!("{at}/{name}"))
        })
    }

    fn gather(&self, schema: &Value, members: &mut Members) {
        if let Some(schema) = schema["$ref"].as_str().and_then(|reference| self.referred(reference)) {
            self.gather(schema, members);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.gather(part, members);
        }
        let named = schema["properties"].as_object().into_iter().flatten();
        members.named.extend(named.map(|(name, schema)| (name.clone(), schema.clone())));
        let required = schema["required"].as_array().into_iter().flatten();
        members.required.extend(required.filter_map(|name| name.as_str().map(str::to_owned)));
        if schema["additionalProperties"].is_object() {
            members.others = Some(schema["additionalProperties"].clone());
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Shows every object of a JSON value.
pub(crate) fn each_object(value: &Value, show: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            show(object);
            object.values().for_each(|value| each_object(value, show));
        }
        Value::Array(items) => items.iter().for_each(|item| each_object(item, show)),
        _ => {}
    }
}
