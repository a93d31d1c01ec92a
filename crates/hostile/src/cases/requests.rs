//! Requests that would reach something else than what is below the webhook's URL, or be read as more than one.

use crate::answer::Answer;
use crate::case::{Case, Verdict};
use crate::guest::Guest;

const PATH: &str = "requests stay below the webhook's URL";
const HEADER: &str = "headers of a plugin";

/// A case whose request has this path.
macro_rules! path {
    ($name:literal, $path:literal, $verdict:ident, $words:literal) => {
        Case {
            name: $name,
            limit: PATH,
            verdict: Verdict::$verdict,
            words: &[$words],
            build: || Guest::answering(&Answer::to($path)),
        }
    };
}

/// A case whose request has this header.
macro_rules! header {
    ($name:literal, $header:literal, $value:literal, $words:literal) => {
        Case {
            name: $name,
            limit: HEADER,
            verdict: Verdict::Invalid,
            words: &["header", $words],
            build: || Guest::answering(&Answer::header($header, $value)),
        }
    };
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        path!("path-to-the-parent", "/../admin", Invalid, "`..` segment"),
        path!("path-to-the-parent-encoded", "/x/%2E%2e/admin", Invalid, "`..` segment"),
        path!("path-to-the-parent-by-backslash", "/..\\admin", Invalid, "below"),
        path!("path-to-another-host", "//evil.example/x", Invalid, "another host"),
        path!("path-that-is-a-url", "https://evil.example/x", Invalid, "another host"),
        path!("path-with-fragment", "/x#y", Invalid, "`#`"),
        path!(
            "path-with-line-break",
            "/x HTTP/1.1\r\nhost: evil.example\r\n\r\n",
            Invalid,
            "control character"
        ),
        path!("path-with-nul", "/x\0y", Invalid, "control character"),
        path!("path-with-user-info", "@evil.example/x", Harmless, "@evil.example/x"),
        path!("path-with-port", ":8080/x", Harmless, ":8080/x"),
        header!("header-value-with-line-break", "x-a", "b\r\nhost: evil.example", "line break"),
        header!("header-value-with-nul", "x-a", "b\0c", "cannot carry"),
        header!("header-name-with-line-break", "x-a: b\r\nhost", "evil.example", "not a header name"),
        header!("header-name-empty", "", "x", "not a header name"),
        header!("header-host", "Host", "evil.example", "set by Hookwright itself"),
        header!("header-authorization", "Authorization", "Bearer stolen", "credentials"),
        header!("header-cookie", "cookie", "a=b", "credentials"),
        header!(
            "header-proxy-authorization",
            "proxy-authorization",
            "Basic eDp5",
            "set by Hookwright itself"
        ),
        header!("header-transfer-encoding", "transfer-encoding", "chunked", "set by Hookwright itself"),
        header!("header-content-length", "content-length", "0", "set by Hookwright itself"),
        header!("header-connection", "connection", "close", "set by Hookwright itself"),
        header!("header-upgrade", "upgrade", "websocket", "set by Hookwright itself"),
        header!("header-signature", "webhook-signature", "v1,x", "set by Hookwright itself"),
        Case {
            name: "header-given-twice",
            limit: HEADER,
            verdict: Verdict::Invalid,
            words: &["`x-a` is given twice"],
            build: || {
                let twice = [("x-a", "1"), ("X-A", "2")].map(|(name, value)| (name.into(), value.into()));
                Guest::answering(&Answer::request().but(|_, _, headers| headers.extend(twice)))
            },
        },
    ]
}
