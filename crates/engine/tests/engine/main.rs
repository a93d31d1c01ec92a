//! The engine with the in-memory store and scripted ports, in paused time.
#![expect(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

mod clock;
mod fan_out;
mod lanes;
mod plugins;
mod scope;
mod secrets;
mod supervision;
mod test_sends;
mod waiting;
mod world;

use std::time::Duration;

use hookwright_engine::ports::{MapError, SettingsError};
use hookwright_engine::{Drained, EngineOptions, Field, Incoming, IngestError, NewWebhook, WebhookError};
use hookwright_model::{DeliveryState, ErrorKind, Limits, WebhookState};
use hookwright_store::{IdempotencyKey, Repeat};
use world::{Answer, ThreeCalls, World, three_calls};

#[tokio::test(start_paused = true)]
async fn an_event_reaches_every_active_webhook_byte_for_byte() {
    let world = World::new().await;
    world.add(world.webhook("a.example")).await;
    world.add(world.webhook("b.example")).await;
    world.add(NewWebhook { state: WebhookState::Paused, ..world.webhook("c.example") }).await;
    let deliveries = world.ingest().await;
    assert_eq!(deliveries.len(), 3);
    for id in &deliveries[..2] {
        assert_eq!(world.ended(*id).await.state, DeliveryState::Delivered);
    }
    assert_eq!(world.targets.bodies(), [world.payload(), world.payload()]);
    assert!(world.targets.paths("c.example").is_empty());
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_by_the_schedule() {
    let world = World::new().await;
    world.add(world.webhook("a.example")).await;
    world.targets.script("a.example", [Answer::Status(503), Answer::Reset, Answer::Status(204)]);
    let begun = world.now();
    let id = world.ingest().await[0];
    let delivery = world.ended(id).await;
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Delivered, 3));
    let took = world.now().since(begun);
    assert!((16..=26).contains(&took.as_secs()), "5 s and 15 s, ±20 %: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_target_delays_only_its_own_deliveries() {
    let world = World::new().await;
    let limits = Limits { concurrency: 1, ..Limits::default() };
    world.add(NewWebhook { limits, ..world.webhook("slow.example") }).await;
    world.targets.script("slow.example", [Answer::After(Duration::from_secs(3_600), 200); 50]);
    for _ in 0..50 {
        world.ingest().await;
    }
    world.add(world.webhook("fast.example")).await;
    let begun = world.now();
    let fast = world.ingest().await[1];
    assert_eq!(world.ended(fast).await.state, DeliveryState::Delivered);
    assert!(world.now().since(begun) < Duration::from_secs(1));
    assert_eq!(world.targets.paths("slow.example").len(), 1, "its concurrency is 1");
}

#[tokio::test(start_paused = true)]
async fn a_project_with_many_slow_webhooks_leaves_places_to_others() {
    let world = World::with(EngineOptions { max_in_flight: 8 }).await;
    for n in 0..4 {
        let host = format!("slow-{n}.example");
        world.add(world.webhook(&host)).await;
        world.targets.script(&host, [Answer::After(Duration::from_secs(3_600), 200); 50]);
    }
    for _ in 0..10 {
        world.ingest().await;
    }
    let other = world.engine.create_project("B".to_owned(), None).await.unwrap().id;
    world.add(NewWebhook { project: other, ..world.webhook("fast.example") }).await;
    let begun = world.now();
    for _ in 0..5 {
        let [delivery] = world.ingest_for(other).await.try_into().unwrap();
        assert_eq!(world.ended(delivery).await.state, DeliveryState::Delivered);
    }
    assert!(world.now().since(begun) < Duration::from_secs(10));
    let slow: usize = (0..4).map(|n| world.targets.paths(&format!("slow-{n}.example")).len()).sum();
    assert_eq!(slow, 4, "half of the places");
}

#[tokio::test(start_paused = true)]
async fn a_delivery_resumes_at_the_step_that_failed() {
    let world = World::new().await;
    world.add_mapped("crm.example").await;
    world.targets.script("crm.example", [200, 201, 500, 200].map(Answer::Status));
    let delivery = world.ended(world.ingest().await[0]).await;
    assert_eq!(delivery.state, DeliveryState::Delivered);
    assert_eq!(delivery.receipt.unwrap().reference.as_deref(), Some("lead/7"));
    assert_eq!(delivery.pin.unwrap().digest, ThreeCalls::digest());
    assert_eq!(world.targets.paths("crm.example"), ["/search", "/create", "/note", "/note"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_the_plugin_look_first() {
    let world = World::new().await;
    world.add_mapped("crm.example").await;
    world.targets.script("crm.example", [Answer::Status(200), Answer::Reset]);
    let delivery = world.ended(world.ingest().await[0]).await;
    assert_eq!((delivery.state, delivery.uncertain), (DeliveryState::Delivered, None));
    assert_eq!(world.targets.paths("crm.example"), ["/search", "/create", "/look", "/note"]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_mapping_is_held_and_goes_on_when_sent_again() {
    let world = World::new().await;
    world.add_mapped("crm.example").await;
    world.add(world.webhook("other.example")).await;
    *world.plugin.instead.lock() = Some(MapError::Trap("unreachable".to_owned()));
    // The first call loads the component and is then made again, so the trap meets it.
    let deliveries = world.ingest().await;
    let held = world.ended(deliveries[0]).await;
    assert_eq!(
        (held.state, held.reason.as_deref()),
        (DeliveryState::Held, Some("the plugin crashed: unreachable"))
    );
    assert_eq!(world.ended(deliveries[1]).await.state, DeliveryState::Delivered);
    world.engine.resend(held.id).await.unwrap();
    assert_eq!(world.ended(held.id).await.state, DeliveryState::Delivered);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_paused_webhook_goes_on_when_it_is_enabled() {
    let world = World::new().await;
    let webhook = world.add(world.webhook("a.example")).await;
    world.targets.script("a.example", [Answer::Status(503)]);
    let id = world.ingest().await[0];
    world.reaches(id, |delivery| delivery.failures == 1).await;
    let pause = |state| {
        let world = &world;
        async move {
            let stored = world.store.webhook(webhook.id).await.unwrap();
            let wanted = hookwright_model::Webhook { state, ..(*stored).clone() };
            world.engine.update_webhook(wanted).await.unwrap()
        }
    };
    pause(WebhookState::Paused).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(world.store.delivery(id).await.unwrap().state, DeliveryState::Pending);
    pause(WebhookState::Active).await;
    assert_eq!(world.ended(id).await.state, DeliveryState::Delivered);
}

#[tokio::test(start_paused = true)]
async fn a_test_send_happens_once_even_to_a_paused_webhook() {
    let world = World::new().await;
    let webhook = world.add(NewWebhook { state: WebhookState::Paused, ..world.webhook("a.example") }).await;
    assert_eq!(world.engine.test_send(webhook.id).await.unwrap().state, DeliveryState::Delivered);
    world.targets.script("a.example", [Answer::Status(503)]);
    let failed = world.engine.test_send(webhook.id).await.unwrap();
    assert_eq!((failed.state, failed.attempts), (DeliveryState::Failed, 1));
}

#[tokio::test(start_paused = true)]
async fn a_drain_lets_deliveries_end_and_cuts_off_what_takes_too_long() {
    let world = World::new().await;
    world.add(world.webhook("a.example")).await;
    world.targets.script("a.example", [Answer::After(Duration::from_secs(8), 200)]);
    let id = world.ingest().await[0];
    world.reaches(id, |delivery| delivery.state == DeliveryState::Delivering).await;
    assert_eq!(world.running.drain(Duration::from_secs(20)).await, Drained::Complete);
    assert_eq!(world.store.delivery(id).await.unwrap().state, DeliveryState::Delivered);

    let world = World::new().await;
    world.add(world.webhook("a.example")).await;
    world.targets.script("a.example", [Answer::After(Duration::from_secs(80), 200)]);
    let id = world.ingest().await[0];
    world.reaches(id, |delivery| delivery.state == DeliveryState::Delivering).await;
    assert_eq!(world.running.drain(Duration::from_secs(20)).await, Drained::CutOff(1));
}

#[tokio::test(start_paused = true)]
async fn a_repeat_answers_with_the_first_result() {
    let world = World::new().await;
    world.add(world.webhook("a.example")).await;
    let incoming =
        || Incoming { body: world.payload(), idempotency: Some(IdempotencyKey::parse("order-1").unwrap()) };
    let first = world.engine.ingest(vec![incoming()]).await.unwrap();
    let second = world.engine.ingest(vec![incoming()]).await.unwrap();
    assert_eq!((first[0].event, &first[0].deliveries), (second[0].event, &second[0].deliveries));
    assert_eq!((first[0].repeat, second[0].repeat), (Repeat::First, Repeat::Known));
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_accepted_whole_or_not_at_all() {
    let world = World::new().await;
    world.add(world.webhook("a.example")).await;
    let unknown = String::from_utf8(world.payload().to_vec()).unwrap();
    let unknown = unknown.replace(&world.project.to_string(), "0198c0de-7e57-7aaa-8000-0123456789ab");
    let batch = [world.payload(), unknown.into()].map(|body| Incoming { body, idempotency: None });
    let error = world.engine.ingest(batch.into()).await.unwrap_err();
    assert!(matches!(error, IngestError::UnknownProject { index: 1, .. }), "{error}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(world.targets.bodies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_webhook_is_refused_with_what_is_wrong() {
    let world = World::new().await;
    world.add_mapped("crm.example").await;
    let fields = |new| {
        let world = &world;
        async move {
            match world.engine.create_webhook(new).await {
                Err(WebhookError::Invalid(wrong)) => {
                    wrong.into_iter().map(|one| one.field).collect::<Vec<_>>()
                }
                other => panic!("{other:?}"),
            }
        }
    };
    let mapped = |settings: &str| Some(three_calls(settings));
    assert_eq!(fields(world.webhook("localhost")).await, [Field::Url]);
    let wrong_settings = NewWebhook { mapping: mapped(r#"{"stage": 1}"#), ..world.webhook("localhost") };
    assert_eq!(fields(wrong_settings).await, [Field::Url, Field::Settings("/stage".to_owned())]);
    let mut unknown = three_calls("{}");
    unknown.plugin = "four".parse().unwrap();
    assert_eq!(
        fields(NewWebhook { mapping: Some(unknown), ..world.webhook("a.example") }).await,
        [Field::Plugin]
    );
    let mut version = three_calls("{}");
    version.version = hookwright_model::VersionPin::Exact(9);
    assert_eq!(
        fields(NewWebhook { mapping: Some(version), ..world.webhook("a.example") }).await,
        [Field::PluginVersion]
    );
    *world.plugin.unchecked.lock() = Some(SettingsError::Schema("it takes too much".to_owned()));
    let costly = NewWebhook { mapping: mapped("{}"), ..world.webhook("a.example") };
    assert_eq!(fields(costly.clone()).await, [Field::Settings(String::new())]);
    *world.plugin.unchecked.lock() = Some(SettingsError::Unavailable("many wait".to_owned()));
    let unchecked = world.engine.create_webhook(costly.clone()).await.unwrap_err();
    assert_eq!(unchecked.kind(), ErrorKind::Unavailable);
    assert_eq!(fields(NewWebhook { mapping: mapped(r#"{"stage": 1}"#), ..costly }).await.len(), 1);
}
