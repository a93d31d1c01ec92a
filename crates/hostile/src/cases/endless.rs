//! Plugins that do not end by themselves.

use super::LOOP;
use crate::case::{Case, Verdict};
use crate::guest::Guest;
use crate::memory::{RESULT, TEXT};

const INSTRUCTIONS: &str = "instructions of one call";
const STACK: &str = "stack";

/// A function that calls itself with something left to do, so that it cannot be a loop.
const RECURSION: &str = "(func $f (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "loop-in-transform",
            limit: INSTRUCTIONS,
            verdict: Verdict::Limit,
            words: &["instructions"],
            build: || Guest::transforming(LOOP),
        },
        Case {
            name: "loop-in-describe",
            limit: INSTRUCTIONS,
            verdict: Verdict::Refused,
            words: &["`describe`", "instructions"],
            build: || Guest { describe: LOOP.into(), ..Guest::default() }.build(),
        },
        Case {
            name: "loop-in-start-function",
            limit: INSTRUCTIONS,
            verdict: Verdict::Refused,
            words: &["`describe`", "instructions"],
            build: || {
                Guest { items: format!("(func $loop {LOOP}) (start $loop)"), ..Guest::default() }.build()
            },
        },
        Case {
            name: "loop-in-realloc",
            limit: INSTRUCTIONS,
            verdict: Verdict::Limit,
            words: &["instructions"],
            build: || Guest { realloc: LOOP.into(), ..Guest::default() }.build(),
        },
        Case {
            name: "loop-in-post-return",
            limit: INSTRUCTIONS,
            verdict: Verdict::Limit,
            words: &["instructions"],
            build: || Guest { post_return: Some(LOOP.into()), ..Guest::default() }.build(),
        },
        Case {
            name: "loop-that-ends-in-time",
            limit: "mean time of calls in the fast tier",
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                let count = "
                    (local $left i32) (local.set $left (i32.const 1500000))
                    (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))";
                Guest::transforming(&format!("{count} i32.const {RESULT}"))
            },
        },
        Case {
            name: "loop-of-host-calls",
            limit: INSTRUCTIONS,
            verdict: Verdict::Limit,
            words: &["instructions"],
            build: || {
                let log = format!("(call $import (i32.const 1) (i32.const {TEXT}) (i32.const 4))");
                // What the host does for a call counts as time alone: some instructions go with each.
                let some = "(local.set $n (i32.const 200))
                    (loop $less (br_if $less (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))";
                let transform = format!("(local $n i32) (loop $again {some} {log} (br $again)) unreachable");
                Guest { transform, ..logging() }.build()
            },
        },
        Case {
            name: "loop-of-memory-fills",
            limit: "instructions and time of one call",
            verdict: Verdict::Limit,
            words: &["more than"],
            build: || {
                let fill = "(memory.fill (i32.const 65536) (i32.const 1) (i32.const 4000000))";
                let transform = format!("(loop $again {fill} (br $again)) unreachable");
                Guest { transform, pages: 64, ..Guest::default() }.build()
            },
        },
        Case {
            name: "recursion-in-transform",
            limit: STACK,
            verdict: Verdict::Limit,
            words: &["KiB of stack"],
            build: || {
                let transform = "(call $f (i32.const 0))".into();
                Guest { items: RECURSION.into(), transform, ..Guest::default() }.build()
            },
        },
        Case {
            name: "recursion-in-describe",
            limit: STACK,
            verdict: Verdict::Refused,
            words: &["`describe`", "KiB of stack"],
            build: || {
                let describe = "(call $f (i32.const 0))".into();
                Guest { items: RECURSION.into(), describe, ..Guest::default() }.build()
            },
        },
        Case {
            name: "recursion-in-start-function",
            limit: STACK,
            verdict: Verdict::Refused,
            words: &["`describe`", "KiB of stack"],
            build: || {
                let items = format!("{RECURSION} (func $s (drop (call $f (i32.const 0)))) (start $s)");
                Guest { items, ..Guest::default() }.build()
            },
        },
        Case {
            name: "recursion-in-realloc",
            limit: STACK,
            verdict: Verdict::Limit,
            words: &["KiB of stack"],
            build: || {
                let realloc = "(call $f (i32.const 0))".into();
                Guest { items: RECURSION.into(), realloc, ..Guest::default() }.build()
            },
        },
        Case {
            name: "recursion-through-a-table",
            limit: STACK,
            verdict: Verdict::Limit,
            words: &["KiB of stack"],
            build: || {
                let items = "
                    (type $t (func (param i32) (result i32)))
                    (table $table 1 funcref)
                    (elem (i32.const 0) $f)
                    (func $f (type $t)
                        (i32.add (call_indirect $table (type $t) (local.get 0) (i32.const 0)) (i32.const 1)))";
                let transform = "(call $f (i32.const 0))".into();
                Guest { items: items.into(), transform, ..Guest::default() }.build()
            },
        },
        Case {
            name: "log-flood",
            limit: "log lines of one call",
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")", "further lines were dropped"],
            build: || {
                let transform = format!(
                    "(local $n i32)
                     (loop $again
                        (call $import (i32.const 1) (i32.const {TEXT}) (i32.const 4))
                        (local.set $n (i32.add (local.get $n) (i32.const 1)))
                        (br_if $again (i32.lt_u (local.get $n) (i32.const 10000))))
                     i32.const {RESULT}"
                );
                Guest { transform, ..logging() }.build()
            },
        },
    ]
}

/// A guest that imports the log, as `$import`.
pub(super) fn logging() -> Guest {
    let log = "hookwright:mapping/log@1.0.0";
    let imports = format!(r#"(import "{log}" "write" (func $import (param i32 i32 i32)))"#);
    Guest { imports, ..Guest::default() }
}
