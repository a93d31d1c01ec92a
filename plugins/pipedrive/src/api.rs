//! Pipedrive's API as this mapping uses it: version 2 for persons and deals, version 1 for leads and notes, and the
//! answers that mean "later" or "not before somebody changes something".

use hookwright_sdk::{Calls, Failure, History, Reply};

use crate::settings::Settings;

/// Account not open; not allowed, or blocked; rate limit; feature switched off.
const INTERPRETED: [u16; 4] = [402, 403, 429, 501];

/// Refusals of something that the lead can do without.
pub(crate) const REFUSALS: [u16; 7] = [400, 403, 404, 405, 409, 410, 422];
/// How long to wait for what a person has to change at Pipedrive.
const PERSON_SECS: u32 = 3_600;

/// Who goes on after a 429 is blocked by the gateway: leave it alone for a while.
const BLOCKED_SECS: u32 = 3_600;

/// The calls of one delivery.
pub(crate) struct Api<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) calls: Calls<'a>,
}

impl<'a> Api<'a> {
    pub(crate) fn new(settings: &'a Settings, so_far: &'a History) -> Self {
        Self { settings, calls: Calls::new(so_far, &INTERPRETED, check) }
    }
}

fn check(reply: &Reply) -> Result<(), Failure> {
    match reply.status {
        429 => Err(Failure::retry("Pipedrive's rate limit or daily budget is used up.", pause(reply))),
        403 if is_html(reply) => Err(Failure::retry(
            "Pipedrive blocks requests for a while, as it does after too many.",
            Some(BLOCKED_SECS),
        )),
        402 => {
            Err(waiting("The Pipedrive account is not open: the trial is over, or a bill is unpaid", reply))
        }
        403 => Err(waiting(
            "Pipedrive does not allow this: the token's user lacks a right, or a limit of the plan is reached",
            reply,
        )),
        501 => Err(Failure::permanent(format!(
            "Pipedrive has this feature switched off for the account. Pipedrive's words: {}",
            reply.quote()
        ))),
        _ => Ok(()),
    }
}

/// `x-ratelimit-reset` is what is left of the window of two seconds; `retry-after` is not documented, but clearer.
fn pause(reply: &Reply) -> Option<u32> {
    reply.retry_after().or_else(|| reply.reset("x-ratelimit-reset"))
}

fn is_html(reply: &Reply) -> bool {
    reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) || reply.is_web_page()
}

/// Something that a person has to change at Pipedrive; then the lead arrives without further ado.
fn waiting(why: &str, reply: &Reply) -> Failure {
    Failure::retry(format!("{why}. Pipedrive's words: {}", reply.quote()), Some(PERSON_SECS))
}
