//! Components that mean harm: each ends with a verdict in words, and nothing else happens.
#![expect(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

mod support;

use std::time::Duration;

use bytes::Bytes;
use hookwright_engine::ports::{InspectError, MapError, Mapper};
use hookwright_model::{Action, LogLevel};
use hookwright_plugin_host::PluginLimits;

use support::guest::{Guest, RESULT, TEXT, deliver, skip};
use support::{Rig, bundled, request};

const LOOP: &str = "(loop $again (br $again)) unreachable";

fn limits() -> PluginLimits {
    PluginLimits::default()
}

async fn failure(rig: &Rig, component: &Bytes) -> MapError {
    rig.transform(component).await.outcome.unwrap_err()
}

fn assert_limit(error: &MapError, words: &str) {
    assert!(matches!(error, MapError::Limit(message) if message.contains(words)), "{error:?}");
}

fn assert_trap(error: &MapError, words: &str) {
    assert!(matches!(error, MapError::Trap(message) if message.contains(words)), "{error:?}");
}

#[tokio::test]
async fn a_guest_that_behaves_is_described_and_called() {
    let rig = Rig::new();
    let guest = Guest::default().build();
    let inspected = rig.inspect(&guest).await.unwrap();
    assert_eq!((inspected.contract.as_str(), inspected.description.title.as_str()), ("1.0.0", "text"));
    assert_eq!(inspected.description.url, "https://guest.example");
    assert_eq!(rig.transform(&guest).await.outcome, Ok(Action::Skip("text".into())));
}

#[tokio::test]
async fn endless_loops_end_wherever_they_are() {
    let rig = Rig::new();
    assert_limit(&failure(&rig, &Guest::transforming(LOOP)).await, "200000000 instructions");

    let start = format!("(func $loop {LOOP}) (start $loop)");
    let start = Guest { items: start, ..Guest::default() }.build();
    let describe = Guest { describe: LOOP.into(), ..Guest::default() }.build();
    for guest in [&start, &describe] {
        let refusal = rig.refusal(guest).await;
        assert!(refusal.contains("`describe`") && refusal.contains("instructions"), "{refusal}");
    }
    assert_limit(&failure(&rig, &start).await, "instructions");
    let realloc = Guest { realloc: LOOP.into(), ..Guest::default() }.build();
    assert_limit(&failure(&rig, &realloc).await, "instructions");
}

#[tokio::test]
async fn time_is_limited_even_where_instructions_are_not() {
    let rig =
        Rig::with_limits(PluginLimits { fuel: u64::MAX, wall_time: Duration::from_millis(30), ..limits() });
    assert_limit(&failure(&rig, &Guest::transforming(LOOP)).await, "30 ms");
}

#[tokio::test]
async fn traps_are_named() {
    let rig = Rig::new();
    assert_trap(&failure(&rig, &Guest::transforming("unreachable")).await, "unreachable");
    let division = "(i32.div_u (i32.const 1) (i32.const 0))";
    assert_trap(&failure(&rig, &Guest::transforming(division)).await, "divide by zero");
    let outside = "(i32.load (i32.const 0x7fffffff))";
    assert_trap(&failure(&rig, &Guest::transforming(outside)).await, "out of bounds");
}

#[tokio::test]
async fn memory_is_limited_when_it_grows_and_at_the_start() {
    let rig = Rig::new();
    let eater =
        "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    assert_limit(&failure(&rig, &Guest::transforming(eater)).await, "64 MiB");

    let refusal = rig.refusal(&Guest { pages: 2_000, ..Guest::default() }.build()).await;
    assert!(refusal.contains("memory"), "{refusal}");
    let table = Guest { items: "(table 1000000 funcref)".into(), ..Guest::default() }.build();
    assert!(rig.refusal(&table).await.contains("table"));
    let growing = Guest {
        items: "(table $t 1 funcref)".into(),
        transform: "(drop (table.grow $t (ref.null func) (i32.const 1000000))) unreachable".into(),
        ..Guest::default()
    };
    assert_limit(&failure(&rig, &growing.build()).await, "32768 elements");
}

#[tokio::test]
async fn a_guest_that_copes_with_refused_memory_may_go_on() {
    let rig = Rig::new();
    let modest = format!("(drop (memory.grow (i32.const 60000))) i32.const {RESULT}");
    assert_eq!(rig.transform(&Guest::transforming(&modest)).await.outcome, Ok(Action::Skip("text".into())));
}

#[tokio::test]
async fn recursion_is_limited() {
    let rig = Rig::new();
    let items = "(func $f (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))".into();
    let guest = Guest { items, transform: "(call $f (i32.const 0))".into(), ..Guest::default() };
    assert_limit(&failure(&rig, &guest.build()).await, "KiB of stack");
}

#[tokio::test]
async fn answers_are_limited_and_must_lie_in_memory() {
    let rig = Rig::new();
    let answering = |result| Guest { result, pages: 100, ..Guest::default() }.build();
    assert!(rig.transform(&answering(deliver(TEXT, 4))).await.outcome.is_ok());
    let large = answering(deliver(70_000, 1_048_577));
    assert_limit(&failure(&rig, &large).await, "body has 1048577 bytes; at most 1048576");
    let huge = answering(deliver(70_000, 5 << 20));
    assert_limit(&failure(&rig, &huge).await, "4096 KiB in one answer");
    let outside = answering(skip(u32::MAX - 8, 4));
    assert_trap(&failure(&rig, &outside).await, "out of bounds");
    assert_trap(&failure(&rig, &Guest::transforming("i32.const -4")).await, "out of bounds");
    assert_trap(&failure(&rig, &Guest::transforming("i32.const 4097")).await, "aligned");
    // A header, say, in Latin-1: no character of UTF-8.
    let guest = Guest { items: format!("(data (i32.const {TEXT}) \"\\e9\")"), ..Guest::default() };
    assert_trap(&failure(&rig, &guest.build()).await, "utf-8");
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut_and_the_answer_stands() {
    let rig = Rig::new();
    let guest = Guest {
        imports: r#"(import "hookwright:mapping/log@1.0.0" "write" (func $log (param i32 i32 i32)))"#.into(),
        transform: format!(
            "(local $n i32)
             (loop $again
                (call $log (i32.const 1) (i32.const {TEXT}) (i32.const 4))
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $n) (i32.const 10000))))
             i32.const {RESULT}"
        ),
        ..Guest::default()
    };
    let mapped = rig.transform(&guest.build()).await;
    assert_eq!(mapped.outcome, Ok(Action::Skip("text".into())));
    assert_eq!(mapped.logs.len(), limits().log_lines + 1);
    assert_eq!((mapped.logs[0].level, mapped.logs[0].message.as_str()), (LogLevel::Info, "text"));
    assert!(mapped.logs[limits().log_lines].message.contains("dropped"));
}

#[tokio::test]
async fn nothing_lasts_from_one_call_to_the_next() {
    let rig = Rig::new();
    // Memory and a global are counted up; the answer is as many letters as calls were seen.
    let guest = Guest {
        items: "(global $calls (mut i32) (i32.const 0))".into(),
        transform: format!(
            "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (i32.store (i32.const 512) (i32.add (i32.load (i32.const 512)) (i32.const 1)))
             (i32.store (i32.const {}) (i32.add (global.get $calls) (i32.load (i32.const 512))))
             i32.const {RESULT}",
            RESULT + 12
        ),
        ..Guest::default()
    };
    let guest = guest.build();
    for _ in 0..10 {
        assert_eq!(rig.transform(&guest).await.outcome, Ok(Action::Skip("te".into())));
    }
}

#[tokio::test]
async fn what_is_no_component_is_refused_with_advice() {
    let rig = Rig::new();
    let refusal = rig.refusal(&Guest::default().module().into()).await;
    assert!(refusal.contains("core WebAssembly module") && refusal.contains("wasm32-wasip2"), "{refusal}");
    for bytes in [&b""[..], b"\0", b"\0asm", b"PK\x03\x04 not wasm", &[0xff; 4_096]] {
        let refusal = rig.refusal(&Bytes::copy_from_slice(bytes)).await;
        assert!(refusal.contains("not WebAssembly"), "{refusal}");
    }
    let large = Bytes::from(vec![0; limits().component_bytes + 1]);
    assert!(matches!(rig.inspect(&large).await, Err(InspectError::TooLarge { .. })));
}

#[tokio::test]
async fn cut_and_changed_components_never_pass_for_whole_ones() {
    let rig = Rig::new();
    let guest = Guest::default().build();
    for len in (9..guest.len()).step_by(97) {
        assert!(rig.inspect(&guest.slice(..len)).await.is_err(), "cut at {len}");
    }
    let hubspot = bundled("hubspot");
    for len in [hubspot.len() / 3, hubspot.len() / 2, hubspot.len() - 1] {
        assert!(rig.refusal(&hubspot.slice(..len)).await.contains("not a valid component"), "cut at {len}");
    }
}

#[tokio::test]
async fn imports_beyond_the_frozen_world_are_refused() {
    let rig = Rig::new();
    let importing = |dependency, import: &str, function: &str| {
        let base = Guest::default();
        let world = format!("world mapper {{\n  import {import};");
        Guest {
            wit: base.wit.replace("world mapper {", &world),
            dependency: Some(dependency),
            imports: format!(r#"(import "{import}" "{function}" (func))"#),
            ..base
        }
        .build()
    };
    for (dependency, import, function, words) in [
        (
            "package wasi:sockets@0.2.0; interface tcp { go: func(); }",
            "wasi:sockets/tcp@0.2.0",
            "go",
            "network",
        ),
        ("package wasi:cli@0.3.0; interface exit { go: func(); }", "wasi:cli/exit@0.3.0", "go", "0.2 only"),
        ("package evil:host; interface keys { all: func(); }", "evil:host/keys", "all", "WASI 0.2"),
        // The right interface, with a function that it does not have.
        ("package wasi:io@0.2.0; interface poll { go: func(); }", "wasi:io/poll@0.2.0", "go", "go"),
    ] {
        let refusal = rig.refusal(&importing(dependency, import, function)).await;
        assert!(refusal.contains(words) && refusal.contains(import), "{refusal}");
    }
}

#[tokio::test]
async fn other_contracts_are_refused_by_version_and_type() {
    let rig = Rig::new();
    let of_version = |version: &str| {
        let base = Guest::default();
        Guest { wit: base.wit.replace("mapping@1.0.0", &format!("mapping@{version}")), ..base }.build()
    };
    for version in ["0.9.0", "1.0.1", "2.0.0"] {
        let refusal = rig.refusal(&of_version(version)).await;
        assert!(refusal.contains(&format!("version {version}")) && refusal.contains("1.0.0"), "{refusal}");
    }
    let base = Guest::default();
    let renamed = Guest { wit: base.wit.replace("    summary: string,", "    abstract: string,"), ..base };
    let refusal = rig.refusal(&renamed.build()).await;
    assert!(refusal.contains("exports are not those of version 1.0.0"), "{refusal}");
    let empty = Bytes::from(wat::parse_str("(component)").unwrap());
    assert!(rig.refusal(&empty).await.contains("does not export `hookwright:mapping/plugin`"));
}

#[tokio::test]
async fn a_well_behaved_plugin_is_served_while_others_misbehave() {
    let rig = Rig::new();
    let good = Guest::default().build();
    let (looping, crashing) = (Guest::transforming(LOOP), Guest::transforming("unreachable"));
    for _ in 0..3 {
        let (bad, worse, served) =
            tokio::join!(failure(&rig, &looping), failure(&rig, &crashing), rig.transform(&good));
        assert_limit(&bad, "instructions");
        assert_trap(&worse, "unreachable");
        assert_eq!(served.outcome, Ok(Action::Skip("text".into())));
    }
}

#[tokio::test]
async fn calls_that_take_long_wait_for_each_other_and_for_nobody_else() {
    let rig = std::sync::Arc::new(Rig::new());
    let (good, looping) = (Guest::default().build(), Guest::transforming(LOOP));
    rig.transform(&good).await.outcome.unwrap();
    assert_limit(&failure(&rig, &looping).await, "instructions");
    let long: Vec<_> = (0..6)
        .map(|_| {
            let (rig, looping) = (std::sync::Arc::clone(&rig), looping.clone());
            tokio::spawn(async move { rig.host.transform(request(&looping)).await })
        })
        .collect();
    for _ in 0..20 {
        assert!(rig.host.transform(request(&good)).await.outcome.is_ok());
    }
    assert!(long.iter().any(|call| !call.is_finished()), "all long calls ended before twenty short ones");
    for call in long {
        assert_limit(&call.await.unwrap().outcome.unwrap_err(), "instructions");
    }
}
