//! Secrets of a webhook that come back from targets and plugins: nothing that is kept shows them.

use hookwright_engine::ports::MapError;
use hookwright_model::{CustomHeaders, DeliveryId, DeliveryState, Failure, Webhook};

use crate::world::World;

const TOKEN: &str = "pat-eu1-0a1b2c3d";

/// Everything that the store has of a delivery.
async fn kept(world: &World, id: DeliveryId) -> String {
    format!("{:?} {:?}", world.store.delivery(id).await.unwrap(), world.store.attempts(id).await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_plugin_that_repeats_a_secret_shows_it_nowhere() {
    let world = World::new().await;
    let webhook = world.add_mapped("a.example").await;
    let headers = CustomHeaders::parse([("authorization", format!("Bearer {TOKEN}").as_str())]).unwrap();
    let webhook = world.engine.update_webhook(Webhook { headers, ..webhook }).await.unwrap();
    let leak = || {
        let reason = format!("the target refused `Bearer {TOKEN}`; fix it");
        *world.plugin.instead.lock() = Some(MapError::Plugin(Failure::Permanent(reason)));
    };

    leak();
    let delivery = world.ingest().await[0];
    assert_eq!(world.ended(delivery).await.state, DeliveryState::Held);
    leak();
    world.engine.resend(delivery).await.unwrap();
    world.reaches(delivery, |delivery| delivery.attempts == 2).await;
    leak();
    let tested = world.engine.test_send(webhook.id).await.unwrap().id;

    for id in [delivery, tested] {
        let kept = kept(&world, id).await;
        assert!(!kept.contains(TOKEN) && kept.contains("***") && kept.contains("fix it"), "{kept}");
    }
}
