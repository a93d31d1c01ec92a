//! What went wrong with a call, in words that say what to do.

use std::error::Error as _;
use std::io;

use anyhow::anyhow;
use hookwright_api_types::problem::{InvalidBody, ProblemBody};
use http::{HeaderValue, StatusCode};
use reqwest::Url;

/// There was no answer.
pub(super) fn lost(server: &Url, error: reqwest::Error) -> anyhow::Error {
    let server = server.as_str().trim_end_matches('/');
    if is_refused_connection(&error) {
        return anyhow!(
            "no server answers at {server}; start one with `hookwright serve`, or name another with --server or \
             HOOKWRIGHT_SERVER"
        );
    }
    anyhow::Error::new(error.without_url()).context(format!("there is no answer of {server}"))
}

fn is_refused_connection(error: &reqwest::Error) -> bool {
    std::iter::successors(error.source(), |&cause| cause.source())
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::ConnectionRefused)
}

/// The answer is an error.
pub(super) fn refused(
    server: &Url,
    key: &Option<HeaderValue>,
    status: StatusCode,
    body: &[u8],
) -> anyhow::Error {
    let server = server.as_str().trim_end_matches('/');
    match (status, key) {
        (StatusCode::UNAUTHORIZED, None) => anyhow!(
            "{server} wants the admin key: set HOOKWRIGHT_ADMIN_KEY, or give --key; `hookwright serve` printed it at \
             its first start"
        ),
        (StatusCode::UNAUTHORIZED, Some(_)) => {
            anyhow!("{server} does not take this admin key: check HOOKWRIGHT_ADMIN_KEY, or --key")
        }
        _ => match serde_json::from_slice::<ProblemBody>(body) {
            Ok(problem) => anyhow!(describe(&problem)),
            Err(_) => anyhow!(
                "{server} answers {status}, but not as a Hookwright server does; check --server or HOOKWRIGHT_SERVER"
            ),
        },
    }
}

/// The detail, then each member that is wrong on a line of its own. A detail that only repeats them is left out.
fn describe(problem: &ProblemBody) -> String {
    let details: Vec<&str> = problem.errors.iter().map(|entry| entry.detail.as_str()).collect();
    let repeats = !details.is_empty() && details.join("; ") == problem.detail;
    let detail = (!repeats).then(|| problem.detail.clone());
    let entries = problem.errors.iter().map(|InvalidBody { pointer, detail }| match pointer.as_str() {
        "" => detail.clone(),
        pointer => format!("{pointer}: {detail}"),
    });
    detail.into_iter().chain(entries).collect::<Vec<_>>().join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(status: StatusCode, key: Option<&str>, body: &str) -> String {
        let server = Url::parse("http://127.0.0.1:8080/").unwrap();
        refused(&server, &key.map(HeaderValue::from_str).transpose().unwrap(), status, body.as_bytes())
            .to_string()
    }

    #[test]
    fn each_wrong_member_is_named_once() {
        let two = r#"{"title": "Unprocessable Content", "status": 422, "code": "invalid_input", "detail": "no; never",
            "errors": [{"pointer": "/url", "detail": "no"}, {"pointer": "/events/0", "detail": "never"}]}"#;
        assert_eq!(message(StatusCode::UNPROCESSABLE_ENTITY, None, two), "/url: no\n  /events/0: never");
        let own_detail = r#"{"title": "", "status": 422, "code": "invalid_input", "detail": "it is wrong", "errors": [{"pointer": "", "detail": "no event"}]}"#;
        assert_eq!(message(StatusCode::UNPROCESSABLE_ENTITY, None, own_detail), "it is wrong\n  no event");
        let plain =
            r#"{"title": "", "status": 404, "code": "not_found", "detail": "there is no such project"}"#;
        assert_eq!(message(StatusCode::NOT_FOUND, None, plain), "there is no such project");
    }

    #[test]
    fn a_missing_and_a_wrong_key_are_told_apart() {
        let body =
            r#"{"title": "", "status": 401, "code": "unauthorized", "detail": "this key is not valid"}"#;
        assert!(message(StatusCode::UNAUTHORIZED, None, body).contains("set HOOKWRIGHT_ADMIN_KEY"));
        let wrong = message(StatusCode::UNAUTHORIZED, Some("Bearer wrong"), body);
        assert!(wrong.contains("does not take this admin key"), "{wrong}");
        assert!(!wrong.contains("Bearer wrong"), "{wrong}");
    }

    #[test]
    fn the_answer_of_another_server_is_named_as_such() {
        let message = message(StatusCode::BAD_GATEWAY, None, "<html>");
        assert!(message.contains("http://127.0.0.1:8080 answers 502 Bad Gateway"), "{message}");
    }
}
