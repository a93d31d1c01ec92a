//! Bitrix24's REST as this mapping uses it. The status of an answer does not tell what is permanent, so that its body does.

use hookwright_sdk::{Calls, Event, Failure, History, Reply, Request};
use serde::Serialize;
use serde_json::Value;

use crate::settings::Settings;

/// Statuses whose body says more than they do.
const INTERPRETED: [u16; 5] = [401, 403, 429, 500, 503];

/// A method's running time is counted over this long (480 s of it are allowed).
const OPERATING_WINDOW_SECS: u32 = 600;
/// A refusal in nobody's words is looked at now and then.
const LONG_PAUSE_SECS: u32 = 3_600;

/// The calls of one delivery.
pub(crate) struct Api<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) event: &'a Event,
    pub(crate) calls: Calls<'a>,
}

impl<'a> Api<'a> {
    pub(crate) fn new(settings: &'a Settings, so_far: &'a History, event: &'a Event) -> Self {
        Self { settings, event, calls: Calls::new(so_far, &INTERPRETED, check) }
    }
}

/// A call of a method; every one is a POST.
pub(crate) fn method(step: &str, name: &str, parameters: &impl Serialize) -> Request {
    Request::post(step).path(format!("/{name}")).json(parameters)
}

fn check(reply: &Reply) -> Result<(), Failure> {
    let body = reply.json().unwrap_or_default();
    let code = body.get("error").and_then(Value::as_str);
    match (reply.status, code) {
        (200..300, None) => Ok(()),
        // Left to who sent the fields.
        (400, _) => Ok(()),
        (_, Some("QUERY_LIMIT_EXCEEDED")) => Err(Failure::retry(
            "Bitrix24 takes fewer requests a second than it is sent.",
            // Its limit counts by the second, and it names no pause: this one lets the whole lane rest.
            Some(reply.retry_after().unwrap_or_default().max(1)),
        )),
        (_, Some("OPERATION_TIME_LIMIT")) => Err(Failure::retry(
            "Bitrix24 allows this method no more running time for now.",
            Some(until_reset(&body)),
        )),
        (_, Some("OVERLOAD_LIMIT")) => Err(waiting(
            "Bitrix24 has blocked REST for this portal by hand. Only its support can lift that",
            reply,
        )),
        (_, Some("PORTAL_DELETED")) => Err(Failure::permanent(format!(
            "This Bitrix24 portal has been deleted. Its words: {}",
            reply.quote()
        ))),
        (_, Some("NO_AUTH_FOUND" | "INVALID_CREDENTIALS" | "expired_token")) => Err(waiting(
            "The inbound webhook in the URL is wrong, was deleted or has ended. Make a new one in Bitrix24 and put its URL \
             into this webhook",
            reply,
        )),
        (_, Some("insufficient_scope")) => {
            Err(waiting("The inbound webhook lacks the scope `crm`: tick CRM in its settings", reply))
        }
        // Of the lead that is there already, and not of others: the webhook must not wait for it.
        (403, Some(_)) if reply.step == "comment" => Err(Failure::permanent(format!(
            "Bitrix24 does not allow a comment on the known lead: the webhook's user has no access to it. Its words: {}",
            reply.quote()
        ))),
        (401 | 403, Some(_)) => Err(waiting(
            "Bitrix24 does not allow this: the webhook's user lacks a right, or the plan has no REST",
            reply,
        )),
        (401 | 403, None) => Err(waiting("Bitrix24 does not allow this and does not say why", reply)),
        (429 | 500.., _) => Err(Failure::retry(
            format!("Bitrix24 cannot do this now: {}", reply.quote()),
            reply.retry_after(),
        )),
        (_, Some(_)) => {
            Err(Failure::permanent(format!("Bitrix24 has refused the request. Its words: {}", reply.quote())))
        }
        (_, None) => Ok(()),
    }
}

/// The seconds until the method's running time counts anew, by the portal's own clock.
fn until_reset(body: &Value) -> u32 {
    let at = |pointer: &str| body.pointer(pointer).and_then(Value::as_f64);
    let secs = at("/time/operating_reset_at").zip(at("/time/start")).map(|(reset, now)| (reset - now).ceil());
    match secs {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 1 to 600")]
        Some(secs) if secs >= 1.0 && secs <= f64::from(OPERATING_WINDOW_SECS) => secs as u32,
        _ => OPERATING_WINDOW_SECS,
    }
}

/// Something that a person has to change at Bitrix24; then the lead arrives without further ado.
fn waiting(why: &str, reply: &Reply) -> Failure {
    Failure::retry(format!("{why}. Its words: {}", reply.quote()), Some(LONG_PAUSE_SECS))
}
