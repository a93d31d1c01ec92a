//! Plugins that crash.

use crate::case::{Case, Verdict};
use crate::guest::Guest;
use crate::memory::RESULT;

const RULE: &str = "WebAssembly itself";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "trap-in-transform",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["unreachable"],
            build: || Guest::transforming("unreachable"),
        },
        Case {
            name: "trap-in-describe",
            limit: RULE,
            verdict: Verdict::Refused,
            words: &["`describe`", "it crashed", "unreachable"],
            build: || Guest { describe: "unreachable".into(), ..Guest::default() }.build(),
        },
        Case {
            name: "trap-in-start-function",
            limit: RULE,
            verdict: Verdict::Refused,
            words: &["`describe`", "it crashed", "unreachable"],
            build: || Guest { items: "(func $s unreachable) (start $s)".into(), ..Guest::default() }.build(),
        },
        Case {
            name: "trap-in-realloc",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["unreachable"],
            build: || Guest { realloc: "unreachable".into(), ..Guest::default() }.build(),
        },
        Case {
            name: "trap-in-post-return",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["unreachable"],
            build: || Guest { post_return: Some("unreachable".into()), ..Guest::default() }.build(),
        },
        Case {
            name: "division-by-zero",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["divide by zero"],
            build: || Guest::transforming("(i32.div_u (i32.const 1) (i32.const 0))"),
        },
        Case {
            name: "division-that-overflows",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["integer overflow"],
            build: || Guest::transforming("(i32.div_s (i32.const 0x80000000) (i32.const -1))"),
        },
        Case {
            name: "conversion-of-nan",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["conversion to integer"],
            build: || Guest::transforming("(i32.trunc_f32_s (f32.const nan))"),
        },
        Case {
            name: "load-outside-memory",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["out of bounds"],
            build: || Guest::transforming("(i32.load (i32.const 0x7fffffff))"),
        },
        Case {
            name: "store-outside-memory",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["out of bounds"],
            build: || {
                let store = "(i32.store offset=0xffffffff (i32.const -1) (i32.const 1))";
                Guest::transforming(&format!("{store} i32.const {RESULT}"))
            },
        },
        Case {
            name: "call-of-an-empty-table-entry",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["uninitialized element"],
            build: || calling(0),
        },
        Case {
            name: "call-beyond-a-table",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["undefined element"],
            build: || calling(70_000),
        },
        Case {
            name: "call-with-another-type",
            limit: RULE,
            verdict: Verdict::Trap,
            words: &["type mismatch"],
            build: || calling(1),
        },
    ]
}

/// A guest that calls this entry of a table with an empty entry and a function of another type.
fn calling(entry: u32) -> bytes::Bytes {
    let items = "(table $t 2 funcref) (func $other (param i64)) (elem (i32.const 1) $other)".into();
    let transform = format!("(call_indirect $t (result i32) (i32.const {entry}))");
    Guest { items, transform, ..Guest::default() }.build()
}
