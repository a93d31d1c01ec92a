//! What the webhook's owner can set.

use hookwright_sdk::Failure;
use schemars::{JsonSchema, Schema, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How leads become messages in Telegram.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Telegram")]
pub(crate) struct Settings {
    /// Where the messages go: the number of a chat, which is negative for groups and starts with -100 for supergroups and
    /// channels, or @name of a public one.
    #[schemars(title = "Chat", schema_with = "chat_schema")]
    chat_id: ChatId,
    /// The topic of a forum, by its number. Empty: the general one.
    #[serde(default)]
    #[schemars(title = "Topic", range(min = 1))]
    pub(crate) message_thread_id: Option<u32>,
    /// Whether the messages arrive without a sound.
    #[serde(default)]
    #[schemars(title = "Silent")]
    pub(crate) disable_notification: bool,
    /// The words above each lead.
    #[serde(default = "heading")]
    #[schemars(title = "Heading", length(max = 100))]
    pub(crate) heading: String,
}

#[derive(Deserialize)]
#[serde(try_from = "Value")]
enum ChatId {
    Number(i64),
    Text(String),
}

impl TryFrom<Value> for ChatId {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match &value {
            Value::String(text) => Ok(Self::Text(text.clone())),
            other => other
                .as_i64()
                .map(Self::Number)
                .ok_or_else(|| format!("chat_id is neither a number nor a name: {other}")),
        }
    }
}

/// A chat as Telegram takes it.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Chat {
    /// By its number.
    Id(i64),
    /// By its public name, with the `@`.
    Name(String),
}

fn heading() -> String {
    "New lead".to_owned()
}

fn chat_schema(_: &mut schemars::SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["integer", "string"],
        "pattern": "^\\s*(@[A-Za-z][A-Za-z0-9_]{3,31}|-?[0-9]{1,16})\\s*$",
        "examples": [-1_001_234_567_890_i64, "@my_channel"],
    })
}

impl Settings {
    /// The chat that the messages go to.
    ///
    /// # Errors
    /// A permanent failure that names the setting, if it is neither a number nor a name.
    pub(crate) fn chat(&self) -> Result<Chat, Failure> {
        let text = match &self.chat_id {
            ChatId::Number(id) => return Ok(Chat::Id(*id)),
            ChatId::Text(text) => text.trim(),
        };
        match text.parse() {
            Ok(id) => Ok(Chat::Id(id)),
            Err(_) if text.starts_with('@') => Ok(Chat::Name(text.to_owned())),
            Err(_) => Err(Failure::permanent(format!(
                "The setting chat_id is neither a number such as -1001234567890 nor a name such as @my_channel: {text}"
            ))),
        }
    }
}
