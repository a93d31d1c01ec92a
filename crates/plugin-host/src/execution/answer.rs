//! What a plugin answers, the same for every version of the contract. Everything in an answer is foreign: it is checked
//! here, and an [`Action`] can be shown, stored and sent.

use bytes::Bytes;
use hookwright_engine::ports::MapError;
use hookwright_model::header::{HeaderSource, parse_header};
use hookwright_model::{Action, Failure, Receipt, StepRequest, TargetUrl};
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::limits::{
    MAX_REASON_CHARS, MAX_RECEIPT_URL_BYTES, MAX_REFERENCE_CHARS, MAX_STEP_CHARS, PluginLimits,
};
use crate::text::{excerpt, is_shown, without_controls};

/// An answer as a plugin gives it.
#[derive(Serialize, Deserialize)]
pub(crate) enum Answer {
    Deliver(Request),
    Call(Request),
    Done { reference: Option<String>, url: Option<String> },
    Skip(String),
    Permanent(String),
    Retry { reason: String, after_secs: Option<u32> },
}

/// A request as a plugin gives it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) step: String,
    pub(crate) method: Method,
    pub(crate) path: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
    pub(crate) accept: Vec<u16>,
    pub(crate) idempotent: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Method {
    Post,
    Put,
    Patch,
    Get,
}

impl Answer {
    /// The answer, if it keeps the rules.
    ///
    /// # Errors
    /// What the plugin failed with, or the first rule that its answer breaks.
    pub(crate) fn check(self, limits: &PluginLimits) -> Result<Action, MapError> {
        match self {
            Self::Deliver(request) => request.check(limits).map(Action::Deliver),
            Self::Call(request) => request.check(limits).map(Action::Call),
            Self::Done { reference, url } => receipt(reference, url).map(Action::Done),
            Self::Skip(text) => Ok(Action::Skip(reason(&text))),
            Self::Permanent(text) => Err(MapError::Plugin(Failure::Permanent(reason(&text)))),
            Self::Retry { reason: text, after_secs } => {
                Err(MapError::Plugin(Failure::Retry { reason: reason(&text), after_secs }))
            }
        }
    }
}

impl Request {
    fn check(self, limits: &PluginLimits) -> Result<StepRequest, MapError> {
        check_step(&self.step)?;
        check_path(self.path.as_deref())?;
        check_accept(&self.accept, limits)?;
        let body_bytes = self.body.as_ref().map_or(0, String::len);
        if body_bytes > limits.body_bytes {
            return over("body", body_bytes, limits.body_bytes, "bytes");
        }
        Ok(StepRequest {
            step: self.step,
            method: self.method.into(),
            path: self.path,
            headers: check_headers(&self.headers, limits)?,
            body: self.body.map(Bytes::from),
            accept: self.accept,
            idempotent: self.idempotent,
        })
    }
}

impl From<Method> for http::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Patch => Self::PATCH,
            Method::Get => Self::GET,
        }
    }
}

/// The receipt, if its texts can be shown and its link can be followed.
fn receipt(reference: Option<String>, url: Option<String>) -> Result<Receipt, MapError> {
    if let Some(reference) = &reference
        && !is_shown(reference, MAX_REFERENCE_CHARS)
    {
        return invalid(format!(
            "the receipt's reference is not 1 to {MAX_REFERENCE_CHARS} visible characters"
        ));
    }
    if let Some(url) = &url {
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        if url.len() > MAX_RECEIPT_URL_BYTES || !Url::parse(url).is_ok_and(|url| is_web(&url)) {
            return invalid(format!(
                "the receipt's url `{}` is not an http:// or https:// URL of at most {MAX_RECEIPT_URL_BYTES} bytes",
                excerpt(url)
            ));
        }
    }
    // The parsed form has no control characters, spaces or quotes, whatever was given.
    let url = url.and_then(|url| Url::parse(&url).ok()).map(String::from);
    Ok(Receipt { reference, url })
}

/// A reason for people: characters that show nothing become spaces, and a long text is cut.
fn reason(text: &str) -> String {
    let mut clean = without_controls(text.trim());
    let mut reason: String = clean.by_ref().take(MAX_REASON_CHARS).collect();
    if clean.next().is_some() {
        reason.push('…');
    }
    if reason.is_empty() { "the plugin gave no reason".into() } else { reason }
}

fn check_step(step: &str) -> Result<(), MapError> {
    if is_shown(step, MAX_STEP_CHARS) {
        return Ok(());
    }
    invalid(format!("the step name `{}` is not 1 to {MAX_STEP_CHARS} visible characters", excerpt(step)))
}

/// Checks the path against a stand-in for the webhook's URL, which the plugin must not know. Whether the joined URL is
/// too long for the real one is seen when it is joined.
fn check_path(path: Option<&str>) -> Result<(), MapError> {
    let Ok(base) = TargetUrl::parse("https://webhook.invalid/base") else {
        return Err(MapError::Unavailable("the host's stand-in URL does not parse".into()));
    };
    base.join(path).map(drop).or_else(|error| invalid(error.to_string()))
}

fn check_accept(accept: &[u16], limits: &PluginLimits) -> Result<(), MapError> {
    if accept.len() > limits.accepted_statuses {
        return over("`accept` list", accept.len(), limits.accepted_statuses, "statuses");
    }
    match accept.iter().find(|status| !(100..=599).contains(*status)) {
        Some(status) => invalid(format!("`accept` has {status}, which is not an HTTP status (100 to 599)")),
        None => Ok(()),
    }
}

fn check_headers(
    headers: &[(String, String)],
    limits: &PluginLimits,
) -> Result<Vec<(HeaderName, HeaderValue)>, MapError> {
    if headers.len() > limits.headers {
        return over("request", headers.len(), limits.headers, "headers");
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > limits.header_bytes {
        return over("headers", bytes, limits.header_bytes, "bytes in all");
    }
    let mut checked: Vec<(HeaderName, HeaderValue)> = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let header = parse_header(HeaderSource::Plugin, name, value)
            .or_else(|error| invalid(format!("header: {error}")))?;
        if checked.iter().any(|(known, _)| *known == header.0) {
            return invalid(format!("header: `{}` is given twice", header.0));
        }
        checked.push(header);
    }
    Ok(checked)
}

fn invalid<T>(message: String) -> Result<T, MapError> {
    Err(MapError::Invalid(message))
}

fn over<T>(what: &str, has: usize, max: usize, unit: &str) -> Result<T, MapError> {
    Err(MapError::Limit(format!("the {what} has {has} {unit}; at most {max} are allowed")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request {
            step: "create".into(),
            method: Method::Post,
            path: Some("/contacts?x=1".into()),
            headers: vec![("Prefer".into(), "return=minimal".into())],
            body: Some("{}".into()),
            accept: vec![409],
            idempotent: false,
        }
    }

    fn refusal(change: impl FnOnce(&mut Request)) -> String {
        let mut request = request();
        change(&mut request);
        request.check(&PluginLimits::default()).unwrap_err().to_string()
    }

    #[test]
    fn a_sound_request_passes_unchanged() {
        let checked = request().check(&PluginLimits::default()).unwrap();
        assert_eq!(checked.headers[0].0, "prefer");
        assert_eq!(checked.body.as_deref(), Some(b"{}".as_slice()));
        assert_eq!(checked.path.as_deref(), Some("/contacts?x=1"));
    }

    #[test]
    fn a_request_that_leads_elsewhere_or_smuggles_is_refused() {
        for path in
            ["//evil.example", "https://evil.example/", "/../x", "/a\r\nb", "/a#b", "/%2e%2e/x", "/a\\b"]
        {
            assert!(refusal(|r| r.path = Some(path.into())).contains("below"), "{path}");
        }
        for (name, value) in [
            ("host", "evil.example"),
            ("Authorization", "x"),
            ("transfer-encoding", "chunked"),
            ("x\r\ny", "z"),
            ("x", "a\r\nb: c"),
            ("x", "\0"),
            ("webhook-signature", "v1,x"),
            ("Proxy-Authorization", "x"),
            ("keep_alive", "x"),
        ] {
            assert!(refusal(|r| r.headers = vec![(name.into(), value.into())]).contains("header"), "{name}");
        }
        assert!(refusal(|r| r.headers.push(("prefer".into(), "x".into()))).contains("twice"));
        assert!(refusal(|r| r.accept.push(600)).contains("600"));
        for step in ["", "  ", "a\nb", "a\u{202e}b", "a\u{200b}", &"x".repeat(MAX_STEP_CHARS + 1)] {
            assert!(refusal(|r| r.step = step.into()).contains("step name"), "{step:?}");
        }
    }

    #[test]
    fn sizes_are_limited_and_the_limit_is_named() {
        let limits = PluginLimits::default();
        assert!(refusal(|r| r.body = Some("x".repeat(limits.body_bytes + 1))).contains("1048576"));
        assert!(refusal(|r| r.accept = vec![409; 65]).contains("64"));
        assert!(refusal(|r| r.headers = vec![("a".into(), "x".repeat(20_000))]).contains("16384"));
        let many = (0..33).map(|n| (format!("x-{n}"), String::new())).collect();
        assert!(refusal(|r| r.headers = many).contains("32"));
    }

    #[test]
    fn receipts_link_to_the_web_only() {
        let link = |url: &str| receipt(None, Some(url.into())).map(|receipt| receipt.url);
        assert_eq!(link("https://app.example/#/c/1"), Ok(Some("https://app.example/#/c/1".into())));
        assert_eq!(link("https://a.example/\"><b>"), Ok(Some("https://a.example/%22%3E%3Cb%3E".into())));
        for url in ["javascript:alert(1)", "data:text/html,x", "/c/1", "", "ftp://a.example"] {
            assert!(link(url).is_err(), "{url}");
        }
        assert!(receipt(Some("contact/1\n".into()), None).is_err());
    }

    #[test]
    fn reasons_are_one_line_of_bounded_length() {
        assert_eq!(reason(" a\r\nb "), "a  b");
        assert_eq!(
            reason("not\u{202e}sent \u{1f468}\u{200d}\u{1f467}"),
            "not sent \u{1f468}\u{200d}\u{1f467}"
        );
        assert_eq!(reason(" \n"), "the plugin gave no reason");
        assert_eq!(reason(&"é".repeat(2_000)).chars().count(), MAX_REASON_CHARS + 1);
    }
}
