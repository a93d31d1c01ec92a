//! A small Bitrix24 portal: leads, contacts and comments, with the checks that Bitrix24 makes, and some that it should.

use hookwright_model::Timestamp;
use http::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::blank::first_blank;
use crate::exchange::{Answer, Request};
use crate::server::Target;
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

    fn records(&self) -> Vec<Shown> {
        let portal = self.portal.lock();
        let kinds = [
            ("contact", "id", &portal.contacts),
            ("lead", "id", &portal.leads),
            ("comment", "ID", &portal.comments),
        ];
        let shown = kinds.map(|(kind, id, records)| {
            records.iter().map(move |record| Shown::json(kind, &record[id], record))
        });
        shown.into_iter().flatten().collect()
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
