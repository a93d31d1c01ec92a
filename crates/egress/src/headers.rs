//! The headers of a request, as they are sent and as they are shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookwright_engine::ports::OutboundRequest;
use hookwright_model::redact::MASK;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::sign::signature;

const PRODUCT: HeaderValue = HeaderValue::from_static(concat!("Hookwright/", env!("CARGO_PKG_VERSION")));
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The headers of one request. `host`, `content-length` and what belongs to the connection are the client's.
pub(crate) struct Headers {
    /// As they are sent.
    pub(crate) sent: HeaderMap,
    /// As they are shown: in order of precedence, credentials masked.
    pub(crate) shown: Vec<(String, String)>,
}

impl Headers {
    /// Puts the headers together. Of two with the same name the first one wins: the protocol's own, the webhook's, the
    /// one that stands for the URL's user info, the plugin's, the defaults.
    pub(crate) fn compose(request: &OutboundRequest) -> Self {
        let mut headers = Self { sent: HeaderMap::with_capacity(16), shown: Vec::with_capacity(16) };
        headers.add_protocol(request);
        for (name, value) in request.custom_headers.iter() {
            headers.add_secret(name.clone(), value.clone());
        }
        if let Some(value) = basic_authorization(request.url.expose()) {
            headers.add_secret(AUTHORIZATION, value);
        }
        for (name, value) in &request.plugin_headers {
            headers.add(name.clone(), value.clone());
        }
        if request.body.is_some() {
            headers.add(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.add(ACCEPT, HeaderValue::from_static("*/*"));
        headers.add(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers
    }

    fn add_protocol(&mut self, request: &OutboundRequest) {
        let id = request.id.to_string();
        let timestamp_secs = request.sent_at.as_secs();
        let body = request.body.as_deref().unwrap_or_default();
        let signature = signature(&id, timestamp_secs, body, &request.secrets);
        self.add(WEBHOOK_ID, ascii(id));
        self.add(WEBHOOK_TIMESTAMP, HeaderValue::from(timestamp_secs));
        self.add(WEBHOOK_SIGNATURE, ascii(signature));
        self.add(USER_AGENT, PRODUCT);
    }

    fn add(&mut self, name: HeaderName, value: HeaderValue) {
        let shown = String::from_utf8_lossy(value.as_bytes()).into_owned();
        self.insert(name, value, shown);
    }

    fn add_secret(&mut self, name: HeaderName, mut value: HeaderValue) {
        value.set_sensitive(true);
        self.insert(name, value, MASK.to_owned());
    }

    fn insert(&mut self, name: HeaderName, value: HeaderValue, shown: String) {
        if !self.sent.contains_key(&name) {
            self.shown.push((name.as_str().to_owned(), shown));
            self.sent.insert(name, value);
        }
    }
}

/// The URL's user info as a header (RFC 7617), if it has one.
fn basic_authorization(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut credentials: Vec<u8> = percent_decode_str(url.username()).collect();
    credentials.push(b':');
    credentials.extend(percent_decode_str(url.password().unwrap_or_default()));
    Some(ascii(format!("Basic {}", STANDARD.encode(credentials))))
}

/// A value made of an identifier or of base64.
fn ascii(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("identifiers and base64 are visible ASCII")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use hookwright_model::{CustomHeaders, DeliveryId, ProjectId, SigningSecret, TargetUrl, Timestamp};
    use http::Method;

    use super::*;

    fn request(
        url: &str,
        custom: &[(&str, &str)],
        plugin: &[(&'static str, &'static str)],
    ) -> OutboundRequest {
        OutboundRequest {
            id: DeliveryId::from_bytes([1; 16]),
            project: ProjectId::from_bytes([1; 16]),
            sent_at: Timestamp::from_millis(1_700_000_000_999),
            secrets: vec![SigningSecret::from_random([7; 32])],
            method: Method::POST,
            url: TargetUrl::parse(url).unwrap(),
            webhook_url: TargetUrl::parse(url).unwrap(),
            custom_headers: CustomHeaders::parse(custom.iter().copied()).unwrap(),
            plugin_headers: plugin
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect(),
            body: Some(Bytes::from_static(b"{}")),
            timeout: Duration::from_secs(1),
        }
    }

    fn shown<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
        headers.shown.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn the_webhooks_headers_win_over_the_plugins_and_those_over_the_defaults() {
        let plugin = [("content-type", "text/plain"), ("prefer", "minimal"), ("webhook-id", "forged")];
        let headers = Headers::compose(&request("https://a.example", &[("Prefer", "full")], &plugin));
        assert_eq!(headers.sent["content-type"], "text/plain");
        assert_eq!(headers.sent["prefer"], "full");
        assert_eq!(headers.sent["webhook-id"], "dlv_01010101010101010101010101010101");
        assert_eq!(headers.sent["webhook-timestamp"], "1700000000");
        assert_eq!(shown(&headers, "prefer"), Some("***"));
        assert_eq!(shown(&headers, "content-type"), Some("text/plain"));

        let custom = [("content-type", "application/xml")];
        let headers = Headers::compose(&request("https://a.example", &custom, &plugin));
        assert_eq!(headers.sent["content-type"], "application/xml");
    }

    #[test]
    fn a_body_is_json_unless_somebody_says_otherwise() {
        let mut request = request("https://a.example", &[], &[]);
        assert_eq!(Headers::compose(&request).sent["content-type"], "application/json");
        request.body = None;
        assert!(!Headers::compose(&request).sent.contains_key("content-type"));
    }

    #[test]
    fn what_is_shown_is_what_is_sent() {
        let headers =
            Headers::compose(&request("https://a.example", &[("x-token", "s3cret")], &[("x-a", "1")]));
        assert_eq!(headers.shown.len(), headers.sent.len());
        for (name, value) in &headers.shown {
            let expected = if name == "x-token" { "s3cret" } else { value };
            assert_eq!(headers.sent[name.as_str()], expected, "{name}");
        }
    }

    #[test]
    fn user_info_becomes_a_masked_authorization() {
        let headers = Headers::compose(&request("https://al%40ice:p%C3%A4ss@a.example", &[], &[]));
        assert_eq!(headers.sent["authorization"], "Basic YWxAaWNlOnDDpHNz");
        assert_eq!(shown(&headers, "authorization"), Some("***"));

        let custom = [("authorization", "Bearer t")];
        let headers = Headers::compose(&request("https://alice@a.example", &custom, &[]));
        assert_eq!(headers.sent["authorization"], "Bearer t");
    }
}
