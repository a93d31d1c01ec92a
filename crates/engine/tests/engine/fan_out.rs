//! Events for many webhooks: made in bounded steps, and in nobody's way.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hookwright_engine::{Incoming, IngestError, NewWebhook};
use hookwright_model::limits::MAX_BATCH_DELIVERIES;
use hookwright_model::{DeliveryId, ErrorKind, EventId, PageRequest, ProjectId, WebhookState};
use hookwright_store::{Accepted, DeliveryFilter, FanOut};

use crate::world::{World, payload_of};

/// More than one step, and not a whole number of steps.
const WEBHOOKS: usize = 600;
/// The most deliveries that one write of the store may make of an event.
const STEP: usize = 256;

/// A world whose project has many webhooks. They are paused: what counts here is the deliveries.
async fn many_webhooks() -> World {
    let world = World::new().await;
    for number in 0..WEBHOOKS {
        let host = format!("{number}.example");
        world.add(NewWebhook { state: WebhookState::Paused, ..world.webhook(&host) }).await;
    }
    world
}

fn batch(project: ProjectId, events: usize) -> Vec<Incoming> {
    (0..events).map(|_| Incoming { body: payload_of(project), idempotency: None }).collect()
}

/// How many deliveries each event has, once no fan-out goes on; a webhook has no event twice.
async fn fanned_out(world: &World) -> BTreeMap<EventId, usize> {
    let first = PageRequest { after: None, limit: 1 };
    while !world.store.fan_outs(first).await.unwrap().items.is_empty() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let mut counts = BTreeMap::new();
    let mut seen = std::collections::HashSet::new();
    let mut after: Option<DeliveryId> = None;
    loop {
        let page = PageRequest { after, limit: 10_000 };
        let page = world.store.deliveries(world.project, DeliveryFilter::default(), page).await.unwrap();
        for delivery in page.items {
            assert!(seen.insert((delivery.event, delivery.webhook)), "{delivery:?} is there twice");
            *counts.entry(delivery.event).or_default() += 1;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return counts,
        }
    }
}

fn assert_each_has_all(counts: &BTreeMap<EventId, usize>, accepted: &[Accepted]) {
    assert_eq!(counts.len(), accepted.len());
    for one in accepted {
        assert_eq!(counts.get(&one.event), Some(&WEBHOOKS));
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_reaches_many_webhooks_each_once() {
    let world = many_webhooks().await;
    let accepted = world.engine.ingest(batch(world.project, 3)).await.unwrap();
    for one in &accepted {
        assert_eq!(one.deliveries.len(), STEP, "the answer is bounded");
        assert!(matches!(one.fan_out, FanOut::After(_)));
    }
    assert_each_has_all(&fanned_out(&world).await, &accepted);
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_where_the_fan_out_stood() {
    let world = many_webhooks().await;
    let accepted = world.engine.ingest(batch(world.project, 2)).await.unwrap();
    // The first steps have been made for one of them.
    while world.memory.writes().len() < 2 {
        tokio::task::yield_now().await;
    }
    world.running.drain(Duration::ZERO).await;
    let open = world.store.fan_outs(PageRequest { after: None, limit: 9 }).await.unwrap().items;
    assert!(!open.is_empty());
    let world = world.restarted().await;
    assert_each_has_all(&fanned_out(&world).await, &accepted);
}

#[tokio::test(start_paused = true)]
async fn a_fan_out_that_panics_goes_on_and_makes_nothing_twice() {
    let world = many_webhooks().await;
    let accepted = world.engine.ingest(batch(world.project, 10)).await.unwrap();
    // Whoever asks for the time next panics: the fan-out or the dispatcher, which are both busy now.
    for _ in 0..10 {
        let writes = world.memory.writes().len();
        world.clock.panics.store(true, Ordering::Relaxed);
        while world.clock.panics.load(Ordering::Relaxed) || world.memory.writes().len() == writes {
            if world.store.fan_outs(PageRequest { after: None, limit: 1 }).await.unwrap().items.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    world.clock.panics.store(false, Ordering::Relaxed);
    assert_each_has_all(&fanned_out(&world).await, &accepted);
}

#[tokio::test(start_paused = true)]
async fn another_projects_event_waits_for_few_steps_at_most() {
    let world = many_webhooks().await;
    let other = world.engine.create_project("B".to_owned(), None).await.unwrap().id;
    world.add(NewWebhook { project: other, ..world.webhook("other.example") }).await;
    let accepted = world.engine.ingest(batch(world.project, 50)).await.unwrap();
    let inline: usize = accepted.iter().map(|one| one.deliveries.len()).sum();
    assert!(inline <= 10_000, "{inline} deliveries in one write");
    assert!(accepted.iter().any(|one| one.deliveries.is_empty()), "the rest begins in the background");

    // While the fan-outs go on, events of the other project come in one after the other.
    for _ in 0..20 {
        let before = world.memory.writes().len();
        let engine = world.engine.clone();
        let task =
            tokio::spawn(
                async move { engine.ingest(batch(other, 1)).await.map(|one| one[0].deliveries.len()) },
            );
        assert_eq!(task.await.unwrap().unwrap(), 1);
        let writes = world.memory.writes();
        let waited = writes[before..].iter().take_while(|write| write.project != other).count();
        // The step under way, and the one whose turn it is.
        assert!(waited <= 2, "{waited} writes of the large project came first");
    }
    assert_each_has_all(&fanned_out(&world).await, &accepted);
    let steps = world.memory.writes().into_iter().filter(|write| write.operation == "fan_out");
    let steps: Vec<usize> = steps.map(|write| write.deliveries).collect();
    assert!(steps.len() >= 50 && steps.iter().all(|deliveries| *deliveries <= STEP), "{steps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_would_make_too_many_deliveries_is_refused_and_one_event_is_not() {
    let world = many_webhooks().await;
    let most = MAX_BATCH_DELIVERIES / WEBHOOKS;
    let refused = world.engine.ingest(batch(world.project, most + 1)).await.unwrap_err();
    assert!(matches!(refused, IngestError::TooManyDeliveries { .. }), "{refused}");
    assert_eq!(refused.kind(), ErrorKind::TooLarge);
    assert!(refused.to_string().contains("Send fewer events"), "{refused}");
    assert_eq!(world.memory.writes(), [], "nothing of it was accepted");
    world.engine.ingest(batch(world.project, 1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_undelivered_event_reaches_many_webhooks() {
    let world = World::new().await;
    let event = world.engine.ingest(batch(world.project, 1)).await.unwrap()[0].event;
    for number in 0..WEBHOOKS {
        let host = format!("{number}.example");
        world.add(NewWebhook { state: WebhookState::Paused, ..world.webhook(&host) }).await;
    }
    let delivered = world.engine.deliver_event(event).await.unwrap();
    assert_eq!(delivered.deliveries.len(), STEP);
    assert_eq!(fanned_out(&world).await, BTreeMap::from([(event, WEBHOOKS)]));
}
