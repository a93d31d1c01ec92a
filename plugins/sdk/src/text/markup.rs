//! Texts within markup.

/// Shows that a text was cut.
const ELLIPSIS: char = '…';

/// The text as HTML: markup escaped, each newline a `<br>`. At most `max_units` UTF-16 units, as CRMs count, escapes
/// included; an ellipsis stands for the rest.
pub fn html(text: &str, max_units: usize) -> String {
    escaped(text, max_units, |c| match c {
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        '\n' => Some("<br>"),
        _ => markup_escape(c),
    })
}

/// The text for chats that know `&amp;`, `&lt;` and `&gt;` and no other escape. At most `max_units` UTF-16 units, escapes
/// included; an ellipsis stands for the rest.
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
pub(super) fn escaped(text: &str, max_units: usize, escape: impl Fn(char) -> Option<&'static str>) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
