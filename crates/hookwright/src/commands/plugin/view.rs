//! What a plugin does, shown to people.

use std::time::Duration;

use hookwright_engine::ports::Usage;
use hookwright_engine::preview::{Planned, PlannedRequest, Preview};
use hookwright_model::{LogLevel, LogLine, PluginLimits};

use crate::commands::output::{self, Table};

/// What would be done next, and what the plugin wrote.
pub(super) fn preview(preview: &Preview) -> String {
    let next = next(&preview.next);
    let logs: String = preview.logs.iter().map(log).collect();
    if logs.is_empty() { next } else { format!("{next}\nLog\n{}", output::shifted(&logs, 2)) }
}

fn next(planned: &Planned) -> String {
    match planned {
        Planned::Deliver(planned) => request("Deliver", planned),
        Planned::Call(planned) => request("Call", planned),
        Planned::Done(receipt) => {
            let parts = [receipt.reference.as_deref(), receipt.url.as_deref()];
            format!("Done: {}\n", parts.into_iter().flatten().collect::<Vec<_>>().join("  "))
        }
        Planned::Skip(reason) => format!("Skip: {reason}\n"),
        Planned::Retry { error, after_secs } => {
            let when = after_secs.map(|secs| format!(" after {}", output::duration(secs.into())));
            format!("Retry{}: {}\n", when.unwrap_or_default(), error.message)
        }
        Planned::Hold { error, hint } => {
            let hint = hint.as_ref().map(|hint| format!("{hint}\n")).unwrap_or_default();
            format!("Hold ({}): {}\n{hint}", error.kind.as_str(), error.message)
        }
    }
}

/// A request as it would be sent.
fn request(action: &str, planned: &PlannedRequest) -> String {
    let PlannedRequest { step, url, headers } = planned;
    let mut text = format!("{action} {}\n{} {}\n", step.step, step.method, url.expose());
    for (name, value) in headers {
        text += &format!("{name}: {value}\n");
    }
    if let Some(body) = &step.body {
        let body = String::from_utf8_lossy(body);
        text += &format!("\n{}\n", output::indented_json(&body));
    }
    text
}

fn log(line: &LogLine) -> String {
    let level = match line.level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    };
    format!("{level}: {}\n", line.message)
}

/// What calls used, each beside the limit on it.
pub(super) fn budget<const N: usize>(calls: [(&str, Usage); N], limits: &PluginLimits) -> String {
    let row = |name: &str, of: &dyn Fn(&Usage) -> String, limit: String| {
        let used = calls.iter().map(|(_, usage)| of(usage));
        std::iter::once(name.to_owned()).chain(used).chain([limit]).collect::<Vec<_>>()
    };
    let head = std::iter::once("").chain(calls.iter().map(|(name, _)| *name)).chain(["limit"]);
    let rows = [
        head.map(str::to_owned).collect(),
        row("instructions", &|usage| grouped(usage.instructions), grouped(limits.fuel)),
        row(
            "memory",
            &|usage| super::size(usage.memory_bytes as u64),
            super::size(limits.memory_bytes as u64),
        ),
        row("time", &|usage| millis(usage.duration), millis(limits.wall_time)),
    ];
    // A table has as many columns as there are calls, and two.
    let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
    match N {
        1 => Table::default().lines(rows.iter().map(|row| [0, 1, 2].map(|column| cell(row, column)))),
        _ => Table::default().lines(rows.iter().map(|row| [0, 1, 2, 3].map(|column| cell(row, column)))),
    }
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut groups = vec![&digits[..first]];
    groups.extend((first..digits.len()).step_by(3).map(|start| &digits[start..start + 3]));
    groups.into_iter().filter(|group| !group.is_empty()).collect::<Vec<_>>().join(" ")
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 200_000_000].map(grouped), ["0", "999", "1 000", "200 000 000"]);
    }

    #[test]
    fn what_was_used_stands_beside_the_limit() {
        let usage =
            Usage { instructions: 12_345, memory_bytes: 65_536, duration: Duration::from_micros(1_250) };
        let text = budget([("transform", usage)], &PluginLimits::default());
        let expected = "\
            \u{20}             transform  limit\n\
            instructions  12 345     200 000 000\n\
            memory        64 KiB     64 MiB\n\
            time          1.2 ms     1000.0 ms\n";
        assert_eq!(text, expected);
    }
}
