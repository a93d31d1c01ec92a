//! The dispatcher breaks.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hookwright_engine::DispatcherState;
use hookwright_model::DeliveryState;

use crate::world::{Answer, World};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_dispatcher_that_panics_is_started_again_with_what_it_had() {
    let world = World::new().await;
    world.add(world.webhook("a.example")).await;
    world.targets.script("a.example", [Answer::After(SECOND * 3_600, 200), Answer::Status(503)]);
    let under_way = world.ingest().await[0];
    world.reaches(under_way, |delivery| delivery.state == DeliveryState::Delivering).await;
    let failed = world.ingest().await[0];
    world.reaches(failed, |delivery| delivery.failures == 1).await;
    assert_eq!(world.running.health().dispatcher, DispatcherState::Moving);

    // Nobody else asks for the time while all wait.
    world.clock.panics.store(true, Ordering::Relaxed);
    tokio::time::sleep(SECOND * 30).await;
    assert!(!world.clock.panics.load(Ordering::Relaxed), "nothing has panicked");
    for id in [under_way, failed] {
        assert_eq!(world.ended(id).await.state, DeliveryState::Delivered);
    }
    let next = world.ingest().await[0];
    assert_eq!(world.ended(next).await.state, DeliveryState::Delivered);
    assert_eq!(world.running.health().dispatcher, DispatcherState::Moving);
    world.running.drain(SECOND).await;
    assert_eq!(world.running.health().dispatcher, DispatcherState::Draining);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_due_delivery_is_known() {
    let world = World::new().await;
    let limits = hookwright_model::Limits { concurrency: 1, ..hookwright_model::Limits::default() };
    world.add(hookwright_engine::NewWebhook { limits, ..world.webhook("a.example") }).await;
    world.targets.script("a.example", [Answer::After(SECOND * 50, 200)]);
    world.ingest().await;
    let waiting = world.ingest().await[0];
    tokio::time::sleep(SECOND * 40).await;
    let age = world.running.health().oldest_due.unwrap();
    assert!((39..=41).contains(&age.as_secs()), "{age:?}");
    world.ended(waiting).await;
    assert_eq!(world.running.health().oldest_due, None);
}
