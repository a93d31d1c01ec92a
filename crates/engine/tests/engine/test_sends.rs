//! Test sends take their turn.

use std::time::Duration;

use hookwright_engine::{Drained, EngineOptions, NewWebhook, TestError};
use hookwright_model::{DeliveryState, ErrorKind, Limits, WebhookState};
use tokio::task::JoinSet;

use crate::world::{Answer, RateLimit, World};

const SECOND: Duration = Duration::from_secs(1);

/// So many tests of a webhook with this concurrency at once, each of which takes a second; how many were sent.
async fn at_once(world: &World, concurrency: u16, tests: usize) -> usize {
    let limits = Limits { concurrency, ..Limits::default() };
    let webhook = world.add(NewWebhook { limits, ..world.webhook("a.example") }).await;
    world.targets.script("a.example", vec![Answer::After(SECOND, 200); tests]);
    let mut running = JoinSet::new();
    for _ in 0..tests {
        let engine = world.engine.clone();
        running.spawn(async move { engine.test_send(webhook.id).await });
    }
    let mut sent = 0;
    while let Some(ended) = running.join_next().await {
        match ended.unwrap() {
            Ok(delivery) => {
                assert_eq!(delivery.state, DeliveryState::Delivered);
                sent += 1;
            }
            Err(error @ (TestError::Busy(_) | TestError::TooMany)) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable);
                assert!(error.to_string().contains("Try again later"), "{error}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    sent
}

#[tokio::test(start_paused = true)]
async fn many_tests_at_once_keep_to_the_webhooks_concurrency_and_wait_for_a_bounded_time() {
    let world = World::new().await;
    let sent = at_once(&world, 1, 300).await;
    assert_eq!(world.targets.most_at_once("a.example"), 1);
    assert!((29..=31).contains(&sent), "one a second for 30 seconds: {sent}");
    assert_eq!(world.targets.paths("a.example").len(), sent, "what was refused is not sent later");
}

#[tokio::test(start_paused = true)]
async fn tests_keep_to_the_share_of_their_project() {
    let world = World::with(EngineOptions { max_in_flight: 8 }).await;
    assert_eq!(at_once(&world, 100, 20).await, 20);
    assert_eq!(world.targets.most_at_once("a.example"), 4, "half of the places");
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_a_test_and_begins_no_more() {
    let world = World::new().await;
    let webhook = world.add(NewWebhook { state: WebhookState::Paused, ..world.webhook("a.example") }).await;
    world.targets.script("a.example", [Answer::After(SECOND * 8, 200)]);
    let engine = world.engine.clone();
    let test = tokio::spawn(async move { engine.test_send(webhook.id).await });
    tokio::time::sleep(SECOND).await;
    assert_eq!(world.running.drain(SECOND * 20).await, Drained::Complete);
    assert_eq!(test.await.unwrap().unwrap().state, DeliveryState::Delivered);
    let late = world.engine.test_send(webhook.id).await.unwrap_err();
    assert!(matches!(late, TestError::Stopping), "{late}");
}

#[tokio::test(start_paused = true)]
async fn a_test_does_not_wait_for_the_distance_of_a_slow_target() {
    let world = World::new().await;
    let webhook = world.add(world.webhook("a.example")).await;
    world.targets.script("a.example", [Answer::Status(429); 7]);
    let refused = world.ingest().await[0];
    world.ended(refused).await;
    world.ingest().await;
    let begun = tokio::time::Instant::now();
    assert_eq!(world.engine.test_send(webhook.id).await.unwrap().state, DeliveryState::Delivered);
    assert!(begun.elapsed() <= SECOND * 2, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_test_is_sent_while_the_lane_rests() {
    let world = World::new().await;
    let webhook = world.add(world.webhook("a.example")).await;
    world.targets.limit("a.example", RateLimit { every: SECOND * 5, retry_after: Some("3000") });
    let first = world.ingest().await[0];
    world.ended(first).await;
    let refused = world.ingest().await[0];
    world.reaches(refused, |delivery| delivery.failures == 1).await;
    assert!(world.rest(webhook.id).await.is_some());
    tokio::time::sleep(SECOND * 10).await;
    let begun = tokio::time::Instant::now();
    assert_eq!(world.engine.test_send(webhook.id).await.unwrap().state, DeliveryState::Delivered);
    assert!(begun.elapsed() < SECOND);
    assert!(world.rest(webhook.id).await.is_some(), "the pause lasts as long as was asked");
}
