//! Texts as CRMs want them.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters.
const URL_PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Shows that a text was cut.
const ELLIPSIS: char = '…';

/// The text on one line: white space runs become one space, control characters go; none if nothing is left.
pub fn line(text: &str) -> Option<String> {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let before = line.len();
        line.extend(word.chars().filter(|c| !c.is_control()));
        if line.len() > before && before > 0 {
            line.insert(before, ' ');
        }
    }
    Some(line).filter(|line| !line.is_empty())
}

/// The text with its lines kept: ended by `\n`, without control characters, trimmed; none if nothing is left.
pub fn lines(text: &str) -> Option<String> {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String = unix.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    Some(kept.trim().to_owned()).filter(|kept| !kept.is_empty())
}

/// First and last name, split at the last space; a single word is the first name.
pub fn split_name(name: &str) -> (&str, Option<&str>) {
    match name.trim().rsplit_once(char::is_whitespace) {
        Some((first, last)) => (first.trim_end(), Some(last)),
        None => (name.trim(), None),
    }
}

/// At most `max_chars` characters of the text; what was cut shows as an ellipsis.
pub fn truncate(text: &str, max_chars: usize) -> Cow<'_, str> {
    if text.chars().nth(max_chars).is_none() {
        return Cow::Borrowed(text);
    }
    let kept: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    Cow::Owned(kept + "…")
}

/// At most `max_units` UTF-16 units of the text, as most services count; what was cut shows as an ellipsis.
pub fn truncate_units(text: &str, max_units: usize) -> Cow<'_, str> {
    if text.encode_utf16().count() <= max_units {
        return Cow::Borrowed(text);
    }
    Cow::Owned(escaped(text, max_units, |_| None))
}

/// A line `label: value` for each value that is there, cut at so many characters; none if there is none.
pub fn labelled(details: &[(&str, Option<&str>)], max_chars: usize) -> Option<String> {
    let line =
        |(label, value): &(&str, Option<&str>)| Some(format!("{label}: {}", truncate((*value)?, max_chars)));
    let lines: Vec<String> = details.iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The text as HTML: markup escaped, each newline a `<br>`. At most `max_units` UTF-16 units, as CRMs count, escapes
/// included; what was cut shows as an ellipsis.
pub fn html(text: &str, max_units: usize) -> String {
    escaped(text, max_units, |c| match c {
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        '\n' => Some("<br>"),
        _ => markup_escape(c),
    })
}

/// The text for chats that know `&amp;`, `&lt;` and `&gt;` and no other escape: these three characters escaped, all else
/// as it is. At most `max_units` UTF-16 units, escapes included; what was cut shows as an ellipsis.
pub fn chat_markup(text: &str, max_units: usize) -> String {
    escaped(text, max_units, markup_escape)
}

fn markup_escape(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    }
}

/// The text with some characters replaced, cut between characters, never within an escape.
fn escaped(text: &str, max_units: usize, escape: impl Fn(char) -> Option<&'static str>) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut units = 0;
    // Where the text still fits together with an ellipsis.
    let mut cut = 0;
    for c in text.chars() {
        match escape(c) {
            // Escapes are ASCII: as many units as bytes.
            Some(escape) => {
                escaped.push_str(escape);
                units += escape.len();
            }
            None => {
                escaped.push(c);
                units += c.len_utf16();
            }
        }
        if units > max_units {
            escaped.truncate(cut);
            escaped.push(ELLIPSIS);
            return escaped;
        }
        if units < max_units {
            cut = escaped.len();
        }
    }
    escaped
}

/// The text as a part of a URL that it cannot leave: a path segment, or the value of a query parameter. As a whole
/// segment, `.` and `..` still mean what they mean; the host refuses them.
pub fn url_part(text: &str) -> String {
    utf8_percent_encode(text, URL_PART).to_string()
}

/// Whether a target that checks addresses would take this one: one `@` with text before it, and a domain with a dot
/// behind it. An address that fails this is better kept in a note than sent as an address and refused.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    !local.is_empty()
        && domain.contains('.')
        && domain.split('.').all(label)
        && domain.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.'))
        && !local.chars().any(|c| c.is_whitespace() || c.is_control() || "\"(),:;<>[\\]".contains(c))
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
    fn details_are_lines_of_what_is_there() {
        let details = [("Channel", Some("telegram")), ("Phone", None), ("Conversation", Some("abcde"))];
        assert_eq!(labelled(&details, 4).as_deref(), Some("Channel: tel…\nConversation: abc…"));
        assert_eq!(labelled(&[("Phone", None)], 4), None);
    }

    #[test]
    fn html_is_escaped() {
        assert_eq!(html("<a href=\"x\">&'\n{{b}}", 100), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;<br>{{b}}");
    }

    #[test]
    fn chats_have_three_escapes() {
        assert_eq!(chat_markup("<!here> \"&\" '\n", 100), "&lt;!here&gt; \"&amp;\" '\n");
        assert_eq!(chat_markup("a<b", 5), "a…");
    }

    #[test]
    fn truncation_counts_units() {
        assert_eq!(truncate_units("🦀🦀", 4), "🦀🦀");
        assert_eq!(truncate_units("🦀🦀", 3), "🦀…");
        assert_eq!(truncate_units("<<<", 2), "<…");
    }

    #[test]
    fn html_is_cut_between_characters_within_the_limit() {
        assert_eq!(html("abc", 3), "abc");
        assert_eq!(html("abcd", 3), "ab…");
        assert_eq!(html("a<b", 5), "a…");
        assert_eq!(html("🦀🦀", 3), "🦀…");
        for max in 1..40 {
            let cut = html("a&b\n<🦀>'\"ö", max);
            assert!(cut.encode_utf16().count() <= max, "{max}: {cut}");
        }
    }

    #[test]
    fn addresses() {
        for good in ["john@example.com", "o'neil+tag@sub.example.co", "я@пример.рф"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "john",
            "john@",
            "@example.com",
            "john@example",
            "a b@example.com",
            "a@b@example.com",
            "a@b..c",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
