//! The chats that a bot meets.

use serde_json::{Value, json};

use super::Refusal;

pub(super) const SALES: i64 = -1_001_234_567_890;
pub(super) const CHANNEL: i64 = -1_009_876_543_210;
const SALES_TOPIC: u64 = 5;

/// A chat that the bot may write to.
pub(super) struct Chat {
    id: i64,
    kind: &'static str,
    /// The member that names it, and the name.
    name: (&'static str, &'static str),
    username: Option<&'static str>,
    topic: Option<u64>,
}

const OPEN: [Chat; 3] = [
    Chat {
        id: SALES,
        kind: "supergroup",
        name: ("title", "Sales"),
        username: None,
        topic: Some(SALES_TOPIC),
    },
    Chat {
        id: CHANNEL,
        kind: "channel",
        name: ("title", "Acme leads"),
        username: Some("acme_leads"),
        topic: None,
    },
    Chat { id: 42, kind: "private", name: ("first_name", "Ann"), username: Some("ann"), topic: None },
];

pub(super) fn find(chat_id: Option<&Value>) -> Result<&'static Chat, Refusal> {
    let is_meant = |chat: &&Chat| match chat_id {
        Some(Value::String(name)) => {
            chat.kind != "private" && name.strip_prefix('@') == chat.username && chat.username.is_some()
        }
        Some(id) => id.as_i64() == Some(chat.id),
        None => false,
    };
    if let Some(chat) = OPEN.iter().find(is_meant) {
        return Ok(chat);
    }
    Err(match chat_id.map(|id| id.as_i64().unwrap_or_default()) {
        None => Refusal::bad_request("chat_id is empty"),
        Some(43) => Refusal::new(403, "Forbidden: bot was blocked by the user"),
        Some(-4_002) => Refusal::new(403, "Forbidden: bot was kicked from the group chat"),
        Some(-4_001) => Refusal::migrated(SALES),
        Some(_) => Refusal::bad_request("chat not found"),
    })
}

impl Chat {
    pub(super) fn check_topic(&self, topic: Option<&Value>) -> Result<(), Refusal> {
        match topic {
            Some(topic) if topic.as_u64() != self.topic => {
                Err(Refusal::bad_request("message thread not found"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn shown(&self) -> Value {
        let mut shown = json!({ "id": self.id, "type": self.kind, self.name.0: self.name.1 });
        if let Some(username) = self.username {
            shown["username"] = username.into();
        }
        shown
    }
}
