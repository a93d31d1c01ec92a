//! Answers of a size or kind that nobody should have to keep.

use bytes::Bytes;

use crate::answer::{Answer, le_bytes};
use crate::case::{Case, Verdict};
use crate::guest::Guest;
use crate::memory::TEXT;

/// Where such a guest has nothing but zeros, for megabytes.
const ZEROS: u32 = 1 << 20;
const TRANSFER: &str = "bytes of one answer";

pub(super) fn cases() -> Vec<Case> {
    [sizes(), texts()].concat()
}

fn sizes() -> Vec<Case> {
    vec![
        Case {
            name: "body-too-large",
            limit: "body of a request",
            verdict: Verdict::Limit,
            words: &["the body has 1048577 bytes; at most 1048576"],
            build: || request_with(&[1, ZEROS, 1_048_577], [0, 0], [0, 0]),
        },
        Case {
            name: "body-of-many-megabytes",
            limit: TRANSFER,
            verdict: Verdict::Limit,
            words: &["KiB in one answer"],
            build: || request_with(&[1, 65_536, 6 << 20], [0, 0], [0, 0]),
        },
        Case {
            name: "too-many-headers",
            limit: "headers of a request",
            verdict: Verdict::Limit,
            words: &["33 headers; at most 32"],
            build: || {
                let headers: Vec<_> = (0..33).map(|n| (format!("x-{n}"), String::new())).collect();
                Guest::answering(&Answer::request().but(|_, _, given| *given = headers))
            },
        },
        Case {
            name: "headers-too-large",
            limit: "bytes of all headers",
            verdict: Verdict::Limit,
            words: &["at most 16384"],
            build: || {
                let headers: Vec<_> = (0..4).map(|n| (format!("x-{n}"), "x".repeat(5_000))).collect();
                Guest::answering(&Answer::request().but(|_, _, given| *given = headers))
            },
        },
        Case {
            name: "hundred-thousands-of-empty-headers",
            limit: TRANSFER,
            verdict: Verdict::Limit,
            words: &["KiB in one answer"],
            build: || request_with(&[0; 3], [65_536, 350_000], [0, 0]),
        },
        Case {
            name: "ten-thousands-of-empty-headers",
            limit: "headers of a request",
            verdict: Verdict::Limit,
            words: &["20000 headers; at most 32"],
            build: || request_with(&[0; 3], [ZEROS, 20_000], [0, 0]),
        },
        Case {
            name: "million-statuses",
            limit: "`accept` statuses",
            verdict: Verdict::Limit,
            words: &["1000000 statuses; at most 64"],
            build: || request_with(&[0; 3], [0, 0], [ZEROS, 1_000_000]),
        },
        Case {
            name: "status-that-is-none",
            limit: "`accept` statuses",
            verdict: Verdict::Invalid,
            words: &["not an HTTP status"],
            build: || request_with(&[0; 3], [0, 0], [ZEROS, 1]),
        },
        Case {
            name: "path-too-long",
            limit: "path",
            verdict: Verdict::Invalid,
            words: &["longer than 2048 bytes"],
            build: || Guest::answering(&Answer::to(&format!("/{}", "x".repeat(3_000)))),
        },
        Case {
            name: "call-without-end",
            limit: "calls of a delivery: held at the ninth",
            verdict: Verdict::Harmless,
            words: &["Call("],
            build: || {
                let mut answer = Answer::request();
                if let Answer::Request { call, .. } = &mut answer {
                    *call = true;
                }
                Guest::answering(&answer)
            },
        },
    ]
}

fn texts() -> Vec<Case> {
    vec![
        Case {
            name: "step-name-empty",
            limit: "step name",
            verdict: Verdict::Invalid,
            words: &["step name"],
            build: || step(""),
        },
        Case {
            name: "step-name-with-line-break",
            limit: "step name",
            verdict: Verdict::Invalid,
            words: &["step name `a\\r\\nb`"],
            build: || step("a\r\nb"),
        },
        Case {
            name: "step-name-too-long",
            limit: "step name",
            verdict: Verdict::Invalid,
            words: &["64 visible characters"],
            build: || step(&"x".repeat(65)),
        },
        Case {
            name: "reason-without-end",
            limit: "reason of a skip or failure",
            verdict: Verdict::Harmless,
            words: &["Skip(\"xxx", "x…\""],
            build: || Guest::answering(&Answer::Skip("x".repeat(50_000))),
        },
        Case {
            name: "reason-with-escape-codes",
            limit: "reason of a skip or failure",
            verdict: Verdict::Harmless,
            words: &["Permanent(\"a [31m b\")"],
            build: || Guest::answering(&Answer::Permanent("a\x1b[31m\nb".into())),
        },
        Case {
            name: "receipt-link-to-a-script",
            limit: "receipt",
            verdict: Verdict::Invalid,
            words: &["not an http:// or https:// URL"],
            build: || Guest::answering(&Answer::Done(None, Some("javascript:alert(1)".into()))),
        },
        Case {
            name: "receipt-link-to-a-file",
            limit: "receipt",
            verdict: Verdict::Invalid,
            words: &["not an http:// or https:// URL"],
            build: || Guest::answering(&Answer::Done(None, Some("file:///etc/passwd".into()))),
        },
        Case {
            name: "receipt-link-out-of-its-attribute",
            limit: "receipt",
            verdict: Verdict::Harmless,
            words: &["https://a.example/%22%3E%3Cscript%3E"],
            build: || Guest::answering(&Answer::Done(None, Some("https://a.example/\"><script>".into()))),
        },
        Case {
            name: "receipt-reference-with-line-break",
            limit: "receipt",
            verdict: Verdict::Invalid,
            words: &["visible characters"],
            build: || Guest::answering(&Answer::Done(Some("contact/1\r\nset-cookie: a=b".into()), None)),
        },
    ]
}

fn step(name: &str) -> Bytes {
    Guest::answering(&Answer::request().but(|step, _, _| *step = name.into()))
}

/// A guest of 100 pages, that delivers a request with this body, these headers and these statuses: what lies there is
/// zero.
fn request_with(body: &[u32; 3], headers: [u32; 2], statuses: [u32; 2]) -> Bytes {
    let words = [&[0, 0, TEXT, 4, 0, 0, 0, 0], &headers[..], body, &statuses, &[0]].concat();
    Guest { result: le_bytes(&words), pages: 100, ..Guest::default() }.build()
}
