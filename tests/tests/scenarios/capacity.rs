//! A target that takes one lead a second, and says so in its own words otherwise.

use std::sync::Arc;
use std::time::Duration;

use hookwright_engine::ports::Mapper;
use hookwright_model::DeliveryState;
use hookwright_standin::{Listing, PLAIN, VENDORS};

use crate::internet::Site;
use crate::mapper::Standstill;
use crate::world::World;

const LEADS: usize = 40;
/// No queue of so few leads may take longer.
const DAY: Duration = Duration::from_secs(24 * 3_600);

#[tokio::test(start_paused = true)]
async fn forty_leads_arrive_at_a_target_that_takes_one_a_second_with_few_requests_in_vain() {
    let mapper: Arc<dyn Mapper> = Arc::new(Standstill::new());
    let mut wrong = Vec::new();
    for listing in VENDORS.iter().chain([&PLAIN]) {
        let needed = requests_of_one_lead(listing, &mapper).await;
        let site = Site::limited((listing.open)(), u32::try_from(needed).unwrap());
        let world = World::with(listing, site, &mapper).await;
        let mut deliveries = Vec::new();
        for n in 0..LEADS {
            deliveries.push(world.lead(n).await);
        }
        let mut ended = 0;
        for id in deliveries {
            ended += usize::from(world.settle(id, DAY).await.state == DeliveryState::Delivered);
        }
        let (requests, took) = (world.site.account.count(), world.elapsed().as_secs());
        println!("{:<14} {needed} requests a lead, {requests} in all, {took} s", listing.name);
        // A limit that is told as a failure of the server leaves a doubt, and a mapping looks before it tries again.
        let is_doubtful = |status: Option<u16>| status.is_some_and(|status| status >= 500);
        let received = world.site.account.received();
        let looks = received.iter().filter(|received| is_doubtful(received.answered_status)).count();
        let most = needed * LEADS as u64 * 12 / 10 + looks as u64;
        if ended != LEADS || requests > most {
            wrong.push(format!("{}: {ended} delivered, {requests} requests, at most {most}", listing.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn requests_of_one_lead(listing: &Listing, mapper: &Arc<dyn Mapper>) -> u64 {
    let world = World::of(listing, mapper).await;
    let id = world.lead(0).await;
    assert_eq!(world.settle(id, DAY).await.state, DeliveryState::Delivered, "{}", listing.name);
    world.site.account.count()
}
