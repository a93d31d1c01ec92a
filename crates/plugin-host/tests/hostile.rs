//! A few components that mean harm, under the limits that hold by default. All others are in `catalogue.rs`.
#![expect(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookwright_engine::ports::{InspectError, MapError, Mapper as _};
use hookwright_hostile::{Guest, request};
use hookwright_model::Action;
use hookwright_plugin_host::PluginLimits;

use support::{Rig, bundled};

const LOOP: &str = "(loop $again (br $again)) unreachable";
const EATER: &str =
    "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";

fn limits() -> PluginLimits {
    PluginLimits::default()
}

async fn failure(rig: &Rig, component: &Bytes) -> MapError {
    rig.transform(component).await.outcome.unwrap_err()
}

fn assert_limit(error: &MapError, words: &str) {
    assert!(matches!(error, MapError::Limit(message) if message.contains(words)), "{error:?}");
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
async fn the_default_limits_are_named_where_they_end_a_call() {
    let rig = Rig::with_limits(PluginLimits { wall_time: Duration::from_secs(20), ..limits() });
    assert_limit(&failure(&rig, &Guest::transforming(LOOP)).await, "200000000 instructions");
    assert_limit(&failure(&rig, &Guest::transforming(EATER)).await, "64 MiB");
    let large = Bytes::from(vec![0; limits().component_bytes + 1]);
    assert!(matches!(rig.inspect(&large).await, Err(InspectError::TooLarge { .. })));
}

#[tokio::test]
async fn time_is_limited_even_where_instructions_are_not() {
    let rig =
        Rig::with_limits(PluginLimits { fuel: u64::MAX, wall_time: Duration::from_millis(30), ..limits() });
    assert_limit(&failure(&rig, &Guest::transforming(LOOP)).await, "30 ms");
}

#[tokio::test]
async fn a_component_that_was_cut_never_passes_for_a_whole_one() {
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
async fn calls_that_take_long_wait_for_each_other_and_for_nobody_else() {
    let rig = Arc::new(Rig::new());
    let (good, looping) = (Guest::default().build(), Guest::transforming(LOOP));
    rig.transform(&good).await.outcome.unwrap();
    assert_limit(&failure(&rig, &looping).await, "instructions");
    let long: Vec<_> = (0..6)
        .map(|_| {
            let (rig, looping) = (Arc::clone(&rig), looping.clone());
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
