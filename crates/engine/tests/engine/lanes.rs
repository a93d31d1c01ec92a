//! A target that says "slow down", or fails, and its lane.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hookwright_engine::NewWebhook;
use hookwright_model::{DeliveryId, DeliveryState, Limits, TargetUrl, Verdict, Webhook};

use crate::world::{Answer, RateLimit, World};

const LEADS: usize = 40;
const SECOND: Duration = Duration::from_secs(1);

/// What targets say with a 429: nothing, a pause, none, a time that has passed, nonsense.
const NAMED: [Option<&str>; 6] = [
    None,
    Some("1"),
    Some("0"),
    Some("Thu, 01 Jan 1970 00:00:00 GMT"),
    Some("99999999999999999999999x"),
    Some("0.2"),
];

async fn leads(world: &World) -> Vec<DeliveryId> {
    let mut leads = Vec::new();
    for _ in 0..LEADS {
        leads.push(world.ingest().await[0]);
    }
    leads
}

/// Waits until all are delivered.
async fn all_delivered(world: &World, leads: &[DeliveryId], case: &str) {
    for id in leads {
        let delivery = world.ended(*id).await;
        assert_eq!(delivery.state, DeliveryState::Delivered, "{case}: {delivery:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_found_without_a_mapping() {
    for retry_after in NAMED {
        let world = World::new().await;
        world.add(world.webhook("crm.example")).await;
        world.targets.limit("crm.example", RateLimit { every: SECOND, retry_after });
        let begun = world.now();
        let leads = leads(&world).await;
        all_delivered(&world, &leads, &format!("{retry_after:?}")).await;
        let requests = world.targets.paths("crm.example").len();
        assert!(requests <= LEADS * 12 / 10, "{retry_after:?}: {requests} requests");
        let took = world.now().since(begun);
        assert!(took < SECOND * 120, "{retry_after:?}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_found_through_a_plugin_of_several_calls() {
    for reads_429 in [false, true] {
        for retry_after in NAMED {
            let world = World::new().await;
            world.add_mapped("crm.example").await;
            world.plugin.reads_429.store(reads_429, Ordering::Relaxed);
            world.targets.limit("crm.example", RateLimit { every: SECOND, retry_after });
            let leads = leads(&world).await;
            let case = format!("{retry_after:?}, read by the plugin: {reads_429}");
            all_delivered(&world, &leads, &case).await;
            let paths = world.targets.paths("crm.example");
            assert!(paths.len() <= 3 * LEADS * 12 / 10, "{case}: {} requests", paths.len());
            assert!(!paths.contains(&"/look".to_owned()), "{case}: a refusal is no doubt");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_asked_for_holds_for_the_whole_lane_and_is_shown() {
    let world = World::new().await;
    let webhook = world.add(world.webhook("crm.example")).await;
    let other = world.add(world.webhook("other.example")).await;
    world.targets.limit("crm.example", RateLimit { every: SECOND, retry_after: Some("300") });
    let first = world.ingest().await[0];
    all_delivered(&world, &[first], "the first").await;
    assert_eq!(world.rest(webhook.id).await, None);
    let second = world.ingest().await[0];
    world.reaches(second, |delivery| delivery.failures == 1).await;
    let refused = world.targets.paths("crm.example").len();

    let rest = world.rest(webhook.id).await.unwrap();
    let left = rest.until.since(world.now());
    assert!(left > SECOND * 295 && left <= SECOND * 360, "{left:?}");
    assert_eq!(rest.reason, "crm.example asked for a pause");
    assert_eq!(world.rest(other.id).await, None);
    let leads = leads(&world).await;
    tokio::time::sleep(SECOND * 290).await;
    assert_eq!(world.targets.paths("crm.example").len(), refused, "nothing is sent before");
    world.targets.limit("crm.example", RateLimit { every: Duration::ZERO, retry_after: None });
    let resumed = world.now();
    all_delivered(&world, &leads, "after the pause").await;
    assert!(world.now().since(resumed) < SECOND * 120, "it grows back");
    assert_eq!(world.rest(webhook.id).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_target_repeats_forever_is_not_followed_every_second() {
    let world = World::new().await;
    world.add_mapped("crm.example").await;
    world.plugin.reads_429.store(true, Ordering::Relaxed);
    world.targets.limit("crm.example", RateLimit { every: SECOND * 100_000, retry_after: Some("1") });
    let id = world.ingest().await[0];
    tokio::time::sleep(SECOND * 3_600).await;
    let delivery = world.store.delivery(id).await.unwrap();
    assert_eq!(delivery.state, DeliveryState::Pending);
    assert!(delivery.attempts < 10, "{} attempts in an hour", delivery.attempts);
    world.targets.limit("crm.example", RateLimit { every: Duration::ZERO, retry_after: None });
    all_delivered(&world, &[id], "after the refusals").await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_at_the_third_call_ends_in_delivery() {
    let world = World::new().await;
    world.add_mapped("crm.example").await;
    let outage = [Answer::Status(503); 14];
    world.targets.script("crm.example", [Answer::Status(200), Answer::Status(201)].into_iter().chain(outage));
    let delivery = world.ended(world.ingest().await[0]).await;
    assert_eq!(delivery.state, DeliveryState::Delivered);
    assert_eq!(world.targets.paths("crm.example").iter().filter(|path| *path == "/note").count(), 15);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_any_length_ends_given_up_and_never_held() {
    let world = World::new().await;
    world.add_mapped("crm.example").await;
    // Each look is answered, and each time the answer of the request after it is lost.
    let lost = [Answer::Reset, Answer::Status(200)].into_iter().cycle().take(1_000);
    world.targets.script("crm.example", [Answer::Status(200)].into_iter().chain(lost));
    let delivery = world.ended(world.ingest().await[0]).await;
    assert!(
        matches!(delivery.state, DeliveryState::Delivered | DeliveryState::Failed),
        "{:?}: {:?}",
        delivery.state,
        delivery.reason
    );
}

#[tokio::test(start_paused = true)]
async fn failures_that_a_plugin_names_let_the_lane_rest() {
    let world = World::new().await;
    let webhook = world.add_mapped("crm.example").await;
    world.plugin.reads_429.store(true, Ordering::Relaxed);
    world.targets.script("crm.example", [Answer::Status(429)]);
    let id = world.ingest().await[0];
    world.reaches(id, |delivery| delivery.failures == 1).await;
    let rest = world.rest(webhook.id).await;
    let attempts = world.store.attempts(id).await.unwrap();
    assert_eq!(attempts[0].verdict, Verdict::Retry);
    // Without a name the pause is a second, which may have passed by now.
    if let Some(rest) = rest {
        assert_eq!(rest.reason, "Three takes fewer requests than it is sent");
    }
    all_delivered(&world, &[id], "after it").await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_target_gets_its_whole_concurrency() {
    let world = World::new().await;
    let limits = Limits { concurrency: 32, ..Limits::default() };
    world.add(NewWebhook { limits, ..world.webhook("slow.example") }).await;
    world.targets.script("slow.example", [Answer::After(SECOND * 30, 200); LEADS]);
    let leads = leads(&world).await;
    tokio::time::sleep(SECOND * 3).await;
    assert_eq!(world.targets.most_at_once("slow.example"), 32);
    all_delivered(&world, &leads, "slowly").await;
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_fails_is_probed_and_grows_back() {
    let world = World::new().await;
    let webhook = world.add(world.webhook("crm.example")).await;
    world.targets.script("crm.example", [Answer::Status(503); 8]);
    let leads = leads(&world).await;
    let mut rest = None;
    while rest.is_none() {
        tokio::time::sleep(Duration::from_millis(100)).await;
        rest = world.rest(webhook.id).await;
    }
    let rest = rest.unwrap();
    assert!(rest.reason.starts_with("the target keeps failing: the target answered 503"), "{}", rest.reason);
    all_delivered(&world, &leads, "after the failures").await;
    assert_eq!(world.targets.paths("crm.example").len(), LEADS + 8);
}

#[tokio::test(start_paused = true)]
async fn a_missing_page_is_asked_for_during_a_deployment_and_then_believed() {
    let world = World::new().await;
    world.add(world.webhook("crm.example")).await;
    world.targets.script("crm.example", [Answer::Status(404); 4]);
    let delivery = world.ended(world.ingest().await[0]).await;
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Delivered, 5));
    world.targets.script("crm.example", [Answer::Status(404); 100]);
    let begun = world.now();
    let delivery = world.ended(world.ingest().await[0]).await;
    assert_eq!(delivery.state, DeliveryState::Failed);
    let took = world.now().since(begun);
    assert!(took >= SECOND * 3_600 && took < SECOND * 3 * 3_600, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_is_changed_does_not_rest_for_what_it_was() {
    let world = World::new().await;
    let webhook = world.add(world.webhook("old.example")).await;
    world.targets.limit("old.example", RateLimit { every: SECOND * 9_999, retry_after: Some("3000") });
    let first = world.ingest().await[0];
    all_delivered(&world, &[first], "the first").await;
    let refused = world.ingest().await[0];
    world.reaches(refused, |delivery| delivery.failures == 1).await;
    let waiting = world.ingest().await[0];
    assert!(world.rest(webhook.id).await.is_some());

    let mut wanted = (*world.engine.webhook(webhook.id).await.unwrap()).clone();
    wanted.name = "The same target".to_owned();
    let renamed = world.engine.update_webhook(wanted).await.unwrap();
    assert!(world.rest(webhook.id).await.is_some(), "a new name changes nothing");
    let url = TargetUrl::parse("https://new.example/").unwrap();
    world.engine.update_webhook(Webhook { url, ..renamed }).await.unwrap();
    assert_eq!(world.rest(webhook.id).await, None);
    let changed = world.now();
    all_delivered(&world, &[waiting], "at the new address").await;
    assert!(world.now().since(changed) < SECOND * 2);
}
