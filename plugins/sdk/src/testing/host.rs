//! The host's rules for what a mapping answers. A rehearsal holds the delivery for the same reasons as the host.

use crate::{Header, Receipt, Request};

/// The host's limits.
const STEP_MAX_CHARS: usize = 64;
const PATH_MAX_BYTES: usize = 2_048;
const BODY_MAX_BYTES: usize = 1024 * 1024;
const HEADER_MAX_BYTES: usize = 8 * 1024;
const REFERENCE_MAX_CHARS: usize = 256;
const LINK_MAX_BYTES: usize = 2_048;

/// Headers of the connection and of the host's own protocol, and those that carry credentials.
const RESERVED: [&str; 12] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];
const RESERVED_PREFIXES: [&str; 2] = ["proxy-", "webhook-"];

/// The rule that the request breaks.
pub(super) fn check_request(request: &Request) -> Result<(), String> {
    if !is_shown(&request.step, STEP_MAX_CHARS) {
        return Err(format!(
            "the step name {:?} is not 1 to {STEP_MAX_CHARS} visible characters",
            request.step
        ));
    }
    check_path(request.path.as_deref().unwrap_or_default())?;
    if let Some(status) = request.accept.iter().find(|status| !(100..=599).contains(*status)) {
        return Err(format!("`accept` has {status}, which is not an HTTP status"));
    }
    if request.body.as_ref().is_some_and(|body| body.len() > BODY_MAX_BYTES) {
        return Err(format!("the body has more than {BODY_MAX_BYTES} bytes"));
    }
    request.headers.iter().enumerate().try_for_each(|(index, header)| {
        let is_repeated = |other: &Header| other.name.eq_ignore_ascii_case(&header.name);
        match request.headers[..index].iter().any(is_repeated) {
            true => Err(format!("the header {} is given twice", header.name)),
            false => check_header(header),
        }
    })
}

fn check_path(path: &str) -> Result<(), String> {
    let plain = path.split('?').next().unwrap_or_default().to_ascii_lowercase();
    let plain = plain.replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    let mut segments = plain.split('/').map(|segment| segment.split(';').next().unwrap_or_default());
    let is_unfit = |c: char| c.is_control() || matches!(c, '\\' | '#');
    let problem = match () {
        () if path.len() > PATH_MAX_BYTES => "is longer than 2048 bytes",
        () if path.chars().any(is_unfit) => "has a control character, `\\` or `#`",
        () if path.starts_with("//") || plain.contains("://") => "names another host",
        () if segments.any(|name| matches!(name, "." | "..")) => "has a `.` or `..` segment",
        () => return Ok(()),
    };
    Err(format!("the path {problem}: {path}"))
}

fn check_header(header: &Header) -> Result<(), String> {
    let Header { name, value } = header;
    let plain = name.to_ascii_lowercase().replace('_', "-");
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let problem = match () {
        () if name.is_empty() || !name.bytes().all(is_token) => "is not a header name",
        () if RESERVED.contains(&plain.as_str()) => "is set by the host or carries credentials",
        () if RESERVED_PREFIXES.iter().any(|prefix| plain.starts_with(prefix)) => "is set by the host",
        () if value.len() > HEADER_MAX_BYTES => "is too long",
        () if value.chars().any(|c| c.is_control() && c != '\t') => {
            "has a line break or another control character"
        }
        () => return Ok(()),
    };
    Err(format!("the header {name:?} {problem}"))
}

/// The rule that the receipt breaks.
pub(super) fn check_receipt(receipt: &Receipt) -> Result<(), String> {
    if let Some(reference) = &receipt.reference
        && !is_shown(reference, REFERENCE_MAX_CHARS)
    {
        return Err(format!(
            "the reference {reference:?} is not 1 to {REFERENCE_MAX_CHARS} visible characters"
        ));
    }
    match &receipt.url {
        Some(url)
            if url.len() > LINK_MAX_BYTES
                || !url.starts_with("http")
                || url.contains(char::is_whitespace) =>
        {
            Err(format!("the link {url:?} is not a web address of at most {LINK_MAX_BYTES} bytes"))
        }
        _ => Ok(()),
    }
}

fn is_shown(text: &str, max_chars: usize) -> bool {
    // The two joiners that scripts and emoji need may be within.
    let is_hidden =
        |c: char| c.is_control() || (crate::text::is_invisible(c) && !matches!(c, '\u{200c}' | '\u{200d}'));
    !text.trim().is_empty() && text.chars().count() <= max_chars && !text.chars().any(is_hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_refuses_is_refused() {
        let fit = || Request::post("create").path("/a/b?q=..").header("prefer", "x");
        assert_eq!(check_request(&fit()), Ok(()));
        for (request, words) in [
            (fit().header("Webhook-Id", "1"), "set by the host"),
            (fit().header("authorization", "x"), "credentials"),
            (fit().header("prefer", "y"), "twice"),
            (fit().header("x", "a\nb"), "line break"),
            (Request::post("create").path("/a/%2e%2E/b"), "segment"),
            (Request::post("create").path("/a%2F..%2Fb"), "segment"),
            (Request::post("create").path(format!("/{}", "x".repeat(2_048))), "2048"),
            (Request::post("").path("/a"), "step name"),
            (fit().accept(&[600]), "600"),
        ] {
            let found = check_request(&request).unwrap_err();
            assert!(found.contains(words), "{words}: {found}");
        }
        let receipt =
            |reference: &str, url: &str| Receipt { reference: Some(reference.into()), url: Some(url.into()) };
        assert_eq!(check_receipt(&receipt("lead/7", "https://example.com")), Ok(()));
        assert!(check_receipt(&receipt("a\u{200b}b", "https://example.com")).is_err());
        assert!(check_receipt(&receipt("lead/7", "javascript:x")).is_err());
    }
}
