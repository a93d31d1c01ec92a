//! Where a webhook's requests go.

use std::fmt;

use url::Url;

use crate::header::visible;

/// The URL that a webhook's owner gave: `http` or `https`, with a host, without a fragment. Every request of the
/// webhook stays below it. Its `Debug` and [`TargetUrl::masked`] forms hide what may be a credential.
#[derive(Clone, PartialEq, Eq)]
pub struct TargetUrl(Url);

/// The text is not usable as a webhook's URL.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum TargetUrlError {
    /// Not a URL at all.
    #[error("this is not a URL ({0}); paste the whole address, such as https://example.com/hook")]
    Syntax(url::ParseError),
    /// Another scheme than `http` and `https`.
    #[error("the URL must start with https:// (or http://), not {0}:")]
    Scheme(String),
    /// A fragment never reaches the server.
    #[error("the URL must not have a fragment (the part from `#` on): it would never reach the target")]
    Fragment,
    /// More bytes than [`TargetUrl::MAX_BYTES`].
    #[error("the URL is longer than {max} bytes", max = TargetUrl::MAX_BYTES)]
    TooLong,
}

/// A plugin asked for a path outside the webhook's URL.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("the path `{path}` {problem}; a plugin's path is appended to the webhook's URL and stays below it")]
pub struct PathError {
    path: String,
    problem: &'static str,
}

impl TargetUrl {
    /// The most bytes of a URL: what servers and proxies commonly take.
    pub const MAX_BYTES: usize = 2_048;

    /// Parses a URL.
    ///
    /// # Errors
    /// What is wrong with it, in words for the webhook's owner.
    pub fn parse(text: &str) -> Result<Self, TargetUrlError> {
        let text = text.trim();
        if text.len() > Self::MAX_BYTES {
            return Err(TargetUrlError::TooLong);
        }
        let url = Url::parse(text).map_err(TargetUrlError::Syntax)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(TargetUrlError::Scheme(url.scheme().to_owned()));
        }
        if url.fragment().is_some() {
            return Err(TargetUrlError::Fragment);
        }
        Ok(Self(url))
    }

    /// The URL itself, credentials included.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// This URL with a plugin's path (and query, if it has one) appended; the URL's own query is kept, first.
    ///
    /// # Errors
    /// When the path would lead anywhere but below this URL.
    pub fn join(&self, path: Option<&str>) -> Result<Self, PathError> {
        let Some(path) = path else { return Ok(self.clone()) };
        let refuse =
            |problem| Err(PathError { path: path.chars().take(120).map(visible).collect(), problem });
        if path.len() > Self::MAX_BYTES {
            return refuse("is longer than 2048 bytes");
        }
        if path.chars().any(|c| c.is_control() || c == '\\' || c == '#') {
            return refuse("has a control character, `\\` or `#`");
        }
        let (path_part, query) = match path.split_once('?') {
            Some((path_part, query)) => (path_part, Some(query)),
            None => (path, None),
        };
        if path_part.starts_with("//") || path_part.contains("://") {
            return refuse("names another host");
        }
        if leaves_the_folder(path_part) {
            return refuse("has a `.` or `..` segment");
        }
        let mut url = self.0.clone();
        if !path_part.is_empty() {
            let base = self.0.path().trim_end_matches('/');
            url.set_path(&format!("{base}/{}", path_part.trim_start_matches('/')));
        }
        if let Some(query) = query {
            let own = self.0.query().filter(|own| !own.is_empty());
            url.set_query(Some(&own.map_or_else(|| query.to_owned(), |own| format!("{own}&{query}"))));
        }
        Ok(Self(url))
    }

    /// The URL for people: without user info and query values, and with path segments that look like tokens cut to
    /// their first characters.
    pub fn masked(&self) -> String {
        let mut shown = format!("{}://", self.0.scheme());
        if !self.0.username().is_empty() || self.0.password().is_some() {
            shown.push_str("…@");
        }
        shown.push_str(self.0.host_str().unwrap_or_default());
        if let Some(port) = self.0.port() {
            shown.push_str(&format!(":{port}"));
        }
        for segment in self.0.path_segments().into_iter().flatten() {
            shown.push('/');
            if looks_secret(segment) {
                shown.extend(segment.chars().take(4));
                shown.push('…');
            } else {
                shown.push_str(segment);
            }
        }
        for (index, (name, _)) in self.0.query_pairs().enumerate() {
            shown.push(if index == 0 { '?' } else { '&' });
            shown.push_str(&format!("{name}=…"));
        }
        shown
    }
}

/// Whether a URL parser or a server behind a proxy would take a segment for `.` or `..`: percent-encoded, between encoded
/// slashes or backslashes, or with a parameter behind (`..;x`), which some servers cut off first.
fn leaves_the_folder(path: &str) -> bool {
    let plain = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    let segments = plain.split('/').map(|segment| segment.split(';').next().unwrap_or_default());
    segments.into_iter().any(|name| name == "." || name == "..")
}

/// Whether a path segment may hold a credential: long, without a dot, and with letters and digits mixed; longer than words
/// are, without anything between (one in 200 of Bitrix24's secrets happens to have no digit); or with a colon as
/// Telegram's bot tokens have it. Slack, Bitrix24, Make and Zapier all put their secret into the path.
fn looks_secret(segment: &str) -> bool {
    let long = segment.len() >= 12 && !segment.contains('.');
    let digits = segment.chars().any(|c| c.is_ascii_digit());
    let letters = segment.chars().any(|c| c.is_ascii_alphabetic());
    let unbroken = segment.len() >= 16 && segment.chars().all(|c| c.is_ascii_alphanumeric());
    segment.contains(':') || (long && digits && letters) || unbroken || segment.len() >= 32
}

impl fmt::Debug for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TargetUrl({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(base: &str, path: &str) -> Result<String, PathError> {
        TargetUrl::parse(base).unwrap().join(Some(path)).map(|url| url.expose().to_string())
    }

    #[test]
    fn paths_are_appended_below_the_url() {
        assert_eq!(join("https://a.example/api/", "/v2/x"), Ok("https://a.example/api/v2/x".into()));
        assert_eq!(join("https://a.example", "v2/x?b=2"), Ok("https://a.example/v2/x?b=2".into()));
        assert_eq!(join("https://a.example/h?k=1", "/x?b=2"), Ok("https://a.example/h/x?k=1&b=2".into()));
        assert_eq!(join("https://a.example/h?k=1", "?b=2"), Ok("https://a.example/h?k=1&b=2".into()));
        assert_eq!(join("https://a.example/h", "/x@y:z"), Ok("https://a.example/h/x@y:z".into()));
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in [
            "//evil.example/x",
            "https://evil.example",
            "/../x",
            "/a/%2e%2E/x",
            "/a/.",
            "/a/..%2Fx",
            "/a%5c%2e./x",
            "/..;a=b/x",
            "/a\\b",
            "/a#b",
            "/a\r\nb",
        ] {
            assert!(join("https://a.example/api", path).is_err(), "{path}");
        }
    }

    #[test]
    fn masked_hides_credentials() {
        let masked = |text: &str| TargetUrl::parse(text).unwrap().masked();
        assert_eq!(
            masked("https://hooks.slack.com/services/T000/B000/Abc123def456ghi"),
            "https://hooks.slack.com/services/T000/B000/Abc1…"
        );
        assert_eq!(
            masked("https://api.telegram.org/bot123:abc/sendMessage"),
            "https://api.telegram.org/bot1…/sendMessage"
        );
        assert_eq!(
            masked("https://example.bitrix24.com/rest/1/abcdefghijklmnop/crm.item.add"),
            "https://example.bitrix24.com/rest/1/abcd…/crm.item.add"
        );
        assert_eq!(masked("https://u:p@a.example:8443/h?key=v&b"), "https://…@a.example:8443/h?key=…&b=…");
        assert_eq!(masked("http://127.0.0.1:9000/hook"), "http://127.0.0.1:9000/hook");
    }

    #[test]
    fn odd_urls_are_refused_with_words() {
        for text in ["", "example.com/hook", "ftp://a.example", "https://a.example/#x"] {
            assert!(TargetUrl::parse(text).is_err(), "{text}");
        }
    }
}
