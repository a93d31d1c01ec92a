//! Plugins before they are attached to anything.

use bytes::Bytes;
use hookwright_engine::ports::{InspectError, MapError};
use hookwright_engine::preview::Planned;
use hookwright_engine::report::SamplePreview;
use hookwright_engine::{Field, NewWebhook, PluginError, PreviewEvent, PreviewRequest, WebhookError};
use hookwright_model::{
    DeliveryState, Failure, History, Mapping, PluginOwner, Reply, Settings, TargetUrl, VersionPin,
};
use hookwright_store::{Repeat, StoreError};

use crate::world::{Answer, COMPONENT, World, three_calls};

#[tokio::test(start_paused = true)]
async fn a_report_says_what_a_component_is_and_what_it_makes_of_a_lead() {
    let world = World::new().await;
    let check = |name: &str, component| {
        world.engine.check_plugin(world.project, name.parse().unwrap(), Bytes::from_static(component))
    };
    let checked = check("three", COMPONENT).await.unwrap();
    assert_eq!((checked.version, checked.repeat), (1, Repeat::First));
    assert_eq!(checked.report.inspected.description.title, "Three");
    let SamplePreview::Mapped { settings, preview } = checked.report.sample else {
        panic!("{:?}", checked.report)
    };
    assert_eq!(settings.as_str(), "{}");
    let Planned::Call(call) = &preview.next else { panic!("{preview:?}") };
    assert_eq!(
        (call.step.step.as_str(), call.url.expose().as_str()),
        ("search", "https://crm.example/search")
    );
    assert!(world.targets.bodies().is_empty(), "nothing is sent");
    assert_eq!(world.store.plugins(world.project).await.unwrap(), [], "nothing is stored");

    world.add_mapped("crm.example").await;
    let again = check("three", COMPONENT).await.unwrap();
    assert_eq!((again.version, again.repeat), (1, Repeat::Known));
    let refused = check("three", b"text").await.unwrap_err();
    assert!(matches!(refused, PluginError::Component(InspectError::Refused(_))), "{refused}");
    let bundled = world.engine.upload_plugin(PluginOwner::Bundled, "all".parse().unwrap(), COMPONENT.into());
    bundled.await.unwrap();
    assert!(matches!(check("all", COMPONENT).await, Err(PluginError::NameTaken(_))));
}

fn request(world: &World) -> PreviewRequest {
    PreviewRequest {
        project: world.project,
        plugin: "three".parse().unwrap(),
        version: VersionPin::Latest,
        settings: Settings::default(),
        event: PreviewEvent::Sample,
        history: History::default(),
        url: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_preview_goes_on_from_the_history_and_sends_nothing() {
    let world = World::new().await;
    world.add_mapped("crm.example").await;
    let reply = Reply {
        step: "search".to_owned(),
        status: 200,
        headers: Vec::new(),
        body: String::new(),
        truncated: false,
    };
    let history = History { replies: vec![reply], uncertain: None };
    let url = Some(TargetUrl::parse("https://other.example/api").unwrap());
    let previewed =
        world.engine.preview_plugin(PreviewRequest { history, url, ..request(&world) }).await.unwrap();
    let Planned::Call(call) = &previewed.preview.next else { panic!("{previewed:?}") };
    assert_eq!(call.url.expose().as_str(), "https://other.example/api/create");
    assert_eq!(call.headers, [], "the signature belongs to a delivery");
    assert!(world.targets.bodies().is_empty());
    assert_eq!(world.store.due_webhooks().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_preview_shows_a_past_event_of_its_own_project_only() {
    let world = World::new().await;
    world.add_mapped("crm.example").await;
    let delivery = world.ended(world.ingest().await[0]).await;
    let event = PreviewEvent::Past(delivery.event);
    let previewed = world
        .engine
        .preview_plugin(PreviewRequest { event: event.clone(), ..request(&world) })
        .await
        .unwrap();
    assert_eq!(previewed.event.payload, world.payload());

    let stranger = world.engine.create_project("B".to_owned(), None).await.unwrap().id;
    let bundled = world.engine.upload_plugin(PluginOwner::Bundled, "all".parse().unwrap(), COMPONENT.into());
    bundled.await.unwrap();
    let all = PreviewRequest { project: stranger, plugin: "all".parse().unwrap(), event, ..request(&world) };
    let Err(PluginError::Invalid(invalid)) = world.engine.preview_plugin(all).await else { panic!() };
    assert_eq!(invalid[0].field, Field::Event(String::new()));
}

#[tokio::test(start_paused = true)]
async fn a_plugin_is_deleted_once_no_webhook_uses_it_and_stays_for_what_is_under_way() {
    let world = World::new().await;
    let webhook = world.add_mapped("crm.example").await;
    world.targets.script("crm.example", [Answer::Status(503)]);
    let id = world.ingest().await[0];
    let pending = world.reaches(id, |delivery| delivery.failures == 1).await;
    assert!(pending.pin.is_some());
    let refused = world.engine.delete_plugin(world.project, &"three".parse().unwrap(), None).await;
    let Err(PluginError::Store(StoreError::Attached(webhooks))) = refused else { panic!("{refused:?}") };
    assert_eq!(webhooks, [webhook.id]);

    let stored = world.store.webhook(webhook.id).await.unwrap();
    let mut wanted = (*stored).clone();
    wanted.mapping = None;
    world.engine.update_webhook(wanted).await.unwrap();
    world.engine.delete_plugin(world.project, &"three".parse().unwrap(), None).await.unwrap();
    assert_eq!(world.store.plugins(world.project).await.unwrap(), []);
    assert_eq!(
        world.ended(id).await.state,
        DeliveryState::Delivered,
        "its component is there as long as it waits"
    );
}

#[tokio::test(start_paused = true)]
async fn settings_with_which_a_bundled_plugin_fails_for_the_sample_lead_are_not_saved() {
    let world = World::new().await;
    let own = PluginOwner::Project(world.project);
    for (owner, name) in [(PluginOwner::Bundled, "all"), (own, "three")] {
        world.engine.upload_plugin(owner, name.parse().unwrap(), COMPONENT.into()).await.unwrap();
    }
    let fails = |failure| *world.plugin.instead.lock() = Some(MapError::Plugin(failure));
    let named = |plugin: &str| {
        let mapping = Mapping { plugin: plugin.parse().unwrap(), ..three_calls("{}") };
        world.engine.create_webhook(NewWebhook { mapping: Some(mapping), ..world.webhook("a.example") })
    };
    let mistake = Failure::Permanent("at `/body/a`: did you mean `lead.phone`?".to_owned());
    fails(mistake.clone());
    let Err(WebhookError::Invalid(wrong)) = named("all").await else { panic!("it was saved") };
    assert_eq!((wrong.len(), &wrong[0].field), (1, &Field::Settings(String::new())));
    assert!(wrong[0].message.contains("did you mean `lead.phone`?"), "{wrong:?}");

    fails(Failure::Retry { reason: "busy".to_owned(), after_secs: None });
    let saved = named("all").await.unwrap();
    fails(mistake.clone());
    named("three").await.unwrap();
    fails(mistake);
    let mut wanted = (*world.store.webhook(saved.id).await.unwrap()).clone();
    wanted.mapping.as_mut().unwrap().settings = Settings::parse(r#"{"stage": "b"}"#).unwrap();
    let changed = world.engine.update_webhook(wanted).await;
    assert!(matches!(changed, Err(WebhookError::Invalid(_))), "{changed:?}");
}
