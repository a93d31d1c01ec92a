//! Telegram's HTML, after the Bot API's page on formatting options.

const TAGS: [&str; 14] = [
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "code",
    "pre",
    "blockquote",
    "tg-spoiler",
    "a",
];
const ENTITIES: [(&str, char); 4] = [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"')];

/// The text that people read.
///
/// # Errors
/// Why it cannot be read, in Telegram's manner. A `&` or `>` that is not escaped is one: Telegram is not strict there, but
/// its documentation is.
pub(super) fn visible(html: &str) -> Result<String, String> {
    let mut visible = String::with_capacity(html.len());
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '>', '&']) {
        visible.push_str(&rest[..at]);
        rest = &rest[at..];
        let offset = html.len() - rest.len();
        if let Some((entity, meant)) = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity)) {
            visible.push(*meant);
            rest = &rest[entity.len()..];
            continue;
        }
        let tag = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let (tag, after) = tag.ok_or_else(|| format!("unescaped character at byte offset {offset}"))?;
        match tag.strip_prefix('/') {
            Some(tag) if open.pop() != Some(tag) => {
                return Err(format!("Unexpected end tag at byte offset {offset}"));
            }
            Some(_) => {}
            None => open.push(
                start_tag(tag)
                    .ok_or_else(|| format!("Unsupported start tag \"{tag}\" at byte offset {offset}"))?,
            ),
        }
        rest = after;
    }
    visible.push_str(rest);
    match open.pop() {
        Some(tag) => Err(format!("Can't find end tag corresponding to start tag \"{tag}\"")),
        None => Ok(visible),
    }
}

/// The tag's name, if it is a known one; only a link has an attribute here.
fn start_tag(tag: &str) -> Option<&'static str> {
    let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
    let known = TAGS.into_iter().find(|known| *known == name)?;
    let is_link = attributes.starts_with("href=\"") && attributes.ends_with('"');
    ((known == "a") == is_link && (is_link || attributes.is_empty())).then_some(known)
}
