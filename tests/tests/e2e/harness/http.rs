//! A small HTTP client.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// A client with connections of its own.
#[derive(Clone)]
pub(crate) struct Http(Client<HttpConnector, Full<Bytes>>);

impl Http {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Sends a request and reads the whole answer; none if the connection breaks before its end.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Answer, Error> {
        let what = format!("{} {}", request.method(), request.uri());
        let (head, body) = self.0.request(request.map(Full::new)).await?.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Ok(Answer { what, status: head.status.as_u16(), headers: head.headers, body })
    }
}

/// A request with these headers.
pub(crate) fn request(method: &str, url: &str, headers: &[(&str, &str)], body: Bytes) -> Request<Bytes> {
    let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).unwrap()
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    what: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The JSON of an answer with this status.
    pub(crate) fn json(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{}: {text}", self.what);
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}: not JSON: {text}", self.what))
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("{}: no {name}", self.what)).to_str().unwrap()
    }

    /// The problem details of a refusal with this status and code.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.json(status);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.what);
        assert_eq!((&problem["status"], &problem["code"]), (&status.into(), &code.into()), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        problem
    }

    /// The refusal of a request whose member at this JSON pointer is wrong, in words that have `words` among them.
    pub(crate) fn refuses(&self, pointer: &str, words: &str) {
        let problem = self.problem(422, "invalid_input");
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors: {problem}"));
        let is_named = |error: &Value| {
            error["pointer"] == pointer
                && error["detail"].as_str().is_some_and(|detail| detail.contains(words))
        };
        assert!(errors.iter().any(is_named), "{}: not `{pointer}` with `{words}`: {problem}", self.what);
    }
}
