//! Slack's own markup.

use serde_json::Value;

/// Whether every `&` begins one of the three entities, and every `<` a reference that ends.
pub(super) fn is_escaped(text: &str) -> bool {
    let entities = ["&amp;", "&lt;", "&gt;"];
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>']) {
        rest = &rest[at..];
        if let Some(entity) = entities.iter().find(|entity| rest.starts_with(**entity)) {
            rest = &rest[entity.len()..];
        } else if let Some((reference, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'))
        {
            if reference.is_empty() || reference.contains(['<', '\n']) {
                return false;
            }
            rest = after;
        } else {
            return false;
        }
    }
    true
}

/// What is between angle brackets.
pub(super) fn references(text: &str) -> Vec<String> {
    text.split('<').skip(1).filter_map(|rest| Some(rest.split_once('>')?.0.to_owned())).collect()
}

/// Every text of a message that Slack reads as markup.
pub(super) fn texts(message: &Value) -> Vec<&str> {
    let own = message["text"].as_str();
    let mut texts: Vec<&str> = own.into_iter().collect();
    collect(&message["blocks"], &mut texts);
    texts
}

fn collect<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) if members.get("type").is_some_and(|kind| kind == "mrkdwn") => {
            texts.extend(members.get("text").and_then(Value::as_str));
        }
        Value::Object(members) => members.values().for_each(|value| collect(value, texts)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        _ => {}
    }
}

/// The text as people read it; a reference shows its label, if it has one.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let Some((reference, after)) = after.split_once('>') else { break };
        shown.push_str(before);
        shown.push_str(reference.rsplit_once('|').map_or(reference, |(_, label)| label));
        rest = after;
    }
    shown.push_str(rest);
    shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
