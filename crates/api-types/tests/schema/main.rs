//! The schemas say what serde does: no type is missing, and each names the members that are written.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod checker;
mod samples;

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use checker::Checker;
use hookwright_api_types::limits::MAX_PAGE_ITEMS;
use hookwright_api_types::problem::Code;
use hookwright_api_types::webhook::Switch;
use serde_json::{Value, json};

/// The types of this crate that are JSON, by name: those with serde's derive, and those with an implementation by hand.
fn types() -> BTreeSet<String> {
    let mut types = BTreeSet::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in fs::read_dir(sources).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        let mut is_json = false;
        for line in source.lines().map(str::trim_start) {
            let name = |rest: &str| -> String {
                rest.chars().take_while(|&char| char.is_alphanumeric() || char == '_').collect()
            };
            if line.starts_with("#[derive(") {
                is_json = line.contains("Serialize") || line.contains("Deserialize");
            } else if let Some(rest) = line.strip_prefix("impl Serialize for ") {
                types.insert(name(rest));
            } else if let Some(rest) =
                line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))
                && std::mem::take(&mut is_json)
            {
                types.insert(name(rest));
            }
        }
    }
    // The name of a group of limits is a parameter of a macro; `LimitsBody` refers to each.
    types.remove("");
    types
}

#[test]
fn every_type_has_a_schema() {
    let types = types();
    assert!(types.len() > 30 && types.contains("VersionPinBody") && types.contains("Code"), "{types:?}");
    let checker = Checker::new();
    let has = |name: &String| {
        let generic = format!("{name}_");
        checker.schemas.keys().any(|key| key == name || key.starts_with(&generic))
    };
    let missing: Vec<&String> = types.iter().filter(|name| !has(name)).collect();
    assert!(missing.is_empty(), "without a schema in `schema::components`: {missing:?}");
}

#[test]
fn every_reference_leads_to_a_schema() {
    let checker = Checker::new();
    let all = Value::Object(checker.schemas.clone());
    let mut references = 0;
    checker::each_object(&all, &mut |object| {
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            references += 1;
            assert!(checker.referred(reference).is_some(), "{reference}");
        }
    });
    assert!(references > 50, "{references}");
}

#[test]
fn descriptions_are_for_readers_of_json() {
    let checker = Checker::new();
    for (name, schema) in &checker.schemas {
        checker::each_object(schema, &mut |object| {
            if let Some(text) = object.get("description").and_then(Value::as_str) {
                assert!(!text.contains("[`") && !text.contains("::"), "a link of rustdoc in {name}: {text}");
            }
        });
    }
}

#[test]
fn enums_have_the_names_that_serde_writes() {
    let checker = Checker::new();
    let codes: Vec<Value> = Code::ALL.iter().map(|code| serde_json::to_value(code).unwrap()).collect();
    assert_eq!(checker.schemas["Code"]["enum"], Value::from(codes));
    let switches = [Switch::Active, Switch::Paused].map(|switch| serde_json::to_value(switch).unwrap());
    assert_eq!(checker.schemas["Switch"]["enum"], Value::from(switches.to_vec()));
    assert_eq!(
        checker.schemas["DeliveryState"]["enum"],
        json!(["pending", "delivering", "delivered", "skipped", "held", "failed", "cancelled"])
    );
    assert_eq!(
        checker.schemas["Verdict"]["enum"],
        json!(["succeeded", "retry", "failed", "held", "skipped"])
    );
    assert_eq!(checker.schemas["LogLevel"]["enum"], json!(["debug", "info", "warn", "error"]));
    assert_eq!(checker.schemas["WebhookState"]["enum"], json!(["active", "paused", "disabled"]));
    assert_eq!(checker.schemas["Origin"]["enum"], json!(["event", "test"]));
    assert_eq!(checker.schemas["EventKind"]["enum"], json!(["lead.created"]));
}

#[test]
fn ids_times_and_sizes_are_told_apart() {
    let checker = Checker::new();
    assert_eq!(checker.schemas["ProjectId"]["format"], "uuid");
    assert_eq!(checker.schemas["EventId"]["pattern"], "^evt_[0-9a-f]{32}$");
    assert_eq!(checker.schemas["WebhookId"]["pattern"], "^whk_[0-9a-f]{32}$");
    assert_eq!(checker.schemas["DeliveryId"]["pattern"], "^dlv_[0-9a-f]{32}$");
    let delivery = &checker.schemas["DeliveryBody"]["properties"];
    assert_eq!(delivery["created_at"]["format"], "date-time");
    assert_eq!(delivery["next_attempt_at"]["type"], json!(["string", "null"]));
    assert_eq!(delivery["next_attempt_at"]["format"], "date-time");
    assert_eq!(checker.schemas["ReceiptBody"]["properties"]["url"]["format"], "uri");
    assert_eq!(checker.schemas["PluginBody"]["properties"]["size_bytes"]["type"], "integer");
    let limit = &checker.schemas["PageQuery"]["properties"]["limit"];
    assert_eq!(limit["type"], "integer");
    assert_eq!(limit["maximum"], MAX_PAGE_ITEMS);
}

#[test]
fn members_that_serde_refuses_are_refused() {
    let checker = Checker::new();
    let strict = ["NewProject", "NewWebhookBody", "WebhookPatch", "MappingBody", "RetryPatch"];
    let more = ["WebhookLimitsPatch", "PreviewRequest", "HistoryBody", "ReplyBody"];
    for name in strict.into_iter().chain(more) {
        assert_eq!(checker.schemas[name]["additionalProperties"], false, "{name}");
    }
    assert_ne!(checker.schemas["WebhookBody"]["additionalProperties"], false);
}

/// An absent member of a patch changes nothing, while null may remove: a schema that called null the default would have
/// clients remove what nobody meant.
#[test]
fn an_absent_member_is_not_null() {
    let checker = Checker::new();
    for (name, schema) in &checker.schemas {
        checker::each_object(schema, &mut |object| {
            assert!(object.get("default").is_none_or(|default| !default.is_null()), "{name}: {object:?}");
        });
    }
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let checker = Checker::new();
    let project = json!({
        "id": "0198c0de-0000-7000-8000-000000000000", "name": "Shop", "created_at": "2026-01-02T03:04:05Z",
    });
    checker.check("ProjectBody", &project).unwrap();
    let changed = |member: &str, value: Option<Value>| {
        let mut project = project.clone();
        let members = project.as_object_mut().unwrap();
        match value {
            Some(value) => members.insert(member.to_owned(), value),
            None => members.remove(member),
        };
        checker.check("ProjectBody", &project)
    };
    changed("more", Some(json!(1))).unwrap_err();
    changed("name", None).unwrap_err();
    changed("name", Some(Value::Null)).unwrap_err();
    changed("name", Some(json!(1))).unwrap_err();
    checker.check("Origin", &json!("else")).unwrap_err();
}
