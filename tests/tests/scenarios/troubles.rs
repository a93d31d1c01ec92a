//! What goes wrong at a vendor means to Hookwright what it means to the vendor.

use std::sync::Arc;
use std::time::Duration;

use hookwright_engine::ports::Mapper;
use hookwright_model::{Attempt, DeliveryState, WebhookState};
use hookwright_standin::{Listing, Means, PLAIN, Trouble, VENDORS, When};

use crate::mapper::Standstill;
use crate::world::World;

/// The first wait of the schedule, less its jitter: no wait is shorter, whatever a vendor names.
const SHORTEST: Duration = Duration::from_secs(4);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// The schedule makes no more attempts in a day: 5, 15, 45 seconds and so on, up to six hours.
const MOST_ATTEMPTS_A_DAY: u64 = 14;

fn listings() -> impl Iterator<Item = &'static Listing> {
    VENDORS.iter().chain([&PLAIN])
}

/// Tries every trouble of every vendor, and says which are not taken for what they are.
async fn each(check: impl AsyncFn(&World, &Trouble, usize) -> Result<(), String>, wanted: fn(Means) -> bool) {
    let mapper: Arc<dyn Mapper> = Arc::new(Standstill::new());
    let (mut tried, mut wrong) = (0, Vec::new());
    for listing in listings() {
        let records = records_of_one_lead(listing, &mapper).await;
        for trouble in (listing.open)().troubles().iter().filter(|trouble| wanted(trouble.means)) {
            let world = World::of(listing, &mapper).await;
            tried += 1;
            if let Err(problem) = check(&world, trouble, records).await {
                wrong.push(format!("{} {}: {problem}", listing.name, trouble.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}: {wrong:#?}", wrong.len());
    assert_ne!(tried, 0);
}

async fn records_of_one_lead(listing: &Listing, mapper: &Arc<dyn Mapper>) -> usize {
    let world = World::of(listing, mapper).await;
    let id = world.lead(0).await;
    assert_eq!(world.settle(id, DAY).await.state, DeliveryState::Delivered, "{}", listing.name);
    world.records()
}

/// The first failed attempt, and the time until the next one began.
fn pause(attempts: &[Attempt]) -> Option<Duration> {
    let failed = attempts.iter().position(|attempt| attempt.error.is_some())?;
    Some(attempts.get(failed + 1)?.started_at.since(attempts[failed].started_at))
}

fn ensure(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}

#[tokio::test(start_paused = true)]
async fn not_now_is_tried_again_no_sooner_than_asked_and_makes_nothing_twice() {
    let check = async |world: &World, trouble: &Trouble, records: usize| {
        let Means::Later(named) = trouble.means else { unreachable!("they were asked for") };
        world.site.account.script(trouble.when.clone(), trouble.fault.clone());
        let id = world.lead(0).await;
        let delivery = world.settle(id, 2 * DAY).await;
        let attempts = world.attempts(id).await;
        ensure(delivery.state == DeliveryState::Delivered, || format!("{delivery:?}"))?;
        let pause = pause(&attempts).ok_or("nothing failed")?;
        ensure(pause >= named.max(SHORTEST), || format!("tried again after {pause:?}"))?;
        ensure(world.records() == records, || format!("{} records, not {records}", world.records()))
    };
    each(check, |means| matches!(means, Means::Later(_))).await;
}

#[tokio::test(start_paused = true)]
async fn not_now_for_a_day_holds_nothing_and_arrives_afterwards() {
    let check = async |world: &World, trouble: &Trouble, records: usize| {
        world.site.account.script(trouble.when.clone().times(u64::MAX), trouble.fault.clone());
        let id = world.lead(0).await;
        let delivery = world.settle(id, DAY).await;
        // Some services are gone for good if they say this for long.
        let is_open = matches!(delivery.state, DeliveryState::Pending | DeliveryState::Delivering);
        ensure(is_open || delivery.state == DeliveryState::Failed, || format!("{delivery:?}"))?;
        let requests = world.site.account.count();
        ensure(requests <= 2 * MOST_ATTEMPTS_A_DAY, || format!("{requests} requests in a day"))?;
        world.site.account.heal();
        if delivery.state == DeliveryState::Failed {
            return Ok(());
        }
        let delivery = world.settle(id, DAY).await;
        ensure(delivery.state == DeliveryState::Delivered, || format!("in the end {delivery:?}"))?;
        ensure(world.records() == records, || format!("{} records, not {records}", world.records()))
    };
    each(check, |means| matches!(means, Means::Later(_))).await;
}

#[tokio::test(start_paused = true)]
async fn a_surprise_that_a_mapping_can_live_with_delays_nothing() {
    let check = async |world: &World, trouble: &Trouble, _: usize| {
        world.site.account.script(trouble.when.clone(), trouble.fault.clone());
        let id = world.lead(0).await;
        let delivery = world.settle(id, SHORTEST).await;
        ensure(delivery.state == DeliveryState::Delivered, || format!("{delivery:?}"))?;
        ensure(world.records() != 0, || "no record".to_owned())
    };
    each(check, |means| means == Means::Onward).await;
}

#[tokio::test(start_paused = true)]
async fn what_only_a_person_can_help_is_never_taken_for_a_success_nor_hammered_nor_blamed_on_the_plugin() {
    let check = async |world: &World, trouble: &Trouble, _: usize| {
        world.site.account.script(When::always(), trouble.fault.clone());
        let id = world.lead(0).await;
        let delivery = world.settle(id, 10 * MINUTE).await;
        ensure(delivery.state != DeliveryState::Delivered, || format!("{delivery:?}"))?;
        let requests = world.site.account.count();
        ensure(requests <= 8, || format!("{requests} requests in ten minutes"))?;
        let attempts = world.attempts(id).await;
        let words = attempts.iter().filter_map(|attempt| attempt.hint.as_deref());
        let blames =
            words.clone().find(|hint| hint.contains("Fix the plugin") || hint.contains("mend the plugin"));
        ensure(blames.is_none(), || format!("it says: {}", blames.unwrap_or_default()))
    };
    each(check, |means| means == Means::Person).await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_address_switches_the_webhook_off() {
    let check = async |world: &World, trouble: &Trouble, _: usize| {
        world.site.account.script(When::always(), trouble.fault.clone());
        let id = world.lead(0).await;
        let delivery = world.settle(id, HOUR).await;
        let state = world.webhook().await.state;
        ensure(matches!(state, WebhookState::Disabled(_)), || format!("{state:?}, {delivery:?}"))?;
        ensure(world.site.account.count() == 1, || format!("{} requests", world.site.account.count()))
    };
    each(check, |means| means == Means::Gone).await;
}
