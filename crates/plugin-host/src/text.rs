//! Foreign text made fit to be shown: in a log, in a terminal, on a page.

/// The characters of the text, with a space for each one that cannot be seen, so that a terminal shows them all and does
/// nothing else.
pub(crate) fn without_controls(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().map(|c| if is_hidden(c) { ' ' } else { c })
}

/// The text without controls, cut to `max_chars`.
pub(crate) fn shown(text: &str, max_chars: usize) -> String {
    without_controls(text).take(max_chars).collect()
}

/// Whether the text has 1 to `max_chars` characters, shows something, and has nothing that cannot be seen.
pub(crate) fn is_shown(text: &str, max_chars: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= max_chars && !text.chars().any(is_hidden)
}

/// Whether the character cannot be seen but changes a text: control characters, line and paragraph separators, characters
/// that turn the direction of a text or have no width, and tags. The two joiners that scripts and emoji need are not hidden.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The beginning of a text, with escapes for everything that cannot be seen.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}
