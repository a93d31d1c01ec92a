//! What the demo prints. A reader that goes away, such as `head`, ends it: each line says whether it could be written.

use std::fmt::Display;
use std::io::{self, Write as _};

use hookwright_standin::Shown;
use serde_json::Value;

pub(super) fn opening() -> io::Result<()> {
    line("Hookwright demo: one lead, from the chat to the CRM.\n")?;
    line("Starting a server on a temporary folder …")
}

pub(super) fn cast(server: &str, title: &str, target: &str) -> io::Result<()> {
    line(format!("  {:12}{server}", "Hookwright"))?;
    line(format!("  {title:12}{target}  (a stand-in that refuses what {title} refuses)"))
}

pub(super) fn webhook(title: &str, plugin: Option<&str>, webhook: &Value) -> io::Result<()> {
    let shape = plugin.map_or("as they are".to_owned(), |plugin| format!("shaped by the plugin `{plugin}`"));
    heading(&format!("A webhook sends this project's leads to {title}, {shape}"))?;
    line(format!("  {}  headers: {}", word(webhook, "/id"), webhook["headers"]))
}

pub(super) fn event(event: &str, accepted: &Value) -> io::Result<()> {
    heading("The lead comes in: POST /v1/events")?;
    line(indented(event))?;
    line(format!("  → 202, durable now: {} as {}", word(accepted, "/id"), word(accepted, "/deliveries/0")))
}

pub(super) fn attempt(attempt: &Value, next_attempt_at: Option<&str>) -> io::Result<()> {
    let number = &attempt["number"];
    let step = attempt["step"].as_str().unwrap_or("the event as it came in");
    heading(&format!("Attempt {number}: {step}"))?;
    line(format!("  {} {}", word(attempt, "/request/method"), word(attempt, "/request/url")))?;
    let body = word(attempt, "/request/body");
    if !body.is_empty() {
        line(indented(&spread(body)))?;
    }
    line(format!("  → {} after {} ms", attempt["reply"]["status"], attempt["duration_ms"]))?;
    for (label, pointer) in
        [("why", "/error/message"), ("hint", "/hint"), ("retry-after", "/reply/headers/retry-after")]
    {
        if let Some(text) = attempt.pointer(pointer).and_then(Value::as_str) {
            line(format!("  {label}: {text}"))?;
        }
    }
    if let (Some("retry"), Some(at)) = (attempt["verdict"].as_str(), next_attempt_at) {
        line(format!("  next attempt at {at}"))?;
    }
    Ok(())
}

pub(super) fn ending(delivery: &Value, title: &str, records: &[Shown]) -> io::Result<()> {
    heading(&format!("The delivery is {}", word(delivery, "/state")))?;
    match delivery.pointer("/receipt/reference").and_then(Value::as_str) {
        Some(reference) => line(format!("  receipt: {reference}"))?,
        None => line(format!("  no receipt: {title}'s reply names no record"))?,
    }
    line(format!("\nWhat {title} has now:"))?;
    for record in records {
        line(format!("  {} {}", record.kind, record.id))?;
        for (name, value) in &record.fields {
            line(format!("    {name}: {}", value.replace('\n', "\n      ")))?;
        }
    }
    Ok(())
}

pub(super) fn invitation(server: &str, key: &str, project: &str) -> io::Result<()> {
    line("\nThe server goes on until Ctrl-C. Look around in another terminal:")?;
    line(format!("  export HOOKWRIGHT_SERVER={server} HOOKWRIGHT_ADMIN_KEY={key}"))?;
    line("  hookwright project list")?;
    line(format!("  hookwright log --project {project}"))
}

fn heading(text: &str) -> io::Result<()> {
    line(format!("\n● {text}"))
}

fn line(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
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
