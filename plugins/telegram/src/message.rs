//! The message of a lead, as HTML and without markup.

use hookwright_sdk::{Event, Failure, Lead, text, time};
use serde_json::{Value, json};

use crate::settings::{Chat, Settings};

/// Telegram counts UTF-16 units once it has read tags and entities, which do not count.
const MAX_UNITS: usize = 4_096;
/// Leaves most of the message to what the visitor wrote.
const DETAIL_MAX_UNITS: usize = 256;

/// The same words twice.
#[derive(Default)]
pub(crate) struct Message {
    html: String,
    plain: String,
}

impl Message {
    /// The message of a lead.
    ///
    /// # Errors
    /// A permanent failure if the event's time is none.
    pub(crate) fn of(event: &Event, lead: &Lead, heading: &str) -> Result<Self, Failure> {
        let mut head = Self::default();
        if let Some(heading) = text::line(heading) {
            head.line(Some("b"), &heading);
        }
        for (label, value) in [("Name", &lead.name), ("Phone", &lead.phone), ("Email", &lead.email)] {
            if let Some(value) = value {
                head.line(None, &format!("{label}: {}", text::truncate_units(value, DETAIL_MAX_UNITS)));
            }
        }
        let foot = Self::foot(event, lead)?;
        let mut message = head;
        if let Some(words) = &lead.message {
            message.gap();
            let room = MAX_UNITS - message.units() - "\n\n".len() - foot.units();
            message.line(None, &text::truncate_units(words, room));
        }
        message.gap();
        message.html.push_str(&foot.html);
        message.plain.push_str(&foot.plain);
        Ok(message)
    }

    /// Where the lead comes from, and when.
    fn foot(event: &Event, lead: &Lead) -> Result<Self, Failure> {
        let known = [&lead.channel, &lead.conversation_id].into_iter().flatten();
        let mut parts: Vec<_> = known.map(|part| text::truncate_units(part, DETAIL_MAX_UNITS)).collect();
        parts.push(time::readable(&event.created_at)?.into());
        let mut foot = Self::default();
        foot.line(Some("i"), &parts.join(" · "));
        Ok(foot)
    }

    /// Begins a new line with this text, within a tag if one is named.
    fn line(&mut self, tag: Option<&str>, text: &str) {
        if !self.plain.is_empty() && !self.plain.ends_with('\n') {
            self.push("\n");
        }
        self.plain.push_str(text);
        let escaped = text::chat_markup(text, usize::MAX);
        match tag {
            Some(tag) => self.html.push_str(&format!("<{tag}>{escaped}</{tag}>")),
            None => self.html.push_str(&escaped),
        }
    }

    /// An empty line, unless this is the first one.
    fn gap(&mut self) {
        if !self.plain.is_empty() {
            self.push("\n\n");
        }
    }

    fn push(&mut self, both: &str) {
        self.html.push_str(both);
        self.plain.push_str(both);
    }

    fn units(&self) -> usize {
        self.plain.encode_utf16().count()
    }

    /// The body of a request that sends it to this chat.
    pub(crate) fn body(&self, chat: &Chat, settings: &Settings, is_plain: bool) -> Value {
        let text = if is_plain { &self.plain } else { &self.html };
        let mut body =
            json!({ "chat_id": chat, "text": text, "link_preview_options": { "is_disabled": true } });
        if !is_plain {
            body["parse_mode"] = "HTML".into();
        }
        if let Some(thread) = settings.message_thread_id {
            body["message_thread_id"] = thread.into();
        }
        if settings.disable_notification {
            body["disable_notification"] = true.into();
        }
        body
    }
}
