//! The system's clock is set while deliveries wait.

use std::time::Duration;

use hookwright_model::{DeliveryState, RetryPolicy};

use crate::world::{Answer, World};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_lengthens_no_wait() {
    for back in [SECOND * 7_200, DAY, DAY * 365] {
        let world = World::new().await;
        world.add(world.webhook("a.example")).await;
        world.targets.script("a.example", [Answer::Status(503)]);
        let id = world.ingest().await[0];
        world.reaches(id, |delivery| delivery.failures == 1).await;
        world.clock.set_back(back);
        let begun = tokio::time::Instant::now();
        assert_eq!(world.ended(id).await.state, DeliveryState::Delivered);
        assert!(begun.elapsed() < SECOND * 10, "{back:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_forward_gives_nothing_up() {
    let world = World::new().await;
    world.add(world.webhook("a.example")).await;
    world.targets.script("a.example", [Answer::Status(503); 4]);
    let id = world.ingest().await[0];
    world.reaches(id, |delivery| delivery.failures == 1).await;
    world.clock.set_forward(DAY * 4);
    let delivery = world.ended(id).await;
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Delivered, 5));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_was_asked_for_outlasts_a_step_of_the_clock() {
    let world = World::new().await;
    let webhook = world.add(world.webhook("a.example")).await;
    let limit = crate::world::RateLimit { every: SECOND * 1_000, retry_after: Some("600") };
    world.targets.limit("a.example", limit);
    let first = world.ingest().await[0];
    assert_eq!(world.ended(first).await.state, DeliveryState::Delivered);
    let second = world.ingest().await[0];
    world.reaches(second, |delivery| delivery.failures == 1).await;
    world.clock.set_forward(DAY);
    world.ingest().await;
    tokio::time::sleep(SECOND * 500).await;
    assert_eq!(world.targets.paths("a.example").len(), 2);
    assert!(world.rest(webhook.id).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn what_was_accepted_in_a_wrong_year_is_delivered_under_the_right_one() {
    let world = World::new().await;
    world.clock.set_forward(DAY * 3_650);
    world.add(world.webhook("a.example")).await;
    world.targets.script("a.example", [Answer::Reset; 2]);
    let failed = world.ingest().await[0];
    world.reaches(failed, |delivery| delivery.failures == 1).await;
    world.running.drain(SECOND).await;
    let waiting = world.ingest().await[0];

    // Started again, by the right clock.
    world.clock.set_back(DAY * 3_650);
    let world = world.restarted().await;
    let begun = tokio::time::Instant::now();
    for id in [waiting, failed] {
        let delivery = world.ended(id).await;
        assert_eq!(delivery.state, DeliveryState::Delivered);
        assert!(delivery.run_started_at <= world.now(), "nothing began in the future");
    }
    assert!(begun.elapsed() < SECOND * 60, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_restart_shortens_no_wait_that_the_policy_allows() {
    let world = World::new().await;
    let retry = RetryPolicy { first: SECOND * 3_000, ..RetryPolicy::default() };
    world.add(hookwright_engine::NewWebhook { retry, ..world.webhook("a.example") }).await;
    world.targets.script("a.example", [Answer::Status(503)]);
    let id = world.ingest().await[0];
    let due_at = world.reaches(id, |delivery| delivery.failures == 1).await.due_at;
    let again = world.restarted().await;
    tokio::time::sleep(SECOND * 60).await;
    assert_eq!(again.targets.paths("a.example").len(), 1);
    assert_eq!(again.store.delivery(id).await.unwrap().due_at, due_at);
    assert_eq!(again.ended(id).await.state, DeliveryState::Delivered);
}
