//! Building requests.

use serde::Serialize;

use crate::{Header, Method, Request, text};

impl Request {
    /// A POST to the webhook's URL, named `step` in the log; not idempotent until said so.
    pub fn post(step: &str) -> Self {
        Self::new(step, Method::Post)
    }

    /// A PATCH; not idempotent until said so.
    pub fn patch(step: &str) -> Self {
        Self::new(step, Method::Patch)
    }

    /// A PUT: idempotent by its definition.
    pub fn put(step: &str) -> Self {
        Self::new(step, Method::Put).idempotent()
    }

    /// A GET: idempotent by its definition.
    pub fn get(step: &str) -> Self {
        Self::new(step, Method::Get).idempotent()
    }

    fn new(step: &str, method: Method) -> Self {
        Self {
            step: step.to_owned(),
            method,
            path: None,
            headers: Vec::new(),
            body: None,
            accept: Vec::new(),
            idempotent: false,
        }
    }

    /// Appends `path` to the webhook's URL. What comes from outside does not belong here unchecked: see
    /// [`crate::Reply::id`] and [`Request::query`].
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Adds a query parameter after the path; `value` may be any text, `name` is a plain word.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let path = self.path.get_or_insert_default();
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(name);
        path.push('=');
        path.push_str(&text::url_part(value));
        self
    }

    /// Adds a header. The host refuses protocol headers and credentials: those are the webhook's.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Header { name: name.to_owned(), value: value.to_owned() });
        self
    }

    /// Sends `body` as JSON.
    ///
    /// # Panics
    /// If `body` cannot be JSON: a map with keys that are not text, or a failing `Serialize`.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_string(body).expect("text keys and a `Serialize` that succeeds"));
        self
    }

    /// Takes these statuses outside 200–299 as replies to look at, not as failures.
    #[must_use]
    pub fn accept(mut self, statuses: &[u16]) -> Self {
        self.accept.extend(statuses);
        self
    }

    /// Sending this twice does no harm.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_cannot_leave_their_place() {
        let request =
            Request::get("find").path("/search").query("term", "a b&c=d#e/é+").query("exact", "true");
        assert_eq!(request.path.as_deref(), Some("/search?term=a%20b%26c%3Dd%23e%2F%C3%A9%2B&exact=true"));
    }
}
