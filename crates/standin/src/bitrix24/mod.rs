//! A small Bitrix24 portal: leads, contacts and comments, with the checks that Bitrix24 makes, and some that it should.

use hookwright_model::Timestamp;
use http::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::blank::first_blank;
use crate::exchange::{Answer, Request};
use crate::scripted::Target;
use crate::trouble::Trouble;
use crate::vendor::{Connection, Shown, Vendor};

mod fields;
mod portal;
mod refusal;

use portal::Portal;
use refusal::Refusal;

/// A Bitrix24 portal with one inbound webhook of its first user, and the lists of sources and stages that a new portal has.
/// Its time is a second after the documentation's sample event.
///
/// Bitrix24 drops unknown members without a word. This one refuses them, so that a misspelt one is found.
#[derive(Debug)]
pub struct Bitrix24 {
    base_path: String,
    portal: Mutex<Portal>,
}

impl Bitrix24 {
    /// The employees; the first one made the webhook.
    pub const USERS: [u64; 2] = [1, 7];

    /// An empty portal; the webhook's URL ends in this secret.
    pub fn new(secret: &str) -> Self {
        Self { base_path: format!("/rest/{}/{secret}", Self::USERS[0]), portal: Mutex::default() }
    }

    /// The portal at another time: what new records get as their time of creation.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.portal.get_mut().now = now;
        self
    }

    /// The portal with a contact that has this phone number and address.
    #[must_use]
    pub fn with_contact(mut self, phone: &str, email: &str) -> Self {
        self.portal.get_mut().add_contact(phone, email);
        self
    }

    /// The leads in the names of the current methods, oldest first.
    pub fn leads(&self) -> Vec<Value> {
        self.portal.lock().leads.clone()
    }

    /// The comments on leads, oldest first.
    pub fn comments(&self) -> Vec<Value> {
        self.portal.lock().comments.clone()
    }
}

impl Target for Bitrix24 {
    fn answer(&self, request: &Request) -> Answer {
        let mut portal = self.portal.lock();
        let result = self.method(request).and_then(|method| call(&mut portal, method, request));
        let time = portal.time();
        match result {
            Ok(mut body) => {
                body["time"] = time;
                Answer::json(200, &body)
            }
            Err(refusal) => refusal.answer(),
        }
    }

    fn base_path(&self) -> &str {
        &self.base_path
    }
}

impl Bitrix24 {
    /// The method that the path names.
    fn method<'a>(&self, request: &'a Request) -> Result<&'a str, Refusal> {
        let method = request.path().strip_prefix(&self.base_path).and_then(|rest| rest.strip_prefix('/'));
        let method = method.ok_or_else(Refusal::unauthenticated)?;
        Ok(method.strip_suffix(".json").unwrap_or(method))
    }
}

impl Vendor for Bitrix24 {
    fn connection(&self) -> Connection {
        Connection { plugin: Some("bitrix24"), settings: json!({}), headers: [].into() }
    }

    /// Bitrix24's rate limit is a 503, and it names no pause.
    fn too_many_requests(&self) -> Answer {
        Refusal::too_many_requests().answer()
    }

    fn troubles(&self) -> Vec<Trouble> {
        let answer = |status, code, words| Refusal::new(status, code, words).answer();
        let out_of_time = "Method is blocked due to operation time limit.";
        vec![
            Trouble::later("too-fast", 0, Refusal::too_many_requests().answer()),
            Trouble::later("operation-time-limit", 0, answer(429, "OPERATION_TIME_LIMIT", out_of_time)),
            Trouble::later(
                "internal-error",
                0,
                answer(500, "INTERNAL_SERVER_ERROR", "Internal server error"),
            ),
            Trouble::person(
                "blocked-by-hand",
                answer(503, "OVERLOAD_LIMIT", "REST API is blocked due to overload."),
            ),
            Trouble::person("webhook-deleted", answer(401, "NO_AUTH_FOUND", "Wrong authorization data")),
            Trouble::person(
                "webhook-ended",
                answer(401, "expired_token", "The access token provided has expired."),
            ),
            Trouble::person(
                "scope-missing",
                answer(403, "insufficient_scope", "The request requires higher privileges"),
            ),
            Trouble::person(
                "plan-without-rest",
                answer(403, "ACCESS_DENIED", "REST is available only on commercial plans."),
            ),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        let portal = self.portal.lock();
        Shown::all([
            ("contact", "id", &portal.contacts),
            ("lead", "id", &portal.leads),
            ("comment", "ID", &portal.comments),
        ])
    }
}

/// The result of a method, as the member `result` of an object that may have others beside it.
fn call(portal: &mut Portal, method: &str, request: &Request) -> Result<Value, Refusal> {
    let method = portal::METHODS.iter().find(|(name, _)| *name == method);
    let (_, method) = method.ok_or_else(Refusal::unknown_method)?;
    if request.method != Method::POST || !request.is_json() {
        return Err(Refusal::invalid("INVALID_REQUEST", "a method is called with POST and JSON"));
    }
    let body = request.json().map_err(|error| Refusal::invalid("INVALID_REQUEST", &error.to_string()))?;
    if let Some(blank) = first_blank(&body) {
        return Err(Refusal::invalid("100", &format!("{blank} is empty: leave it out")));
    }
    method(portal, body)
}
