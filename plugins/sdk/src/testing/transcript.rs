//! A rehearsal as text, made for snapshots.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Answer, Outcome, Rehearsal};
use crate::{Mapping, Method, Request, text};

/// Longer texts are shown by their start, their length and their end.
const SHOWN_CHARS: usize = 800;
const START_CHARS: usize = 100;
/// Of longer lists the first and the last item are shown.
const SHOWN_ITEMS: usize = 12;

impl<M: Mapping> Rehearsal<M> {
    /// Every request with its answer's status, every outcome and every log line, in order.
    pub fn transcript(&self) -> String {
        let mut shown = String::new();
        let mut outcomes = self.outcomes.iter().peekable();
        for (index, (request, answer)) in self.exchanges.iter().enumerate() {
            while let Some((_, outcome)) = outcomes.next_if(|(sent, _)| *sent == index) {
                show_outcome(&mut shown, outcome);
            }
            show_request(&mut shown, request);
            match answer {
                Answer::Reply { status, .. } => _ = writeln!(shown, "<- {status}\n"),
                Answer::Lost => shown.push_str("<- lost\n\n"),
            }
        }
        outcomes.for_each(|(_, outcome)| show_outcome(&mut shown, outcome));
        for (level, message) in &self.log {
            _ = writeln!(shown, "log {level:?}: {message}");
        }
        shown
    }
}

fn show_request(shown: &mut String, request: &Request) {
    let method = match request.method {
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Get => "GET",
    };
    let path = request.path.as_deref().unwrap_or_default();
    let twice = if request.idempotent { "idempotent" } else { "once" };
    _ = writeln!(shown, "{}: {method} {path}", request.step);
    _ = writeln!(shown, "({twice}, accepts {:?})", request.accept);
    for header in &request.headers {
        _ = writeln!(shown, "{}: {}", header.name, header.value);
    }
    if let Some(body) = &request.body {
        match serde_json::from_str(body) {
            Ok(mut json) => {
                shorten(&mut json);
                _ = writeln!(shown, "{json:#}");
            }
            Err(_) => _ = writeln!(shown, "{body}"),
        }
    }
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(long) if long.chars().nth(SHOWN_CHARS).is_some() => {
            let units = long.encode_utf16().count();
            let end: String = long.chars().skip(long.chars().count() - 20).collect();
            *long = format!("{} [{units} UTF-16 units, ending in: {end}]", text::truncate(long, START_CHARS));
        }
        Value::Array(items) => {
            if items.len() > SHOWN_ITEMS {
                let left_out = format!("[{} items left out]", items.len() - 2);
                items.splice(1..items.len() - 1, [left_out.into()]);
            }
            items.iter_mut().for_each(shorten);
        }
        Value::Object(members) => members.values_mut().for_each(shorten),
        _ => {}
    }
}

fn show_outcome(shown: &mut String, outcome: &Outcome) {
    let line = match outcome {
        Outcome::Delivered(receipt) => {
            let parts = [receipt.reference.as_deref(), receipt.url.as_deref()];
            format!("delivered {}", parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
        }
        Outcome::Skipped(reason) => format!("skipped: {reason}"),
        Outcome::Held(reason) => format!("held: {reason}"),
        Outcome::Retry(reason, None) => format!("retry: {reason}"),
        Outcome::Retry(reason, Some(secs)) => format!("retry after {secs} s: {reason}"),
        Outcome::Refused(status) => format!("refused: {status}"),
    };
    _ = writeln!(shown, "=> {line}\n");
}
