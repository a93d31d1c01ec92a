//! Plugins that want more memory than there is for them.

use bytes::Bytes;

use crate::case::{Case, Verdict};
use crate::guest::Guest;
use crate::memory::RESULT;

const MEMORY: &str = "linear memory";
const TABLE: &str = "elements of a table";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "memory-grown-without-end",
            limit: MEMORY,
            verdict: Verdict::Limit,
            words: &["MiB of memory"],
            build: || growing("(memory.grow (i32.const 16))"),
        },
        Case {
            name: "memory-grown-to-the-limit",
            limit: MEMORY,
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                let grow = "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))";
                Guest::transforming(&format!("{grow} i32.const {RESULT}"))
            },
        },
        Case {
            name: "memory-filled-by-every-call",
            limit: "mean time of calls in the fast tier",
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                // Four MiB, a page of the system at a time.
                let fill = "
                    (local $page i32) (local $to i32)
                    (loop $grow
                        (local.set $page (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))
                        (local.set $to (i32.add (local.get $page) (i32.const 65536)))
                        (loop $touch
                            (i32.store (local.get $page) (i32.const 1))
                            (local.set $page (i32.add (local.get $page) (i32.const 4096)))
                            (br_if $touch (i32.lt_u (local.get $page) (local.get $to))))
                        (br_if $grow (i32.lt_u (memory.size) (i32.const 68))))";
                Guest::transforming(&format!("{fill} i32.const {RESULT}"))
            },
        },
        Case {
            name: "memory-too-large-at-the-start",
            limit: MEMORY,
            verdict: Verdict::Refused,
            words: &["memory"],
            build: || Guest { pages: 2_000, ..Guest::default() }.build(),
        },
        Case {
            name: "tiny-allocations-without-end",
            limit: MEMORY,
            verdict: Verdict::Limit,
            words: &["MiB of memory"],
            build: || {
                let allocate = "
                    (local $p i32)
                    (loop $again
                        (local.set $p (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 400)))
                        (if (i32.ge_u (i32.add (local.get $p) (i32.const 400))
                                      (i32.mul (memory.size) (i32.const 65536)))
                            (then (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))))
                        (i32.store (local.get $p) (i32.const 1))
                        (br $again))
                    unreachable";
                let base = Guest::default();
                let items = format!("(func $realloc (param i32 i32 i32 i32) (result i32) {})", base.realloc);
                Guest { items, transform: allocate.into(), ..base }.build()
            },
        },
        Case {
            name: "too-many-memories",
            limit: "memories of a component",
            verdict: Verdict::Refused,
            words: &["memories"],
            build: || Guest { items: "(memory 1)".repeat(8), ..Guest::default() }.build(),
        },
        Case {
            name: "several-memories-grown-together",
            limit: MEMORY,
            verdict: Verdict::Limit,
            words: &["MiB of memory"],
            build: || {
                let grow = "
                    (loop $again
                        (br_if $again (i32.and
                            (i32.ne (memory.grow 0 (i32.const 8)) (i32.const -1))
                            (i32.ne (memory.grow $other (i32.const 8)) (i32.const -1)))))
                    unreachable";
                let items = "(memory $other 1)".into();
                Guest { items, transform: grow.into(), ..Guest::default() }.build()
            },
        },
        Case {
            name: "memory-of-64-bits",
            limit: "WebAssembly 2.0",
            verdict: Verdict::Refused,
            words: &["not a valid component", "memory64"],
            build: || Guest { items: "(memory i64 1)".into(), ..Guest::default() }.build(),
        },
        Case {
            name: "shared-memory",
            limit: "WebAssembly 2.0",
            verdict: Verdict::Refused,
            words: &["not a valid component", "threads"],
            build: || Guest { items: "(memory 1 2 shared)".into(), ..Guest::default() }.build(),
        },
        Case {
            name: "table-too-large-at-the-start",
            limit: TABLE,
            verdict: Verdict::Refused,
            words: &["table"],
            build: || Guest { items: "(table 1000000 funcref)".into(), ..Guest::default() }.build(),
        },
        Case {
            name: "table-grown-without-end",
            limit: TABLE,
            verdict: Verdict::Limit,
            words: &["elements in a table"],
            build: || {
                let items = "(table $t 1 funcref)".into();
                let grow = "(table.grow $t (ref.null func) (i32.const 1000))";
                let transform =
                    format!("(loop $again (br_if $again (i32.ne {grow} (i32.const -1)))) unreachable");
                Guest { items, transform, ..Guest::default() }.build()
            },
        },
        Case {
            name: "too-many-tables",
            limit: "tables of a component",
            verdict: Verdict::Refused,
            words: &["tables"],
            build: || Guest { items: "(table 1 funcref)".repeat(60), ..Guest::default() }.build(),
        },
        Case {
            name: "data-outside-memory",
            limit: "WebAssembly itself",
            verdict: Verdict::Refused,
            words: &["`describe`", "out of bounds"],
            build: || Guest { items: r#"(data (i32.const -4) "text")"#.into(), ..Guest::default() }.build(),
        },
        Case {
            name: "elements-outside-a-table",
            limit: "WebAssembly itself",
            verdict: Verdict::Refused,
            words: &["`describe`", "out of bounds"],
            build: || {
                let items = "(table 1 funcref) (func $f) (elem (i32.const 9) $f)".into();
                Guest { items, ..Guest::default() }.build()
            },
        },
    ]
}

/// A guest that grows something for as long as it is let, and gives up then.
fn growing(grow: &str) -> Bytes {
    Guest::transforming(&format!("(loop $again (br_if $again (i32.ne {grow} (i32.const -1)))) unreachable"))
}
