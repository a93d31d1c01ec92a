//! What a test is made of.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use bytes::Bytes;
use hookwright_engine::sample;
use hookwright_model::event::without_bom;
use hookwright_model::{Event, EventId, History, Payload, Reply, Settings, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::commands::plugin::local;

pub(super) fn json<T: DeserializeOwned>(file: &Path) -> Result<T> {
    parsed(&text(file)?, file)
}

fn parsed<T: DeserializeOwned>(text: &str, file: &Path) -> Result<T> {
    serde_json::from_str(text).with_context(|| format!("{} cannot be used", file.display()))
}

fn text(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// The event in the file, or a sample.
pub(super) fn event(file: Option<&Path>, now: Timestamp) -> Result<Event> {
    let id = EventId::new(now, [0; 10]);
    let Some(file) = file else { return Ok(sample::event(id, local::nobody(), now)) };
    let bytes = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let text = without_bom(&bytes);
    let payload = Payload::parse(text).map_err(|error| {
        let place = Some(error.pointer).filter(|pointer| !pointer.is_empty());
        let place = place.map(|pointer| format!("{pointer}: ")).unwrap_or_default();
        anyhow!("{} is not an event: {place}{}", file.display(), error.message)
    })?;
    let (project, kind) = (payload.project, payload.kind);
    Ok(Event { id, project, kind, received_at: now, payload: Bytes::copy_from_slice(text) })
}

/// The settings in the file, or none.
pub(super) fn settings(file: Option<&Path>) -> Result<Settings> {
    let Some(file) = file else { return Ok(Settings::default()) };
    let value: Value = json(file)?;
    Settings::from_json(&value).with_context(|| format!("{} cannot be used", file.display()))
}

/// The history in the file, or an empty one.
pub(super) fn history(file: Option<&Path>) -> Result<History> {
    let Some(file) = file else { return Ok(History::default()) };
    let HistoryFile { replies, uncertain } = json(file)?;
    Ok(History { replies: replies.into_iter().map(Reply::from).collect(), uncertain })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryFile {
    #[serde(default)]
    replies: Vec<ReplyFile>,
    #[serde(default)]
    uncertain: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyFile {
    step: String,
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Text as it is, anything else as its JSON.
    #[serde(default)]
    body: Value,
    #[serde(default)]
    truncated: bool,
}

impl From<ReplyFile> for Reply {
    fn from(file: ReplyFile) -> Self {
        let ReplyFile { step, status, headers, body, truncated } = file;
        let headers = headers.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        let body = match body {
            Value::Null => String::new(),
            Value::String(text) => text,
            json => json.to_string(),
        };
        Self { step, status, headers, body, truncated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_of_a_reply_is_text_or_json() {
        let body = |reply: &str| Reply::from(parsed::<ReplyFile>(reply, Path::new("h.json")).unwrap()).body;
        assert_eq!(body(r#"{"step": "a", "status": 201, "body": {"id": 151}}"#), r#"{"id":151}"#);
        assert_eq!(body(r#"{"step": "a", "status": 201, "body": "{ \"id\": 1}"}"#), r#"{ "id": 1}"#);
        assert_eq!(body(r#"{"step": "a", "status": 204}"#), "");
        let error = parsed::<ReplyFile>(r#"{"step": "a", "stauts": 1}"#, Path::new("h.json")).unwrap_err();
        assert!(format!("{error:#}").contains("stauts"), "{error:#}");
    }
}
