//! Request headers that people and plugins may add.

use std::fmt;

use http::{HeaderName, HeaderValue};

use crate::secret::Secret;

/// Who wants to add a header; the two have different rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderSource {
    /// The webhook's owner, in the webhook's settings.
    Webhook,
    /// A mapping plugin, in a request.
    Plugin,
}

/// The header cannot be added.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum HeaderError {
    /// Not a header name (RFC 9110, section 5.1).
    #[error("`{0}` is not a header name: letters, digits and hyphens are")]
    Name(String),
    /// Not a header value (RFC 9110, section 5.5).
    #[error("the value of `{0}` has a character that a header cannot carry, such as a line break")]
    Value(HeaderName),
    /// The host sets this header itself, or it belongs to the connection.
    #[error("`{0}` is set by Hookwright itself and cannot be given")]
    Reserved(HeaderName),
    /// Credentials are for the webhook's settings only.
    #[error("`{0}` carries credentials: only the webhook's custom headers may set it, not a plugin")]
    Credential(HeaderName),
    /// The same name twice.
    #[error("`{0}` is given twice")]
    Repeated(HeaderName),
    /// More headers than [`CustomHeaders::MAX`].
    #[error("there are more than {max} headers", max = CustomHeaders::MAX)]
    TooMany,
    /// A longer value than [`CustomHeaders::MAX_VALUE_BYTES`].
    #[error("the value of `{0}` is longer than {max} bytes", max = CustomHeaders::MAX_VALUE_BYTES)]
    TooLong(HeaderName),
}

/// Headers of the connection and of the host's own protocol: nobody else sets them (RFC 9110, section 7.6.1, and the
/// Standard Webhooks specification).
const RESERVED: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// How the names begin of headers for proxies, and of the Standard Webhooks specification.
const RESERVED_PREFIXES: [&str; 2] = ["proxy-", "webhook-"];

const CREDENTIALS: [&str; 2] = ["authorization", "cookie"];

/// Whether nobody but the host may set the header. An underscore counts as a hyphen: gateways in the manner of CGI make
/// both into the same variable, so that one could stand for the other.
fn is_reserved(name: &str) -> bool {
    let name = name.replace('_', "-");
    RESERVED.contains(&name.as_str()) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Parses one header and checks that its source may set it.
///
/// # Errors
/// What is wrong with the name or the value.
pub fn parse_header(
    source: HeaderSource,
    name: &str,
    value: &str,
) -> Result<(HeaderName, HeaderValue), HeaderError> {
    let parsed = HeaderName::from_bytes(name.trim().as_bytes())
        .map_err(|_| HeaderError::Name(name.chars().take(80).map(visible).collect()))?;
    if is_reserved(parsed.as_str()) {
        return Err(HeaderError::Reserved(parsed));
    }
    if source == HeaderSource::Plugin && CREDENTIALS.contains(&parsed.as_str()) {
        return Err(HeaderError::Credential(parsed));
    }
    if value.len() > CustomHeaders::MAX_VALUE_BYTES {
        return Err(HeaderError::TooLong(parsed));
    }
    match HeaderValue::from_str(value.trim()) {
        Ok(value) => Ok((parsed, value)),
        Err(_) => Err(HeaderError::Value(parsed)),
    }
}

/// The headers that a webhook's owner adds to every request. Every value counts as a secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CustomHeaders(Vec<(HeaderName, Secret<String>)>);

impl CustomHeaders {
    /// The most headers that one webhook may add.
    pub const MAX: usize = 32;
    /// The most bytes of one header's value: what servers commonly take.
    pub const MAX_VALUE_BYTES: usize = 8 * 1024;

    /// Parses the headers of a webhook.
    ///
    /// # Errors
    /// The name of the first header that is wrong, and what is wrong with it.
    pub fn parse<'a>(
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, (String, HeaderError)> {
        let mut parsed = Self::default();
        for (name, value) in headers {
            let fail = |error| Err((name.to_owned(), error));
            let header = match parse_header(HeaderSource::Webhook, name, value) {
                Ok((header, _)) => header,
                Err(error) => return fail(error),
            };
            if parsed.0.len() == Self::MAX {
                return fail(HeaderError::TooMany);
            }
            if parsed.0.iter().any(|(known, _)| *known == header) {
                return fail(HeaderError::Repeated(header));
            }
            parsed.0.push((header, Secret::new(value.trim().to_owned())));
        }
        Ok(parsed)
    }

    /// The value of a header, if the webhook sets it. It is marked as sensitive.
    pub fn get(&self, name: &HeaderName) -> Option<HeaderValue> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The headers as text, in the order in which they were given: what [`CustomHeaders::parse`] takes.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.expose().as_str()))
    }

    /// The headers in the order in which they were given. Values are marked as sensitive.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, HeaderValue)> {
        self.0.iter().map(|(name, value)| {
            let mut value = HeaderValue::from_str(value.expose()).expect("the value was parsed as one");
            value.set_sensitive(true);
            (name, value)
        })
    }
}

impl fmt::Debug for CustomHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// For error messages that quote text: what a terminal would obey is shown as a replacement character.
pub(crate) fn visible(c: char) -> char {
    if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_have_fewer_rights_than_owners() {
        assert!(parse_header(HeaderSource::Webhook, "Authorization", "Bearer x").is_ok());
        for name in [
            "authorization",
            "Cookie",
            "Host",
            "Content-Length",
            "webhook-id",
            "Proxy-Authorization",
            "te",
            "a b",
            "",
            "x\r\ny",
        ] {
            assert!(parse_header(HeaderSource::Plugin, name, "x").is_err(), "{name}");
        }
        assert!(parse_header(HeaderSource::Plugin, "prefer", "a\r\nb: c").is_err());
    }

    #[test]
    fn what_is_the_hosts_is_nobody_elses() {
        let names =
            ["Connection", "keep-alive", "Transfer_Encoding", "proxy-authorization", "proxy-x", "webhook-x"];
        for source in [HeaderSource::Webhook, HeaderSource::Plugin] {
            for name in names {
                assert!(matches!(parse_header(source, name, "x"), Err(HeaderError::Reserved(_))), "{name}");
            }
            assert!(parse_header(source, "x-proxy-webhook_id", "x").is_ok());
        }
    }

    #[test]
    fn custom_headers_survive_text() {
        let texts = [("x-tenant", "größe"), ("x-empty", "")];
        let headers = CustomHeaders::parse(texts).unwrap();
        assert_eq!(headers.texts().collect::<Vec<_>>(), texts);
    }

    #[test]
    fn custom_headers_are_unique_and_hidden() {
        let headers = CustomHeaders::parse([("X-Api-Token", "s3cret")]).unwrap();
        assert_eq!(format!("{headers:?}"), r#"["x-api-token"]"#);
        let (name, error) = CustomHeaders::parse([("a", "1"), ("A", "2")]).unwrap_err();
        assert_eq!((name.as_str(), error), ("A", HeaderError::Repeated(HeaderName::from_static("a"))));
    }
}
