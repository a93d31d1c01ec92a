//! Leads in Telegram: a message by a bot, whose token is in the webhook's URL.
//!
//! Telegram keeps no key of a message and a bot cannot look for one, so a message whose answer was lost is sent again. The
//! conversation at its foot shows that two messages are one lead.

use hookwright_sdk::{Action, Description, Event, History, Mapping, Request, Stop, log};

mod answer;
mod message;
mod settings;
#[cfg(test)]
mod tests;

use answer::Answer;
use message::Message;
use settings::{Chat, Settings};

struct Telegram;

impl Mapping for Telegram {
    type Settings = Settings;

    fn describe() -> Description {
        Description {
            title: "Telegram",
            summary: "A lead becomes a message in a chat or channel. The URL ends with `bot` and your bot's token, as \
                      @BotFather gave it; the bot has to be a member of the chat, with the right to post.",
            url: "https://api.telegram.org/bot123456:ABC…",
            headers: &[],
        }
    }

    fn transform(event: &Event, settings: &Settings, so_far: &History) -> Result<Action, Stop> {
        let lead = event.lead.cleaned();
        if lead.is_blank() {
            return Ok(Action::skip_blank());
        }
        if so_far.uncertain.is_some() {
            log::warn("The message may be in the chat already. Telegram cannot tell, so it is sent again.");
        }
        let message = Message::of(event, &lead, &settings.heading)?;
        send(&message, settings, so_far)
    }
}

/// Sends the message: again to the supergroup that its group has become, and again without markup if Telegram cannot read
/// it.
fn send(message: &Message, settings: &Settings, so_far: &History) -> Result<Action, Stop> {
    let mut form = Form { chat: settings.chat()?, supergroup: None, is_plain: false };
    loop {
        let reply = so_far.call(form.request(message, settings).accept(&answer::LOOKED_AT))?;
        match answer::read(reply)? {
            Answer::Sent(receipt) => {
                form.log();
                return Ok(Action::Done(receipt));
            }
            Answer::Upgraded(supergroup) if form.supergroup.is_none() => {
                form.supergroup = Some(supergroup);
                form.chat = Chat::Id(supergroup);
            }
            Answer::Unreadable if !form.is_plain => form.is_plain = true,
            Answer::Upgraded(_) | Answer::Unreadable => return Err(answer::refused(reply).into()),
        }
    }
}

/// How and where the message is sent.
struct Form {
    chat: Chat,
    supergroup: Option<i64>,
    is_plain: bool,
}

impl Form {
    fn request(&self, message: &Message, settings: &Settings) -> Request {
        let step = match (self.supergroup, self.is_plain) {
            (None, false) => "send-message",
            (None, true) => "send-message-plain",
            (Some(_), false) => "send-to-supergroup",
            (Some(_), true) => "send-to-supergroup-plain",
        };
        let body = message.body(&self.chat, settings, self.is_plain);
        Request::post(step).path("/sendMessage").json(&body)
    }

    /// What the webhook's owner should know of a message that did arrive.
    fn log(&self) {
        if let Some(supergroup) = self.supergroup {
            log::warn(&format!(
                "The group has become a supergroup with another ID. Set chat_id to {supergroup} in this webhook's settings: until \
                 then every lead takes two requests."
            ));
        }
        if self.is_plain {
            log::warn(
                "Telegram could not read the markup, so the message was sent without it. Please report this.",
            );
        }
    }
}

hookwright_sdk::export!(Telegram);
