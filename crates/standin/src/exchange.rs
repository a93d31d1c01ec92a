//! A request as a target sees it, and the target's answer.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A request, read to its end.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query, as sent.
    pub uri: Uri,
    /// All headers, names in lower case.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Bytes,
}

impl Request {
    /// The path, as sent: percent-encoded, without the query.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The path and, if there is one, the query, as sent.
    pub fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
    }

    /// The value of a header; none if it is missing or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of `authorization: Bearer …`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// If it is not JSON.
    pub fn json(&self) -> serde_json::Result<Value> {
        serde_json::from_slice(&self.body)
    }

    /// The body as a value of this shape.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        if !self.is_json() {
            return Err(Unreadable::Undeclared);
        }
        let body = self.json().map_err(Unreadable::NotJson)?;
        T::deserialize(body).map_err(Unreadable::OtherShape)
    }

    /// Whether the body is declared as JSON, parameters such as a character set aside.
    pub(crate) fn is_json(&self) -> bool {
        let kind = self.header("content-type").and_then(|kind| kind.split(';').next());
        kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    }
}

/// Why a body cannot be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It is not declared as JSON.
    Undeclared,
    /// It is not JSON.
    NotJson(serde_json::Error),
    /// It is JSON of another shape.
    OtherShape(serde_json::Error),
}

/// What a target answers.
#[derive(Debug, Clone)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// An answer with an empty body.
    ///
    /// # Panics
    /// If `status` is not within 100–999.
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).expect("a status is within 100–999");
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// An answer in JSON.
    ///
    /// # Panics
    /// If `status` is not within 100–999.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::status(status).header("content-type", "application/json").body(body.to_string())
    }

    /// Adds a header.
    ///
    /// # Panics
    /// If `name` is not in lower case or `value` cannot stand in a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header's value is visible text");
        self.headers.append(HeaderName::from_static(name), value);
        self
    }

    /// Replaces the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn code(&self) -> u16 {
        self.status.as_u16()
    }

    /// The answer as an HTTP response.
    pub fn into_response(self) -> http::Response<Bytes> {
        let mut response = http::Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
