//! Notion's API as this mapping uses it, and what its refusals mean.

use hookwright_sdk::{Failure, History, Reply, Request, Stop, text};
use serde_json::Value;

use crate::settings::Settings;

/// Refused; not found or not shared; a collision while saving.
const INTERPRETED: [u16; 3] = [400, 404, 409];

/// How long to wait until somebody shares the database.
const PERSON_SECS: u32 = 3_600;

/// How much of Notion's own words is shown.
const WORDS_MAX_CHARS: usize = 400;

/// The calls of one delivery.
pub(crate) struct Api<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) so_far: &'a History,
}

impl<'a> Api<'a> {
    /// The reply to the request.
    ///
    /// # Errors
    /// The request itself while it has not been answered; a failure if the answer is one.
    pub(crate) fn call(&self, request: Request) -> Result<&'a Reply, Stop> {
        match self.reply(&request.step)? {
            Some(reply) => Ok(reply),
            None => Err(self.request(request)),
        }
    }

    /// What sends the request.
    pub(crate) fn request(&self, request: Request) -> Stop {
        Stop::Call(Box::new(self.prepared(request)))
    }

    /// The reply to a step, if it has been answered.
    ///
    /// # Errors
    /// A failure if the answer is one.
    pub(crate) fn reply(&self, step: &str) -> Result<Option<&'a Reply>, Stop> {
        self.so_far.reply(step).map(checked).transpose()
    }

    /// What the look found, if the step may have been carried out although its answer was never seen.
    ///
    /// # Errors
    /// As [`Api::call`], for the look.
    pub(crate) fn look_before(&self, step: &str, look: Request) -> Result<Option<&'a Reply>, Stop> {
        self.so_far.look_before(step, self.prepared(look))?.map(checked).transpose()
    }

    fn prepared(&self, request: Request) -> Request {
        request.header("notion-version", &self.settings.notion_version).accept(&INTERPRETED)
    }
}

/// The words of a refusal of values; none if it is another answer.
pub(crate) fn value_words(reply: &Reply) -> Option<String> {
    let code = reply.find("/code").ok().flatten();
    let is_of_value = reply.status == 400 && code.is_some_and(|code| code == "validation_error");
    let message = reply.find("/message").ok().flatten().filter(|_| is_of_value)?;
    message.as_str().map(str::to_owned)
}

fn checked(reply: &Reply) -> Result<&Reply, Stop> {
    reply.check_not_web_page()?;
    let failure = match reply.status {
        400 => Failure::permanent(format!(
            "Notion refuses {}. The columns in the settings must have the database's names and types. Its words: {}",
            reply.step,
            words(reply)
        )),
        404 => Failure::retry(
            format!(
                "Notion does not find what the settings name, or it is not shared with the integration (in the database: ••• \
                 → Connections). Its words: {}",
                words(reply)
            ),
            Some(PERSON_SECS),
        ),
        409 => {
            Failure::retry("Notion could not save: somebody else was changing the same.", reply.retry_after())
        }
        _ => return Ok(reply),
    };
    Err(failure.into())
}

fn words(reply: &Reply) -> String {
    let message = reply.find("/message").ok().flatten();
    match message.as_ref().and_then(Value::as_str).and_then(text::line) {
        Some(words) => text::truncate(&words, WORDS_MAX_CHARS).into_owned(),
        None => reply.quote(),
    }
}
