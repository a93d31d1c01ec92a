//! The text of a body: what JSON parsers disagree about is refused here, so that every plugin can read what was accepted.

use std::fmt;
use std::ops::Range;

use jsonptr::PointerBuf;

use super::PayloadError;

/// Lists and objects within each other. Parsers stop somewhere from 64 on, those that most plugins use at 128.
pub const MAX_DEPTH: usize = 64;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The body without the byte order mark that some producers put before their JSON.
pub fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(BOM).unwrap_or(body)
}

/// Refuses what is not JSON in UTF-8 at all.
pub(super) fn check_encoding(body: &[u8]) -> Result<(), PayloadError> {
    if body.trim_ascii().is_empty() {
        return Err(PayloadError::new("", "the body is empty: send one event as a JSON object"));
    }
    if let Some(what) = foreign(body) {
        return Err(PayloadError::new("", what));
    }
    match std::str::from_utf8(body) {
        Ok(_) => Ok(()),
        Err(error) => {
            let at = error.valid_up_to();
            let byte = body.get(at).copied().unwrap_or_default();
            let pointer = pointer_at(body, at);
            Err(PayloadError::new(pointer, format!("byte 0x{byte:02X} is not UTF-8: send JSON as UTF-8")))
        }
    }
}

/// Says what a body is that is not JSON in UTF-8, if it is something well known.
fn foreign(body: &[u8]) -> Option<&'static str> {
    const COMPRESSED: [&[u8]; 5] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x78\x01", b"\x78\x9c", b"\x78\xda"];
    if COMPRESSED.iter().any(|magic| body.starts_with(magic)) {
        return Some("the body is compressed: send it uncompressed, without `content-encoding`");
    }
    let utf_16 = body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff");
    if utf_16 || matches!(body, [0, b'{' | b'[' | b' ', ..] | [b'{' | b'[' | b' ', 0, ..] | [0, 0, ..]) {
        return Some("the body is UTF-16 or UTF-32: send JSON as UTF-8");
    }
    match body.trim_ascii_start() {
        [b'-', b'-', boundary, ..] if !boundary.is_ascii_whitespace() => {
            Some("the body is a multipart form: send JSON, as `application/json`")
        }
        form if is_form(form) => Some("the body is a form: send JSON, as `application/json`"),
        [b'<', ..] => Some("the body is XML or HTML: send JSON, as `application/json`"),
        _ => None,
    }
}

/// Whether it begins as `name=value` does.
fn is_form(body: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.*+%[]".contains(byte);
    let name = body.iter().take_while(|byte| is_name(byte)).count();
    name > 0 && body.get(name) == Some(&b'=')
}

/// Refuses texts that are no text and structures that are too deep. The body is JSON.
pub(super) fn check_structure(body: &[u8]) -> Result<(), PayloadError> {
    let opening = body.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    let escapes = body.windows(2).any(|pair| pair == b"\\u");
    if opening <= MAX_DEPTH && !escapes {
        return Ok(());
    }
    Walk::new(body).find_map(|token| token.fault(body)).map_or(Ok(()), Err)
}

/// The JSON pointer of the innermost value that is read at this byte.
fn pointer_at(body: &[u8], at: usize) -> String {
    let token = Walk::new(body).find(|token| token.range.end > at);
    token.map(|token| token.pointer).unwrap_or_default()
}

/// A place in the body where something can be wrong.
struct Token {
    kind: Kind,
    range: Range<usize>,
    /// Of the value; of a name, that of the object which has it.
    pointer: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Name,
    Text,
    Opening { depth: usize },
}

impl Token {
    fn fault(&self, body: &[u8]) -> Option<PayloadError> {
        let text = &body[self.range.clone()];
        let wrong = |message: &dyn fmt::Display| Some(PayloadError::new(self.pointer.clone(), message));
        match self.kind {
            Kind::Opening { depth } if depth > MAX_DEPTH => {
                wrong(&format!("lists and objects are nested more than {MAX_DEPTH} deep"))
            }
            Kind::Opening { .. } => None,
            Kind::Name if has_lone_surrogate(text) => {
                wrong(&"the name of a member has half of a surrogate pair, which is no character")
            }
            Kind::Name if units(text).any(|unit| unit == 0) => {
                wrong(&"the name of a member has `\\u0000`, which many targets cannot store")
            }
            Kind::Text if has_lone_surrogate(text) => {
                wrong(&"the text has half of a surrogate pair, which is no character")
            }
            Kind::Name | Kind::Text => None,
        }
    }
}

/// The UTF-16 units that a string of JSON has as `\u` escapes; another character ends a pair and is `u32::MAX`.
fn units(text: &[u8]) -> impl Iterator<Item = u32> {
    const OTHER: u32 = u32::MAX;
    let mut rest = text;
    std::iter::from_fn(move || {
        let (unit, length) = match rest {
            [] => return None,
            [b'\\', b'u', hex @ ..] => {
                let digits = hex.get(..4).and_then(|hex| std::str::from_utf8(hex).ok());
                (digits.and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(OTHER), 6)
            }
            [b'\\', ..] => (OTHER, 2),
            _ => (OTHER, 1),
        };
        rest = rest.get(length..).unwrap_or_default();
        Some(unit)
    })
}

fn has_lone_surrogate(text: &[u8]) -> bool {
    let mut high = false;
    for unit in units(text) {
        let low = (0xDC00..0xE000).contains(&unit);
        if high != low {
            return true;
        }
        high = (0xD800..0xDC00).contains(&unit);
    }
    high
}

/// Goes through the names, texts and openings of a body. One that is not JSON gives something, too.
struct Walk<'a> {
    body: &'a [u8],
    at: usize,
    open: Vec<Open<'a>>,
}

/// A list or an object that has begun.
enum Open<'a> {
    List { index: usize },
    Object { name: Option<&'a [u8]> },
}

impl<'a> Walk<'a> {
    fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0, open: Vec::new() }
    }

    fn pointer(&self) -> String {
        // A pointer as deep as what is too deep helps nobody: that of the innermost name does.
        let named = self.open.iter().rposition(|open| matches!(open, Open::Object { .. }));
        let shown = if self.open.len() < MAX_DEPTH { usize::MAX } else { named.map_or(0, |last| last + 1) };
        let mut pointer = PointerBuf::new();
        for open in self.open.iter().take(shown) {
            match open {
                Open::List { index } => pointer.push_back(*index),
                Open::Object { name: Some(name) } => pointer.push_back(unescaped(name)),
                Open::Object { name: None } => {}
            }
        }
        pointer.to_string()
    }

    /// Reads the string that begins here, to the end of the body if nothing ends it.
    fn string(&mut self) -> Token {
        let start = self.at;
        let mut end = start + 1;
        while let Some(byte) = self.body.get(end) {
            end += 1;
            match byte {
                b'"' => break,
                b'\\' => end += 1,
                _ => {}
            }
        }
        self.at = end.min(self.body.len());
        let (pointer, range) = (self.pointer(), start..self.at);
        match self.open.last_mut() {
            Some(Open::Object { name: name @ None }) => {
                *name = self.body.get(range.clone());
                Token { kind: Kind::Name, range, pointer }
            }
            _ => Token { kind: Kind::Text, range, pointer },
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let byte = *self.body.get(self.at)?;
            match byte {
                b'"' => return Some(self.string()),
                b'{' | b'[' => {
                    let pointer = self.pointer();
                    let open =
                        if byte == b'{' { Open::Object { name: None } } else { Open::List { index: 0 } };
                    self.open.push(open);
                    self.at += 1;
                    let kind = Kind::Opening { depth: self.open.len() };
                    return Some(Token { kind, range: self.at - 1..self.at, pointer });
                }
                b'}' | b']' => drop(self.open.pop()),
                b',' => match self.open.last_mut() {
                    Some(Open::List { index }) => *index += 1,
                    Some(Open::Object { name }) => *name = None,
                    None => {}
                },
                _ => {}
            }
            self.at += 1;
        }
    }
}

/// The text of a string of JSON, which is given with its quotes; what is no text is replaced.
fn unescaped(string: &[u8]) -> String {
    serde_json::from_slice(string).unwrap_or_else(|_| String::from_utf8_lossy(string).into_owned())
}
