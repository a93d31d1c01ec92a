//! Plugins that look around: at the clock, the environment, files, the network, and at what was before.

use bytes::Bytes;

use super::LOOP;
use crate::case::{Case, Verdict};
use crate::guest::Guest;
use crate::memory::{RESULT, TEXT};

const FROZEN: &str = "frozen, empty world";
const FRESH: &str = "fresh instance for every call";

const IO: &str = "package wasi:io@0.2.0;
    interface poll { resource pollable { block: func(); } poll: func(in: list<borrow<pollable>>) -> list<u32>; }
    interface error { resource error; }
    interface streams {
        use error.{error};
        variant stream-error { last-operation-failed(error), closed }
        resource input-stream { blocking-read: func(len: u64) -> result<list<u8>, stream-error>; }
        resource output-stream { write: func(contents: list<u8>) -> result<_, stream-error>; }
    }";
const CLOCKS: &str = "package wasi:clocks@0.2.0;
    interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; }
    interface monotonic-clock { use wasi:io/poll@0.2.0.{pollable}; subscribe-duration: func(when: u64) -> pollable; }";
const CLI: &str = "package wasi:cli@0.2.0;
    interface exit { exit: func(status: result); }
    interface environment { get-environment: func() -> list<tuple<string, string>>; }
    interface stdin { use wasi:io/streams@0.2.0.{input-stream}; get-stdin: func() -> input-stream; }
    interface stderr { use wasi:io/streams@0.2.0.{output-stream}; get-stderr: func() -> output-stream; }";
const RANDOM: &str = "package wasi:random@0.2.0;
    interface random { get-random-bytes: func(len: u64) -> list<u8>; get-random-u64: func() -> u64; }";
const FILES: &str = "package wasi:filesystem@0.2.0;
    interface types { resource descriptor { sync: func(); } }
    interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }";

pub(super) fn cases() -> Vec<Case> {
    [looking(), waiting(), handles(), remembering()].concat()
}

fn looking() -> Vec<Case> {
    vec![
        Case {
            name: "reading-the-environment",
            limit: FROZEN,
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                let guest = Guest::importing(
                    &[IO, CLI],
                    "wasi:cli/environment@0.2.0",
                    "get-environment",
                    "(param i32)",
                );
                finding_nothing(guest)
            },
        },
        Case {
            name: "reading-files",
            limit: FROZEN,
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                let interface = "wasi:filesystem/preopens@0.2.0";
                finding_nothing(Guest::importing(&[FILES], interface, "get-directories", "(param i32)"))
            },
        },
        Case {
            name: "reading-a-file-without-a-handle",
            limit: FROZEN,
            verdict: Verdict::Trap,
            words: &["handle"],
            build: || {
                let interface = "wasi:filesystem/types@0.2.0";
                let guest = Guest::importing(&[FILES], interface, "[method]descriptor.sync", "(param i32)");
                Guest { transform: "(call $import (i32.const 3)) unreachable".into(), ..guest }.build()
            },
        },
        Case {
            name: "reading-standard-input",
            limit: FROZEN,
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                let guest = Guest::importing(&[IO, CLI], "wasi:cli/stdin@0.2.0", "get-stdin", "(result i32)");
                let imports = also(
                    &guest,
                    "wasi:io/streams@0.2.0",
                    "[method]input-stream.blocking-read",
                    "$read",
                    "(param i32 i64 i32)",
                );
                // The answer is `err(closed)`.
                let transform = format!(
                    "(call $read (call $import) (i64.const 100) (i32.const 512))
                     (if (i32.ne (i32.load8_u (i32.const 512)) (i32.const 1)) (then unreachable))
                     (if (i32.ne (i32.load8_u (i32.const 516)) (i32.const 1)) (then unreachable))
                     i32.const {RESULT}"
                );
                Guest { imports, transform, ..with_streams(guest) }.build()
            },
        },
        Case {
            name: "reading-the-clock",
            limit: FROZEN,
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                let guest =
                    Guest::importing(&[IO, CLOCKS], "wasi:clocks/wall-clock@0.2.0", "now", "(param i32)");
                let transform = format!(
                    "(call $import (i32.const 512))
                     (if (i64.ne (i64.load (i32.const 512)) (i64.const 1780221600)) (then unreachable))
                     i32.const {RESULT}"
                );
                Guest { transform, ..guest }.build()
            },
        },
        Case {
            name: "answering-by-chance",
            limit: FROZEN,
            verdict: Verdict::Harmless,
            words: &["Skip("],
            build: || {
                let guest =
                    Guest::importing(&[RANDOM], "wasi:random/random@0.2.0", "get-random-u64", "(result i64)");
                // The reason is eight hexadecimal digits of chance; two calls get the same.
                let transform = format!(
                    "(local $r i64) (local $n i32)
                     (local.set $r (call $import))
                     (loop $again
                        (i32.store8 (i32.add (i32.const {TEXT}) (local.get $n))
                            (i32.add (i32.const 97) (i32.wrap_i64 (i64.and (local.get $r) (i64.const 15)))))
                        (local.set $r (i64.shr_u (local.get $r) (i64.const 4)))
                        (br_if $again (i32.lt_u
                            (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 8))))
                     (i32.store (i32.const {}) (i32.const {TEXT}))
                     (i32.store (i32.const {}) (i32.const 8))
                     i32.const {RESULT}",
                    RESULT + 8,
                    RESULT + 12
                );
                Guest { transform, ..guest }.build()
            },
        },
        Case {
            name: "random-bytes-without-end",
            limit: "random bytes",
            verdict: Verdict::Limit,
            words: &["random bytes"],
            build: || {
                let parameters = "(param i64 i32)";
                let guest =
                    Guest::importing(&[RANDOM], "wasi:random/random@0.2.0", "get-random-bytes", parameters);
                let transform = "(call $import (i64.const 0x10000000000) (i32.const 512)) unreachable".into();
                Guest { transform, ..guest }.build()
            },
        },
        Case {
            name: "answering-by-the-bits-of-nan",
            limit: "canonical NaN",
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                // Processors differ in the sign of 0/0; here it is always the canonical one.
                let bits =
                    "(i32.reinterpret_f32 (f32.div (f32.load (i32.const 512)) (f32.load (i32.const 512))))";
                Guest::transforming(&format!(
                    "(if (i32.ne {bits} (i32.const 0x7fc00000)) (then unreachable)) i32.const {RESULT}"
                ))
            },
        },
    ]
}

fn waiting() -> Vec<Case> {
    vec![
        Case {
            name: "sleeping-for-centuries",
            limit: FROZEN,
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                let block = "(call $block (call $import (i64.const -1)))";
                sleeping("[method]pollable.block", "(param i32)", block)
            },
        },
        Case {
            name: "polling-something-unknown",
            limit: "the component model's checks",
            verdict: Verdict::Trap,
            words: &["handle"],
            build: || {
                let poll = "(i32.store (i32.const 512) (i32.const 77))
                    (call $block (i32.const 512) (i32.const 1) (i32.const 520))";
                sleeping("poll", "(param i32 i32 i32)", poll)
            },
        },
        Case {
            name: "polling-nothing",
            limit: FROZEN,
            verdict: Verdict::Trap,
            words: &["empty list"],
            build: || {
                let poll = "(call $block (i32.const 512) (i32.const 0) (i32.const 520))";
                sleeping("poll", "(param i32 i32 i32)", poll)
            },
        },
        Case {
            name: "exit",
            limit: FROZEN,
            verdict: Verdict::Trap,
            words: &["`exit`"],
            build: || {
                Guest { transform: "(call $import (i32.const 0)) unreachable".into(), ..exiting() }.build()
            },
        },
        Case {
            name: "exit-in-describe",
            limit: FROZEN,
            verdict: Verdict::Refused,
            words: &["`describe`", "`exit`"],
            build: || {
                Guest { describe: "(call $import (i32.const 1)) unreachable".into(), ..exiting() }.build()
            },
        },
        Case {
            name: "abort-with-last-words",
            limit: "kept end of standard error",
            verdict: Verdict::Trap,
            words: &["panicked [2J here", "unreachable"],
            build: || {
                let say = "(call $write (call $import) (i32.const 2048) (i32.const 17) (i32.const 512)) unreachable";
                writing(say)
            },
        },
        Case {
            name: "standard-error-without-end",
            limit: "instructions of one call",
            verdict: Verdict::Limit,
            words: &["instructions"],
            build: || {
                let say = "(call $write (local.get 0) (i32.const 2048) (i32.const 60000) (i32.const 512))";
                writing(&format!(
                    "(local i32) (local.set 0 (call $import)) (loop $again {say} (br $again)) unreachable"
                ))
            },
        },
    ]
}

fn handles() -> Vec<Case> {
    vec![
        Case {
            name: "leaked-handles",
            limit: "live resource handles",
            verdict: Verdict::Limit,
            words: &["resource handles"],
            build: || writing("(loop $again (drop (call $import)) (br $again)) unreachable"),
        },
        Case {
            name: "handle-that-was-never-given",
            limit: "the component model's checks",
            verdict: Verdict::Trap,
            words: &["handle"],
            build: || {
                writing(
                    "(call $write (i32.const 9) (i32.const 2048) (i32.const 1) (i32.const 512)) unreachable",
                )
            },
        },
        Case {
            name: "handle-dropped-twice",
            limit: "the component model's checks",
            verdict: Verdict::Trap,
            words: &["handle"],
            build: || {
                writing(
                    "(local.set 0 (call $import)) (call $drop (local.get 0)) (call $drop (local.get 0)) unreachable",
                )
            },
        },
    ]
}

fn remembering() -> Vec<Case> {
    vec![
        Case {
            name: "state-in-a-global",
            limit: FRESH,
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                let transform = format!(
                    "(if (global.get $called) (then unreachable)) (global.set $called (i32.const 1)) i32.const {RESULT}"
                );
                let items = "(global $called (mut i32) (i32.const 0))".into();
                Guest { items, transform, ..Guest::default() }.build()
            },
        },
        Case {
            name: "state-in-memory",
            limit: FRESH,
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                // In the first page, in the last, and in one that was not there before.
                let places = [512, 262_000, 6_000_000];
                let check = places.map(|at| {
                    format!(
                        "(if (i32.load (i32.const {at})) (then unreachable)) (i32.store (i32.const {at}) (i32.const 1))"
                    )
                });
                let grow = "(drop (memory.grow (i32.const 100)))";
                Guest::transforming(&format!("{grow} {} i32.const {RESULT}", check.concat()))
            },
        },
        Case {
            name: "state-in-a-table",
            limit: FRESH,
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                let transform = format!(
                    "(if (i32.eqz (ref.is_null (table.get $t (i32.const 7)))) (then unreachable))
                     (table.set $t (i32.const 7) (ref.func $f)) i32.const {RESULT}"
                );
                let items = "(table $t 8 funcref) (elem declare func $f) (func $f)".into();
                Guest { items, transform, ..Guest::default() }.build()
            },
        },
        Case {
            name: "leftovers-of-a-crash",
            limit: FRESH,
            verdict: Verdict::Trap,
            words: &["unreachable"],
            build: || {
                // Whoever finds what it left loops instead of crashing.
                Guest::transforming(&format!(
                    "(if (i32.load (i32.const 512)) (then {LOOP})) (i32.store (i32.const 512) (i32.const 1)) unreachable"
                ))
            },
        },
    ]
}

/// A guest whose import writes a list to where it is told: it crashes if the list has something in it.
fn finding_nothing(guest: Guest) -> Bytes {
    let transform = format!(
        "(call $import (i32.const 512)) (if (i32.load (i32.const 516)) (then unreachable)) i32.const {RESULT}"
    );
    Guest { transform, ..guest }.build()
}

fn exiting() -> Guest {
    Guest::importing(&[IO, CLI], "wasi:cli/exit@0.2.0", "exit", "(param i32)")
}

/// A guest with a clock that can be waited for and `$block`, one function of `wasi:io/poll`.
fn sleeping(function: &str, parameters: &str, body: &str) -> Bytes {
    let interface = "wasi:clocks/monotonic-clock@0.2.0";
    let guest = Guest::importing(&[IO, CLOCKS], interface, "subscribe-duration", "(param i64) (result i32)");
    let imports = also(&guest, "wasi:io/poll@0.2.0", function, "$block", parameters);
    let wit = guest.wit.replace("world mapper {", "world mapper { import wasi:io/poll@0.2.0;");
    let transform = format!("{body} i32.const {RESULT}");
    Guest { imports, transform, wit, ..guest }.build()
}

/// A guest with standard error, a function that writes to it and one that drops it.
fn writing(body: &str) -> Bytes {
    let guest = Guest::importing(&[IO, CLI], "wasi:cli/stderr@0.2.0", "get-stderr", "(result i32)");
    let streams = "wasi:io/streams@0.2.0";
    let write = also(&guest, streams, "[method]output-stream.write", "$write", "(param i32 i32 i32 i32)");
    let imports =
        format!(r#"{write} (import "{streams}" "[resource-drop]output-stream" (func $drop (param i32)))"#);
    let items = format!(r#"(data (i32.const {TEXT}) "panicked\1b[2J here")"#);
    Guest { imports, items, transform: body.into(), ..with_streams(guest) }.build()
}

fn with_streams(guest: Guest) -> Guest {
    Guest {
        wit: guest.wit.replace("world mapper {", "world mapper { import wasi:io/streams@0.2.0;"),
        ..guest
    }
}

/// The guest's imports and one more.
fn also(guest: &Guest, interface: &str, function: &str, name: &str, parameters: &str) -> String {
    format!(r#"{} (import "{interface}" "{function}" (func {name} {parameters}))"#, guest.imports)
}
