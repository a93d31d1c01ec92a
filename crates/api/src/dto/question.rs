//! What a plugin is asked in a preview.

use std::collections::BTreeMap;

use bytes::Bytes;
use hookwright_engine::{PreviewEvent, PreviewRequest};
use hookwright_model::{History, PluginName, ProjectId, Reply, Settings, TargetUrl};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::plugin::VersionDto;
use super::webhook::no_settings;
use crate::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuestionDto {
    #[serde(default)]
    version: VersionDto,
    #[serde(default = "no_settings")]
    settings: Value,
    /// Absent: the sample. A text: the id of an event that the project has received. An object: an event.
    event: Option<Box<RawValue>>,
    #[serde(default)]
    history: HistoryDto,
    /// Absent: the one that the plugin proposes.
    url: Option<String>,
}

/// As the log of a delivery shows it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HistoryDto {
    replies: Vec<ReplyDto>,
    uncertain: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyDto {
    step: String,
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    truncated: bool,
}

impl QuestionDto {
    pub(crate) fn into_model(
        self,
        project: ProjectId,
        plugin: PluginName,
    ) -> Result<PreviewRequest, Problem> {
        let settings = Settings::from_json(&self.settings)
            .map_err(|error| Problem::invalid("/settings", error.to_string()))?;
        let url = self.url.as_deref().map(TargetUrl::parse).transpose();
        let url = url.map_err(|error| Problem::invalid("/url", error.to_string()))?;
        let event = lead(self.event.as_deref())?;
        Ok(PreviewRequest {
            project,
            plugin,
            version: self.version.to_model(),
            settings,
            event,
            history: self.history.into_model(),
            url,
        })
    }
}

fn lead(event: Option<&RawValue>) -> Result<PreviewEvent, Problem> {
    let Some(event) = event.map(RawValue::get).filter(|event| *event != "null") else {
        return Ok(PreviewEvent::Sample);
    };
    match serde_json::from_str::<String>(event) {
        Ok(id) => {
            id.parse().map(PreviewEvent::Past).map_err(|error| Problem::invalid("/event", format!("{error}")))
        }
        Err(_) => Ok(PreviewEvent::Given(Bytes::copy_from_slice(event.as_bytes()))),
    }
}

impl HistoryDto {
    fn into_model(self) -> History {
        let reply = |reply: ReplyDto| Reply {
            step: reply.step,
            status: reply.status,
            headers: reply.headers.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect(),
            body: reply.body,
            truncated: reply.truncated,
        };
        History { replies: self.replies.into_iter().map(reply).collect(), uncertain: self.uncertain }
    }
}
