//! What Telegram answers: `{"ok": false, "description": "…", "parameters": {…}}` for what it refuses.

use hookwright_sdk::{Failure, Receipt, Reply, text};
use serde_json::Value;

/// The refusals that are read here; what the others mean, the host knows.
pub(crate) const LOOKED_AT: [u16; 5] = [400, 401, 403, 404, 429];

/// How long to wait for what a person has to do in Telegram.
const PERSON_SECS: u32 = 3_600;

/// An answer that the mapping goes on with.
pub(crate) enum Answer {
    /// The message is in the chat.
    Sent(Receipt),
    /// The group has become a supergroup with this id.
    Upgraded(i64),
    /// Telegram cannot read the markup.
    Unreadable,
}

/// What the reply means.
///
/// # Errors
/// A retry if Telegram wants a pause; a permanent failure, with what to do, if it refuses the message.
pub(crate) fn read(reply: &Reply) -> Result<Answer, Failure> {
    let parameter = |name: &str| reply.find(&format!("/parameters/{name}")).ok().flatten();
    match reply.status {
        400 if let Some(id) = parameter("migrate_to_chat_id").as_ref().and_then(Value::as_i64) => {
            Ok(Answer::Upgraded(id))
        }
        400 if description(reply).contains("can't parse entities") => Ok(Answer::Unreadable),
        429 => Err(Failure::retry(
            "Telegram accepts no more messages from this bot for now.",
            reply.seconds("/parameters/retry_after").or(reply.retry_after()),
        )),
        400..500 => Err(refused(reply)),
        _ => {
            reply.check_not_web_page()?;
            Ok(Answer::Sent(receipt(reply)?))
        }
    }
}

/// A refusal, with what to do about it. What a person does in Telegram lets the lead arrive without further ado; what is
/// wrong with the settings holds it.
pub(crate) fn refused(reply: &Reply) -> Failure {
    let description = description(reply);
    let has = |part: &str| description.contains(part);
    let migrated = reply.find("/parameters/migrate_to_chat_id").ok().flatten();
    if let Some(id) = migrated.as_ref().and_then(Value::as_i64) {
        return Failure::permanent(format!(
            "The group has become a supergroup with another ID. Set chat_id to {id} in this webhook's settings."
        ));
    }
    let advice = match reply.status {
        401 | 404 => {
            "Telegram does not know the bot. The webhook's URL has to be https://api.telegram.org/bot with the token from \
             @BotFather behind it; a revoked token has a successor there"
        }
        _ if has("blocked by the user") => "The person has blocked the bot and has to unblock it",
        _ if has("initiate conversation") => {
            "A bot cannot write first: the person has to open the bot and press Start"
        }
        _ if has("user is deactivated") => "The person's account is gone: choose another chat in chat_id",
        _ if has("kicked") || has("not a member") => "Add the bot to the chat again, with the right to post",
        _ if has("rights") || has("restricted") => "Give the bot the right to post in this chat",
        _ if has("chat not found") => {
            "Check chat_id: a bot only finds chats that it is a member of, and people who have pressed Start"
        }
        _ if has("thread") || has("topic") => "Check message_thread_id: the chat has no such open topic",
        403 => "Add the bot to the chat, with the right to post",
        _ if has("too long") || has("text is empty") || has("parse entities") => {
            "Please report this as a fault of the mapping"
        }
        _ => "Check chat_id and message_thread_id in this webhook's settings",
    };
    let reason = format!("{advice}. Telegram answered {}: `{}`.", reply.status, quoted(reply));
    match reply.status {
        401 | 403 | 404 => Failure::retry(reason, Some(PERSON_SECS)),
        _ if has("rights") || has("restricted") => Failure::retry(reason, Some(PERSON_SECS)),
        _ => Failure::permanent(reason),
    }
}

/// The message, with a link where its chat has one: <https://core.telegram.org/api/links>.
fn receipt(reply: &Reply) -> Result<Receipt, Failure> {
    let id = reply.number("/result/message_id")?;
    let chat = reply.find("/result/chat")?.unwrap_or_default();
    let is_name = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let public = chat["username"].as_str().filter(is_name).map(str::to_owned);
    // A supergroup's or channel's id in links is the one behind -100.
    let private = || Some(format!("c/{}", chat["id"].as_i64()?.to_string().strip_prefix("-100")?));
    let is_private_chat = chat["type"] == "private";
    let url =
        public.filter(|_| !is_private_chat).or_else(private).map(|chat| format!("https://t.me/{chat}/{id}"));
    Ok(Receipt { reference: Some(format!("message/{id}")), url })
}

/// Telegram's own words in lower case; the start of the answer, if it is none of Telegram's.
fn description(reply: &Reply) -> String {
    quoted(reply).to_lowercase()
}

fn quoted(reply: &Reply) -> String {
    let description = reply.find("/description").ok().flatten();
    let words = description.as_ref().and_then(Value::as_str).and_then(text::line);
    words.map_or_else(|| reply.quote(), |words| text::truncate(&words, 200).into_owned())
}
