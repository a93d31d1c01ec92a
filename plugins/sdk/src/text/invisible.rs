//! Characters that nobody sees. Phones, editors and web pages leave them at the ends of what people paste.

/// A flag of a region is this character, then tags.
const BLACK_FLAG: char = '\u{1f3f4}';

/// Whether the character shows nothing by itself: format characters (byte order marks, zero-width spaces and joiners, marks
/// of direction, tags), Hangul fillers and the Braille blank. White space and control characters are not among them.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether the character only changes the look of the one before it.
fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007f}')
}

/// The text without white space and invisible characters at its ends. What belongs to an emoji stays: joiners within,
/// selectors and tags behind it.
pub fn trim(text: &str) -> &str {
    let is_blank = |c: char| c.is_whitespace() || is_invisible(c);
    let start = text.trim_start_matches(|c| is_blank(c) || is_variation_selector(c));
    let end = start.trim_end_matches(is_blank);
    // What was trimmed may begin with the tags of a flag.
    let tags: usize = match end.ends_with(BLACK_FLAG) {
        true => start[end.len()..].chars().take_while(|c| is_tag(*c)).map(char::len_utf8).sum(),
        false => 0,
    };
    &start[..end.len() + tags]
}

/// The text without any invisible character: for phone numbers, addresses and references, in which none means anything.
pub fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_go_at_the_ends_only() {
        for hidden in [
            "\u{200b}",
            "\u{200c}",
            "\u{200d}",
            "\u{200e}",
            "\u{200f}",
            "\u{202a}",
            "\u{202c}",
            "\u{202e}",
            "\u{2060}",
            "\u{2066}",
            "\u{2069}",
            "\u{feff}",
            "\u{ad}",
            "\u{34f}",
            "\u{61c}",
            "\u{115f}",
            "\u{1160}",
            "\u{3164}",
            "\u{ffa0}",
            "\u{180e}",
            "\u{2800}",
            "\u{e0001}",
            "\u{e0041}",
            " \u{200b} \u{feff}\u{a0}",
        ] {
            assert_eq!(trim(&format!("{hidden}a{hidden}b{hidden}")), format!("a{hidden}b"), "{hidden:?}");
            assert_eq!(trim(&hidden.repeat(3)), "", "{hidden:?}");
        }
    }

    #[test]
    fn what_an_emoji_is_made_of_stays() {
        for whole in ["👩‍👩‍👧", "❤️", "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}", "می‌خواهم", "क्‍ष"]
        {
            assert_eq!(trim(whole), whole);
            assert_eq!(trim(&format!("\u{feff}{whole}\u{200b}")), whole);
        }
        assert_eq!(trim("\u{fe0f}"), "");
        assert_eq!(trim("👩\u{200d}"), "👩");
    }

    #[test]
    fn numbers_and_addresses_have_none() {
        assert_eq!(visible("\u{202a}+1 202\u{2060}555\u{202c}"), "+1 202555");
    }
}
