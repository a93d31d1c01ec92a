//! Where a webhook's requests go.

use std::fmt;

use url::Url;

use crate::header::visible;
use crate::shown::may_be_shown;

/// The URL that a webhook's owner gave: `http` or `https`, with a host, without a fragment. Every request of the
/// webhook stays below it. Its `Debug` and [`TargetUrl::masked`] forms hide what may be a credential.
#[derive(Clone)]
pub struct TargetUrl {
    url: Url,
    /// How many segments of the path are the owner's.
    own_segments: usize,
    /// How many parts of the query are the owner's.
    own_pairs: usize,
}

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
        Ok(Self::owned(url))
    }

    fn owned(url: Url) -> Self {
        let own_segments = url.path_segments().map_or(0, Iterator::count);
        let own_pairs = url.query().map_or(0, |query| query.split('&').count());
        Self { url, own_segments, own_pairs }
    }

    /// The URL itself, credentials included.
    pub fn expose(&self) -> &Url {
        &self.url
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
        let mut url = self.url.clone();
        if !path_part.is_empty() {
            let base = self.url.path().trim_end_matches('/');
            url.set_path(&format!("{base}/{}", path_part.trim_start_matches('/')));
        }
        if let Some(query) = query {
            let own = self.url.query().filter(|own| !own.is_empty());
            url.set_query(Some(&own.map_or_else(|| query.to_owned(), |own| format!("{own}&{query}"))));
        }
        // A slash at the owner's end is followed by the plugin's first segment.
        let own = Self::owned(self.url.clone());
        let own_segments = own.own_segments - usize::from(self.url.path().ends_with('/'));
        Ok(Self {
            url,
            own_segments,
            own_pairs: if self.url.query() == Some("") { 0 } else { own.own_pairs },
        })
    }

    /// The URL for people: its host, and of the owner's path and query what has a known shape. The rest may be a
    /// credential. A path that a plugin appended is shown, but for what looks like one; values of a query never are.
    pub fn masked(&self) -> String {
        let mut shown = format!("{}://", self.url.scheme());
        if !self.url.username().is_empty() || self.url.password().is_some() {
            shown.push_str("…@");
        }
        shown.push_str(self.url.host_str().unwrap_or_default());
        if let Some(port) = self.url.port() {
            shown.push_str(&format!(":{port}"));
        }
        for (index, segment) in self.url.path_segments().into_iter().flatten().enumerate() {
            let is_shown =
                if index < self.own_segments { may_be_shown(segment) } else { !looks_secret(segment) };
            shown.push('/');
            shown.push_str(if is_shown { segment } else { "…" });
        }
        let pairs = self.url.query().into_iter().flat_map(|query| query.split('&'));
        for (index, pair) in pairs.enumerate() {
            shown.push(if index == 0 { '?' } else { '&' });
            match pair.split_once('=') {
                Some((name, _)) if index >= self.own_pairs || may_be_shown(name) || name.len() <= 2 => {
                    shown.push_str(&format!("{name}=…"));
                }
                Some(_) => shown.push_str("…=…"),
                None => shown.push('…'),
            }
        }
        shown
    }

    /// Whether both URLs lead to the same server: scheme, host and port are the same.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.url.origin() == other.url.origin()
    }
}

impl PartialEq for TargetUrl {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for TargetUrl {}

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
            "https://hooks.slack.com/services/…/…/…"
        );
        assert_eq!(
            masked("https://api.telegram.org/bot123:abc/sendMessage"),
            "https://api.telegram.org/…/sendMessage"
        );
        assert_eq!(
            masked("https://example.bitrix24.com/rest/1/abcdefghijklmnop/crm.item.add"),
            "https://example.bitrix24.com/rest/1/…/crm.item.add"
        );
        assert_eq!(masked("https://u:p@a.example:8443/h?key=v&b"), "https://…@a.example:8443/…?key=…&…");
        assert_eq!(masked("https://a.example/SeCrEtPth8h?TOKEN"), "https://a.example/…?…");
        assert_eq!(masked("https://a.example/a.b.c9/?s3cr3t=1&x=2"), "https://a.example/…/?…=…&x=…");
        assert_eq!(masked("http://127.0.0.1:9000/hook"), "http://127.0.0.1:9000/hook");
    }

    #[test]
    fn a_plugins_path_is_shown_behind_the_owners() {
        let joined =
            |base: &str, path: &str| TargetUrl::parse(base).unwrap().join(Some(path)).unwrap().masked();
        let base = "https://a.example/s3cretpath/?t0ken=1";
        assert_eq!(joined(base, "/widgets/151?kind=new"), "https://a.example/…/widgets/151?…=…&kind=…");
        assert_eq!(joined("https://a.example", "/widgets"), "https://a.example/widgets");
        assert_eq!(joined("https://a.example/x9", "?kind=1"), "https://a.example/…?kind=…");
    }

    #[test]
    fn origins_are_told_apart() {
        let same = |a: &str, b: &str| TargetUrl::parse(a).unwrap().same_origin(&TargetUrl::parse(b).unwrap());
        assert!(same("https://a.example/x", "https://u:p@a.example:443/y?z"));
        for other in ["http://a.example/x", "https://b.example/x", "https://a.example:8443/x"] {
            assert!(!same("https://a.example/x", other), "{other}");
        }
    }

    #[test]
    fn odd_urls_are_refused_with_words() {
        for text in ["", "example.com/hook", "ftp://a.example", "https://a.example/#x"] {
            assert!(TargetUrl::parse(text).is_err(), "{text}");
        }
    }
}
