//! Foreign text as a part of a URL, and as a key.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// Everything but RFC 3986's unreserved characters.
const URL_PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Bytes of a digest in a key: collisions cannot be made on purpose.
const DIGEST_BYTES: usize = 16;
/// `~` and the digest in hexadecimal.
const SUFFIX_CHARS: usize = 1 + 2 * DIGEST_BYTES;

/// The text as a part of a URL that it cannot leave: a path segment, or the value of a query parameter. For a path segment
/// of any length and any content see [`url_key`].
pub fn url_part(text: &str) -> String {
    utf8_percent_encode(text, URL_PART).to_string()
}

/// The text as a key of at most `max_units` UTF-16 units: itself if it fits, else its start, `~` and a digest of the
/// whole, so that equal texts have equal keys and others do not.
pub fn key(text: &str, max_units: usize) -> Cow<'_, str> {
    if text.encode_utf16().count() <= max_units {
        return Cow::Borrowed(text);
    }
    let mut room = max_units.saturating_sub(SUFFIX_CHARS);
    let fits = |c: &char| {
        let fits = c.len_utf16() <= room;
        room = room.saturating_sub(c.len_utf16());
        fits
    };
    Cow::Owned(with_digest(text.chars().take_while(fits).collect(), text))
}

/// The text as a key that can be a path segment, of at most `max_bytes` bytes once it is encoded: itself if it fits,
/// else shortened as by [`key`]. A text with `.` or `..` between slashes gets a key without dots there, because a URL
/// cannot hold it: they mean folders, encoded or not.
pub fn url_key(text: &str, max_bytes: usize) -> Cow<'_, str> {
    let is_folder = leaves_its_folder(text);
    if !is_folder && url_part(text).len() <= max_bytes {
        return Cow::Borrowed(text);
    }
    let mut room = max_bytes.saturating_sub(SUFFIX_CHARS);
    let mut start = String::new();
    for c in text.chars().map(|c| if is_folder && matches!(c, '.' | '/' | '\\' | ';') { '_' } else { c }) {
        let bytes = url_part(c.encode_utf8(&mut [0; 4])).len();
        let Some(left) = room.checked_sub(bytes) else { break };
        room = left;
        start.push(c);
    }
    Cow::Owned(with_digest(start, text))
}

fn with_digest(start: String, whole: &str) -> String {
    let mut key = start + "~";
    for byte in &Sha256::digest(whole.as_bytes())[..DIGEST_BYTES] {
        _ = write!(key, "{byte:02x}");
    }
    key
}

/// Whether a URL parser, or a server that decodes the path first, takes a part of the text for `.` or `..`.
fn leaves_its_folder(text: &str) -> bool {
    let mut parts = text.split(['/', '\\']).map(|part| part.split(';').next().unwrap_or_default());
    parts.any(|part| matches!(part, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_text_itself_where_that_fits() {
        assert_eq!(key("c-1", 36), "c-1");
        assert_eq!(url_key("c-1 ü", 400), "c-1 ü");
        assert_eq!(url_key("a..b", 400), "a..b");
    }

    #[test]
    fn other_keys_are_as_long_as_they_may_be_and_tell_texts_apart() {
        for text in ["語".repeat(300), "🦀".repeat(300), "x".repeat(2_000)] {
            let other = format!("{text}!");
            let (one, two) = (key(&text, 255), key(&other, 255));
            assert!(one != two && (254..=255).contains(&one.encode_utf16().count()), "{one}");
            assert_eq!(one, key(&text, 255));
            let (one, two) = (url_key(&text, 400), url_key(&other, 400));
            assert!(one != two && (380..=400).contains(&url_part(&one).len()), "{one}");
        }
    }

    #[test]
    fn no_key_leads_to_another_folder() {
        let mut keys = Vec::new();
        for text in [".", "..", "a/../b", "../x", "a\\..\\b", "..;x", "x/.", "./", "..\\"] {
            let key = url_key(text, 400).into_owned();
            assert!(!leaves_its_folder(&key) && !key.contains(['.', '/', '\\']), "{text}: {key}");
            assert!(!keys.contains(&key), "{key}");
            keys.push(key);
        }
    }
}
