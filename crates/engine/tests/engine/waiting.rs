//! Nothing vanishes: what a webhook cannot have now waits for it, and what nobody wanted is kept.

use std::time::Duration;

use hookwright_engine::{DeliverError, Incoming, LeadSummary, NewWebhook};
use hookwright_model::{
    DeliveryId, DeliveryState, DisableReason, EventId, Limits, PageRequest, ProjectId, Webhook, WebhookId,
    WebhookState,
};
use hookwright_store::{DeliveryFilter, EventFilter, FanOut, StoreError};

use crate::world::{Answer, World};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn switch(world: &World, webhook: WebhookId, state: WebhookState) -> Webhook {
    let stored = world.store.webhook(webhook).await.unwrap();
    world.engine.update_webhook(Webhook { state, ..Webhook::clone(&stored) }).await.unwrap()
}

async fn states(world: &World, deliveries: &[DeliveryId]) -> Vec<DeliveryState> {
    let mut states = Vec::new();
    for id in deliveries {
        states.push(world.store.delivery(*id).await.unwrap().state);
    }
    states
}

async fn undelivered(world: &World, project: ProjectId) -> Vec<EventId> {
    let page = PageRequest { after: None, limit: 99 };
    let page = world.engine.events(project, EventFilter::Undelivered, page).await.unwrap();
    page.items.into_iter().map(|entry| entry.event.id).collect()
}

#[tokio::test(start_paused = true)]
async fn leads_of_a_paused_webhook_wait_and_enabling_delivers_them_within_its_limits() {
    let world = World::new().await;
    let limits = Limits { concurrency: 2, ..Limits::default() };
    let new = NewWebhook { limits, state: WebhookState::Paused, ..world.webhook("a.example") };
    let webhook = world.add(new).await;
    let mut deliveries = Vec::new();
    for _ in 0..20 {
        deliveries.extend(world.ingest().await);
    }
    assert_eq!(deliveries.len(), 20);
    // Longer than the schedule tries: the pause does not count.
    tokio::time::sleep(5 * DAY).await;
    assert_eq!(states(&world, &deliveries).await, [DeliveryState::Pending; 20]);
    assert!(world.targets.bodies().is_empty());

    let one_fails = [Answer::Status(503)].into_iter();
    world.targets.script("a.example", one_fails.chain([Answer::After(Duration::from_secs(1), 200); 20]));
    switch(&world, webhook.id, WebhookState::Active).await;
    for id in &deliveries {
        assert_eq!(world.ended(*id).await.state, DeliveryState::Delivered);
    }
    assert_eq!(world.targets.paths("a.example").len(), 21, "each once, and the one that failed again");
    assert_eq!(world.targets.most_at_once("a.example"), 2);
    assert_eq!(undelivered(&world, world.project).await, []);
}

#[tokio::test(start_paused = true)]
async fn after_a_410_the_next_leads_wait_until_the_webhook_is_enabled() {
    let world = World::new().await;
    let webhook = world.add(world.webhook("a.example")).await;
    world.targets.script("a.example", [Answer::Status(410)]);
    let refused = world.ingest().await[0];
    assert_eq!(world.ended(refused).await.state, DeliveryState::Failed);
    let disabled_at = world.now();
    let stored = world.store.webhook(webhook.id).await.unwrap();
    assert_eq!(stored.state, WebhookState::Disabled(DisableReason::Gone));
    assert!(disabled_at.since(stored.state_since) < Duration::from_secs(1), "{:?}", stored.state_since);

    let mut next = Vec::new();
    for _ in 0..3 {
        next.extend(world.ingest().await);
    }
    tokio::time::sleep(DAY).await;
    assert_eq!(states(&world, &next).await, [DeliveryState::Pending; 3]);
    // A new name does not enable it, and leaves the time of its state.
    let renamed = Webhook { name: "B".to_owned(), ..Webhook::clone(&stored) };
    assert_eq!(world.engine.update_webhook(renamed).await.unwrap().state_since, stored.state_since);
    let enabled = switch(&world, webhook.id, WebhookState::Active).await;
    assert_eq!(enabled.state_since, world.now());
    for id in next {
        assert_eq!(world.ended(id).await.state, DeliveryState::Delivered);
    }
    world.engine.resend(refused).await.unwrap();
    assert_eq!(world.ended(refused).await.state, DeliveryState::Delivered);
}

#[tokio::test(start_paused = true)]
async fn what_waits_survives_a_restart() {
    let world = World::new().await;
    let webhook = world.add(NewWebhook { state: WebhookState::Paused, ..world.webhook("a.example") }).await;
    let id = world.ingest().await[0];
    let world = world.restarted().await;
    tokio::time::sleep(DAY).await;
    assert_eq!(states(&world, &[id]).await, [DeliveryState::Pending]);
    switch(&world, webhook.id, WebhookState::Active).await;
    assert_eq!(world.ended(id).await.state, DeliveryState::Delivered);
}

#[tokio::test(start_paused = true)]
async fn only_a_deleted_webhook_drops_what_waits() {
    let world = World::new().await;
    let webhook = world.add(NewWebhook { state: WebhookState::Paused, ..world.webhook("a.example") }).await;
    let id = world.ingest().await[0];
    world.engine.delete_webhook(webhook.id, None).await.unwrap();
    let dropped = world.store.delivery(id).await.unwrap();
    assert_eq!(dropped.state, DeliveryState::Cancelled);
    assert_eq!(dropped.reason.as_deref(), Some("the webhook was deleted"));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_cancels_much_in_steps() {
    let world = World::new().await;
    let webhook = world.add(NewWebhook { state: WebhookState::Paused, ..world.webhook("a.example") }).await;
    let incoming = |_| Incoming { body: world.payload(), idempotency: None };
    let accepted = world.engine.ingest((0..2_500).map(incoming).collect()).await.unwrap();
    let before = world.memory.writes().len();
    world.engine.delete_webhook(webhook.id, None).await.unwrap();
    let steps: Vec<usize> = world.memory.writes()[before..].iter().map(|write| write.deliveries).collect();
    assert_eq!(steps, [1_000, 1_000, 500]);
    let deliveries: Vec<DeliveryId> = accepted.iter().map(|one| one.deliveries[0].0).collect();
    assert!(states(&world, &deliveries).await.iter().all(|state| *state == DeliveryState::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_no_webhook_wanted_is_kept_and_delivered_later() {
    let world = World::new().await;
    assert_eq!(world.ingest().await, []);
    assert_eq!(world.ingest().await, []);
    let events = undelivered(&world, world.project).await;
    assert_eq!(events.len(), 2);
    let refused = world.engine.deliver_event(events[0]).await;
    assert!(matches!(refused, Err(DeliverError::NoWebhook)), "{refused:?}");
    assert_eq!(undelivered(&world, world.project).await, events, "it is kept");

    let active = world.add(world.webhook("a.example")).await;
    let paused = world.add(NewWebhook { state: WebhookState::Paused, ..world.webhook("b.example") }).await;
    let delivered = world.engine.deliver_event(events[0]).await.unwrap();
    assert_eq!(delivered.fan_out, FanOut::Complete);
    let [to_active, to_paused] = [active.id, paused.id].map(|webhook| {
        delivered.deliveries.iter().find(|(_, of)| *of == webhook).map(|(delivery, _)| *delivery).unwrap()
    });
    assert_eq!(world.ended(to_active).await.state, DeliveryState::Delivered);
    assert_eq!(world.targets.bodies(), [world.payload()]);
    assert_eq!(states(&world, &[to_paused]).await, [DeliveryState::Pending]);
    let again = world.engine.deliver_event(events[0]).await;
    assert!(matches!(again, Err(DeliverError::Store(StoreError::HasDeliveries))), "{again:?}");
    assert_eq!(undelivered(&world, world.project).await, events[1..]);
}

#[tokio::test(start_paused = true)]
async fn lists_show_whose_lead_it_is() {
    let world = World::new().await;
    let webhook = world.add(world.webhook("a.example")).await;
    world.ingest().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.engine.test_send(webhook.id).await.unwrap();
    let page = PageRequest { after: None, limit: 99 };
    let events = world.engine.events(world.project, EventFilter::All, page).await.unwrap().items;
    assert_eq!(events.len(), 1, "a test send is no event of a producer");
    let lead = |name: &str, email: Option<&str>| LeadSummary {
        name: Some(name.to_owned()),
        email: email.map(str::to_owned),
    };
    assert_eq!(LeadSummary::of(&events[0].event), lead("J", None));
    let page = PageRequest { after: None, limit: 99 };
    let log = world.engine.deliveries(world.project, DeliveryFilter::default(), page).await.unwrap();
    let leads = world.engine.leads(&log.items).await.unwrap();
    assert_eq!(leads, [lead("Test Lead", Some("test.lead@example.com")), lead("J", None)]);
}
