//! Texts as CRMs want them.

use std::borrow::Cow;

mod email;
mod invisible;
mod key;
mod markup;

pub use email::is_email;
pub use invisible::{is_invisible, trim, visible};
pub use key::{key, url_key, url_part};
use markup::escaped;
pub use markup::{chat_markup, html};

/// The longest reference of a receipt, in characters: the host's limit.
const REFERENCE_MAX_CHARS: usize = 256;

/// The text on one line: runs of white space become one space, control characters go everywhere and invisible ones at
/// the ends. None if nothing is left.
pub fn line(text: &str) -> Option<String> {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let before = line.len();
        line.extend(word.chars().filter(|c| !c.is_control()));
        if line.len() > before && before > 0 {
            line.insert(before, ' ');
        }
    }
    non_empty(trim(&line))
}

/// The text with its lines kept: ended by `\n`, without control characters, trimmed. None if nothing is left.
pub fn lines(text: &str) -> Option<String> {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String = unix.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    non_empty(trim(&kept))
}

fn non_empty(text: &str) -> Option<String> {
    Some(text).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// First and last name, split at the last space; a single word is the first name.
pub fn split_name(name: &str) -> (&str, Option<&str>) {
    match name.trim().rsplit_once(char::is_whitespace) {
        Some((first, last)) => (first.trim_end(), Some(last)),
        None => (name.trim(), None),
    }
}

/// At most `max_chars` characters of the text; an ellipsis stands for the rest.
pub fn truncate(text: &str, max_chars: usize) -> Cow<'_, str> {
    if text.chars().nth(max_chars).is_none() {
        return Cow::Borrowed(text);
    }
    let kept: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    Cow::Owned(kept + "…")
}

/// At most `max_units` UTF-16 units of the text, as most services count; an ellipsis stands for the rest.
pub fn truncate_units(text: &str, max_units: usize) -> Cow<'_, str> {
    if text.encode_utf16().count() <= max_units {
        return Cow::Borrowed(text);
    }
    Cow::Owned(escaped(text, max_units, |_| None))
}

/// A line `label: value` for each value that is there, cut at `max_chars` characters. None without a value.
pub fn labelled(details: &[(&str, Option<&str>)], max_chars: usize) -> Option<String> {
    let line =
        |(label, value): &(&str, Option<&str>)| Some(format!("{label}: {}", truncate((*value)?, max_chars)));
    let lines: Vec<String> = details.iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The text as a receipt's reference: on one line, visible, and cut at the host's limit. None if nothing is left.
pub fn reference(text: &str) -> Option<String> {
    let line = visible(&line(text)?);
    non_empty(&truncate(line.trim(), REFERENCE_MAX_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line() {
        assert_eq!(line("  John \r\n\t Smith\u{0} "), Some("John Smith".into()));
        assert_eq!(line("a \u{0} b"), Some("a b".into()));
        assert_eq!(line(" \u{1b}\n"), None);
        assert_eq!(line("👩‍👩‍👧 שלום"), Some("👩‍👩‍👧 שלום".into()));
    }

    #[test]
    fn many_lines() {
        assert_eq!(lines("\r\na\r\nb\rc\td\u{0}\n"), Some("a\nb\nc\td".into()));
        assert_eq!(lines("\u{0}\n"), None);
        assert_eq!(lines("\u{200b}\n\u{feff}"), None);
    }

    #[test]
    fn names() {
        assert_eq!(split_name("John Smith"), ("John", Some("Smith")));
        assert_eq!(split_name("Anna Maria  von Berg"), ("Anna Maria  von", Some("Berg")));
        assert_eq!(split_name(" Cher "), ("Cher", None));
    }

    #[test]
    fn truncation_counts_characters_and_shows() {
        assert_eq!(truncate("día", 3), "día");
        assert_eq!(truncate("días", 3), "dí…");
        assert_eq!(truncate("🦀🦀", 1), "…");
    }

    #[test]
    fn truncation_counts_units() {
        assert_eq!(truncate_units("🦀🦀", 4), "🦀🦀");
        assert_eq!(truncate_units("🦀🦀", 3), "🦀…");
        assert_eq!(truncate_units("<<<", 2), "<…");
    }

    #[test]
    fn details_are_lines_of_what_is_there() {
        let details = [("Channel", Some("telegram")), ("Phone", None), ("Conversation", Some("abcde"))];
        assert_eq!(labelled(&details, 4).as_deref(), Some("Channel: tel…\nConversation: abc…"));
        assert_eq!(labelled(&[("Phone", None)], 4), None);
    }

    #[test]
    fn references_are_cut_and_never_refused() {
        assert_eq!(reference("leads/7").as_deref(), Some("leads/7"));
        assert_eq!(reference("a\u{200b}b\u{202e}\nc").as_deref(), Some("ab c"));
        assert_eq!(reference("\u{feff} "), None);
        let long = reference(&"語".repeat(300)).unwrap();
        assert!(long.chars().count() == 256 && long.ends_with('…'), "{long}");
    }
}
