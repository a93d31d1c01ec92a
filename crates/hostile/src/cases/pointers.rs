//! Plugins that lie to the host about what is in their memory.

use bytes::Bytes;
use wit_component::StringEncoding;

use super::endless::logging;
use crate::answer::le_bytes;
use crate::case::{Case, Verdict};
use crate::guest::Guest;
use crate::memory::{RESULT, TEXT};

const RULE: &str = "the component model's checks";

pub(super) fn cases() -> Vec<Case> {
    [results(), lists(), arguments()].concat()
}

fn results() -> Vec<Case> {
    vec![
        Case {
            name: "result-outside-memory",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["out of bounds"],
            build: || Guest::transforming("i32.const -4"),
        },
        Case {
            name: "result-not-aligned",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["aligned"],
            build: || Guest::transforming("i32.const 4097"),
        },
        Case {
            name: "description-outside-memory",
            limit: RULE,
            verdict: Verdict::Refused,
            words: &["`describe`", "out of bounds"],
            build: || Guest { describe: "i32.const -4".into(), ..Guest::default() }.build(),
        },
        Case {
            name: "text-outside-memory",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["out of bounds"],
            build: || skipping(u32::MAX - 8, 4),
        },
        Case {
            name: "text-around-the-end-of-memory",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["out of bounds"],
            build: || skipping(TEXT, u32::MAX),
        },
        Case {
            name: "text-that-is-not-utf-8",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["utf-8"],
            build: || {
                Guest { items: format!(r#"(data (i32.const {TEXT}) "\e9")"#), ..answered(&[0, 3, TEXT, 4]) }
                    .build()
            },
        },
        Case {
            name: "text-that-is-not-utf-16",
            limit: RULE,
            verdict: Verdict::Refused,
            words: &["`describe`", "surrogate"],
            build: || {
                // The description's texts are read as UTF-16 too: `title` is a lone surrogate.
                let items = format!(r#"(data (i32.const {}) "\00\d8\00\d8")"#, crate::memory::ABOUT + 64);
                Guest { items, encoding: StringEncoding::UTF16, ..Guest::default() }.build()
            },
        },
        Case {
            name: "variant-that-does-not-exist",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["discriminant"],
            build: || answered(&[0, 9, TEXT, 4]).build(),
        },
        Case {
            name: "method-that-does-not-exist",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["discriminant"],
            build: || answered(&[0, 0, TEXT, 4, 77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).build(),
        },
        Case {
            name: "option-that-is-neither",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["discriminant"],
            build: || answered(&[0, 0, TEXT, 4, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).build(),
        },
    ]
}

fn lists() -> Vec<Case> {
    vec![
        Case {
            name: "list-longer-than-memory",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["out of bounds"],
            build: || request_with([TEXT, u32::MAX], [0, 0]),
        },
        Case {
            name: "list-whose-size-overflows",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["out of bounds"],
            build: || request_with([TEXT, 0x1000_0001], [0, 0]),
        },
        Case {
            name: "headers-not-aligned",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["aligned"],
            build: || request_with([TEXT + 1, 1], [0, 0]),
        },
        Case {
            name: "statuses-not-aligned",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["aligned"],
            build: || request_with([0, 0], [TEXT + 1, 1]),
        },
    ]
}

fn arguments() -> Vec<Case> {
    vec![
        Case {
            name: "realloc-outside-memory",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["realloc"],
            build: || Guest { realloc: "i32.const -16".into(), ..Guest::default() }.build(),
        },
        Case {
            name: "realloc-not-aligned",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["aligned"],
            build: || Guest { realloc: "i32.const 65537".into(), ..Guest::default() }.build(),
        },
        Case {
            name: "realloc-always-the-same-place",
            limit: "memory of its own",
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || Guest { realloc: "i32.const 65536".into(), ..Guest::default() }.build(),
        },
        Case {
            name: "realloc-over-its-own-answer",
            limit: "memory of its own",
            verdict: Verdict::Trap,
            words: &["the plugin crashed"],
            build: || {
                // The arguments overwrite what `transform` is about to answer.
                let guest = Guest { realloc: format!("i32.const {RESULT}"), ..Guest::default() };
                guest.build()
            },
        },
        Case {
            name: "log-outside-memory",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["out of bounds"],
            build: || logged(1, u32::MAX - 8, 4, "text"),
        },
        Case {
            name: "log-that-is-not-utf-8",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["utf-8"],
            build: || logged(1, TEXT, 4, r"\ff\fe\fd\fc"),
        },
        Case {
            name: "log-level-that-does-not-exist",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["discriminant"],
            build: || logged(99, TEXT, 4, "text"),
        },
        Case {
            name: "log-with-control-characters",
            limit: "log lines are one line of text",
            verdict: Verdict::Harmless,
            words: &["Skip(\"", "message: \"a [2Jb\""],
            build: || logged(1, TEXT, 6, r"a\1b[2Jb"),
        },
        Case {
            name: "log-line-larger-than-a-log",
            limit: "log bytes of one call",
            verdict: Verdict::Harmless,
            words: &["further lines were dropped"],
            build: || logged(1, 1 << 20, 100_000, "text"),
        },
        Case {
            name: "log-line-of-many-megabytes",
            limit: "bytes of one call to the host",
            verdict: Verdict::Limit,
            words: &["KiB"],
            build: || logged(1, TEXT, 6 << 20, "text"),
        },
    ]
}

/// A guest that skips for the reason that lies there.
fn skipping(address: u32, len: u32) -> Bytes {
    answered(&[0, 3, address, len]).build()
}

fn answered(words: &[u32]) -> Guest {
    Guest { result: le_bytes(words), ..Guest::default() }
}

/// A guest that delivers a request with these lists of headers and of statuses.
fn request_with(headers: [u32; 2], statuses: [u32; 2]) -> Bytes {
    let words = [&[0, 0, TEXT, 4, 0, 0, 0, 0], &headers[..], &[0, 0, 0], &statuses, &[0]].concat();
    answered(&words).build()
}

/// A guest that writes a log line with these arguments, while this text lies at [`TEXT`], and skips.
fn logged(level: u32, address: u32, len: u32, text: &str) -> Bytes {
    let transform = format!(
        "(call $import (i32.const {level}) (i32.const {address}) (i32.const {len})) i32.const {RESULT}"
    );
    let items = format!(r#"(data (i32.const {TEXT}) "{text}")"#);
    Guest { transform, items, pages: 100, ..logging() }.build()
}
