//! What the commands print: aligned text for people, the server's JSON for scripts.

mod json;
mod table;

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write as _};
use std::process;

use anyhow::{Context as _, Result, bail};
use hookwright_model::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::{Answer, ServerArgs};
pub(crate) use json::indented as indented_json;
pub(crate) use table::{Table, width};

/// Prints an answer as it came, if the caller wants JSON, and otherwise the text that `render` makes of it.
pub(crate) fn show<T: DeserializeOwned>(
    server: &ServerArgs,
    answer: &Answer,
    render: impl FnOnce(&T) -> String,
) -> Result<()> {
    if server.json { print_line(&answer.text()) } else { print(&render(&answer.read()?)) }
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    print_line(&serde_json::to_string(value)?)
}

/// Prints text for people. Targets and plugins wrote parts of it, so control characters, which could make a terminal
/// do things, are escaped.
pub(crate) fn print(text: &str) -> Result<()> {
    print_line(&escaped(text, |c| c.is_control() && !matches!(c, '\n' | '\t')))
}

/// Writes to standard output. A reader that has read enough, such as `head`, ends the command, and that is no failure.
fn print_line(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    written(writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush()))
}

fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => process::exit(0),
        written => written.context("standard output cannot be written"),
    }
}

/// Prints a line of what a command tells while it works, as `println` does. A reader that has read enough ends the command
/// quietly.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::commands::output::tell(&format!($($text)*))
    };
}
pub(crate) use say;

/// See [`say`].
pub(crate) fn tell(text: &str) {
    let mut out = io::stdout().lock();
    // Whoever cannot be told anything is not told that either.
    let _ = written(writeln!(out, "{text}").and_then(|()| out.flush()));
}

/// Tells something on standard error, which may be closed.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "{}", escaped(text, char::is_control));
}

/// Prints rows that carry colours, their texts escaped already. Colours are for terminals only, and not where NO_COLOR
/// forbids them.
pub(crate) fn print_rows(rows: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    written(writeln!(out, "{}", rows.trim_end_matches('\n')).and_then(|()| out.flush()))
}

/// How many columns a line has, if people read it on a terminal.
pub(crate) fn terminal_width() -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(columns))
}

/// Asks whether to go on. Without a terminal nobody can answer, so it has to be said beforehand.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        bail!("{question} Confirm with --yes.");
    }
    // A closed standard error asks nobody, and then nobody says yes.
    let _ = write!(io::stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("standard input cannot be read")?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        bail!("nothing was done")
    }
}

fn escaped(text: &str, is_special: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_special) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if is_special(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}

/// Lines of names and values, the values aligned. What has no value is left out.
pub(crate) fn fields<'a>(fields: impl IntoIterator<Item = (&'a str, Option<String>)>) -> String {
    let rows = fields.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
    Table::default().lines(rows)
}

/// The text with every line moved to the right; empty lines stay empty.
pub(crate) fn shifted(text: &str, columns: usize) -> String {
    let line = |line: &str| match line {
        "" => "\n".to_owned(),
        line => format!("{:columns$}{line}\n", ""),
    };
    text.lines().map(line).collect()
}

/// As much of the text as fits into so many columns of a terminal.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |c: &char| {
        let wide = width(c.encode_utf8(&mut [0; 4]));
        left.checked_sub(wide).map(|rest| left = rest).is_some()
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

/// A time to the second, so that times align.
pub(crate) fn to_second(time: &str) -> String {
    match time.parse::<Timestamp>() {
        Ok(time) => Timestamp::from_millis(time.as_secs() * 1_000).to_string(),
        Err(_) => time.to_owned(),
    }
}

/// A duration in the largest unit that leaves no remainder.
pub(crate) fn duration(secs: u64) -> String {
    match secs {
        secs if secs > 0 && secs.is_multiple_of(3_600) => format!("{} h", secs / 3_600),
        secs if secs > 0 && secs.is_multiple_of(60) => format!("{} min", secs / 60),
        secs => format!("{secs} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_without_a_value_are_left_out() {
        let text =
            fields([("id", Some("1".to_owned())), ("reason", None), ("created", Some("today".to_owned()))]);
        assert_eq!(text, "id       1\ncreated  today\n");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(escaped("a\u{1b}[2Jb", char::is_control), "a\\u{1b}[2Jb");
        assert_eq!(escaped("plain é", char::is_control), "plain é");
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(fit("größe", 5), "größe");
        assert_eq!(fit("größe", 4), "grö…");
        assert_eq!(fit("李明李明", 5), "李明…");
    }

    #[test]
    fn times_and_durations_are_short() {
        assert_eq!(to_second("2026-05-31T10:00:01.234Z"), "2026-05-31T10:00:01Z");
        assert_eq!(to_second("later"), "later");
        let shown = [5, 60, 90, 3_600, 259_200, 0].map(duration);
        assert_eq!(shown, ["5 s", "1 min", "90 s", "1 h", "72 h", "0 s"]);
    }

    #[test]
    fn shifted_lines_have_no_trailing_blanks() {
        assert_eq!(shifted("a\n\n b", 2), "  a\n\n   b\n");
    }
}
