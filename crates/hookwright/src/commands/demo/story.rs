//! What the demo prints.

use hookwright_standin::Shown;
use serde_json::Value;

pub(super) fn opening() {
    println!("Hookwright demo: one lead, from the chat to the CRM.\n");
    println!("Starting a server on a temporary folder (the bundled plugins are compiled once) …");
}

pub(super) fn cast(server: &str, title: &str, target: &str) {
    println!("  {:12}{server}", "Hookwright");
    println!("  {title:12}{target}  (a stand-in that refuses what {title} refuses)");
}

pub(super) fn webhook(title: &str, plugin: Option<&str>, webhook: &Value) {
    let shape = plugin.map_or("as they are".to_owned(), |plugin| format!("shaped by the plugin `{plugin}`"));
    heading(&format!("A webhook sends this project's leads to {title}, {shape}"));
    println!("  {}  headers: {}", word(webhook, "/id"), webhook["headers"]);
}

pub(super) fn event(event: &str, accepted: &Value) {
    heading("The lead comes in: POST /v1/events");
    println!("{}", indented(event));
    println!("  → 202, durable now: {} as {}", word(accepted, "/id"), word(accepted, "/deliveries/0"));
}

pub(super) fn attempt(attempt: &Value, next_attempt_at: Option<&str>) {
    let number = &attempt["number"];
    let step = attempt["step"].as_str().unwrap_or("the event as it came in");
    heading(&format!("Attempt {number}: {step}"));
    println!("  {} {}", word(attempt, "/request/method"), word(attempt, "/request/url"));
    let body = word(attempt, "/request/body");
    if !body.is_empty() {
        println!("{}", indented(&spread(body)));
    }
    println!("  → {} after {} ms", attempt["reply"]["status"], attempt["duration_ms"]);
    for (label, pointer) in
        [("why", "/error/message"), ("hint", "/hint"), ("retry-after", "/reply/headers/retry-after")]
    {
        if let Some(text) = attempt.pointer(pointer).and_then(Value::as_str) {
            println!("  {label}: {text}");
        }
    }
    if let (Some("retry"), Some(at)) = (attempt["verdict"].as_str(), next_attempt_at) {
        println!("  next attempt at {at}");
    }
}

pub(super) fn ending(delivery: &Value, title: &str, records: &[Shown]) {
    heading(&format!("The delivery is {}", word(delivery, "/state")));
    match delivery.pointer("/receipt/reference").and_then(Value::as_str) {
        Some(reference) => println!("  receipt: {reference}"),
        None => println!("  no receipt: nothing in {title}'s answer names a record"),
    }
    println!("\nWhat {title} has now:");
    for record in records {
        println!("  {} {}", record.kind, record.id);
        for (name, value) in &record.fields {
            println!("    {name}: {}", value.replace('\n', "\n      "));
        }
    }
}

pub(super) fn invitation(server: &str, key: &str) {
    println!("\nThe server goes on until Ctrl-C. Look around in another terminal:");
    println!("  export HOOKWRIGHT_SERVER={server} HOOKWRIGHT_ADMIN_KEY={key}");
    println!("  hookwright project list");
    println!("  hookwright log --project <id>");
}

fn heading(text: &str) {
    println!("\n● {text}");
}

fn word<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("–")
}

/// JSON over several lines; any other text, and JSON that is written so already, as it is.
fn spread(text: &str) -> String {
    if text.contains('\n') {
        return text.to_owned();
    }
    let json = serde_json::from_str::<Value>(text).and_then(|json| serde_json::to_string_pretty(&json));
    json.unwrap_or_else(|_| text.to_owned())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
