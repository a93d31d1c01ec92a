//! On whose behalf: what belongs to another project does not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bytes::Bytes;
use hookwright_engine::{
    Incoming, IngestError, PluginError, PreviewEvent, PreviewRequest, Principal, ScopedEngine, TestError,
};
use hookwright_model::{
    DeliveryState, ErrorKind, History, Page, PageRequest, PluginName, PluginOwner, Project, ProjectId,
    Settings, VersionPin, Webhook, WebhookState,
};
use hookwright_store::{DeliveryFilter, EventFilter, StoreError};

use crate::world::{COMPONENT, World, payload_of};

const PAGE: usize = 10;

fn page<Id>() -> PageRequest<Id> {
    PageRequest { after: None, limit: PAGE }
}

/// How a call ended, as far as somebody outside can tell.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    NotFound,
    Forbidden,
    /// The event is of no project that exists.
    UnknownProject,
    /// Something else, in words.
    Other(String),
}

#[expect(clippy::needless_pass_by_value, reason = "reads well around a call")]
fn outcome<T: std::fmt::Debug, E: std::fmt::Debug>(
    result: Result<T, E>,
    kind: impl Fn(&E) -> ErrorKind,
) -> Outcome {
    match &result {
        Err(error) if kind(error) == ErrorKind::NotFound => Outcome::NotFound,
        Err(error) if kind(error) == ErrorKind::Forbidden => Outcome::Forbidden,
        _ => Outcome::Other(format!("{result:?}")),
    }
}

/// Asks for everything that a project has, on behalf of somebody. Each method of the handle is in here.
async fn ask_for_everything(
    engine: &ScopedEngine,
    world: &World,
    webhook: &Webhook,
) -> BTreeMap<&'static str, Outcome> {
    let project = world.project;
    let name: PluginName = "three".parse().unwrap();
    let component = || Bytes::from_static(COMPONENT);
    let log = world.store.deliveries(project, DeliveryFilter::default(), page()).await.unwrap();
    let held = log.items.iter().find(|delivery| delivery.state == DeliveryState::Held).unwrap();
    let store = StoreError::kind;
    let plugin = PluginError::kind;
    let latest = VersionPin::Latest;
    let preview = PreviewRequest {
        project,
        plugin: name.clone(),
        version: latest,
        settings: Settings::default(),
        event: PreviewEvent::Sample,
        history: History::default(),
        url: None,
    };
    let ingested = engine.ingest(vec![Incoming { body: world.payload(), idempotency: None }]).await;
    let ingested = match ingested {
        Err(IngestError::UnknownProject { index: 0, .. }) => Outcome::UnknownProject,
        other => Outcome::Other(format!("{other:?}")),
    };
    let owner = PluginOwner::Project(project);
    let bundled = PluginOwner::Bundled;
    let uploads = [
        outcome(engine.upload_plugin(bundled, "mine".parse().unwrap(), component()).await, plugin),
        outcome(engine.upload_plugin(owner, name.clone(), component()).await, plugin),
    ];
    assert_eq!(uploads[0], Outcome::Forbidden);
    let [_, uploaded] = uploads;
    let renamed = Webhook { name: "mine".to_owned(), ..webhook.clone() };
    BTreeMap::from([
        (
            "create_project",
            outcome(engine.create_project("C".to_owned(), None).await, hookwright_engine::ProjectError::kind),
        ),
        ("project", outcome(engine.project(project).await, store)),
        ("webhook", outcome(engine.webhook(webhook.id).await, store)),
        ("lane", outcome(engine.lane(webhook.id).await, store)),
        ("webhooks", outcome(engine.webhooks(project, page()).await, store)),
        ("plugin", outcome(engine.plugin(project, &name, latest).await, store)),
        ("plugins", outcome(engine.plugins(project).await, store)),
        ("component", outcome(engine.component(project, &name, latest).await, store)),
        ("event", outcome(engine.event(held.event).await, store)),
        ("events", outcome(engine.events(project, EventFilter::All, page()).await, store)),
        (
            "deliver_event",
            outcome(engine.deliver_event(held.event).await, hookwright_engine::DeliverError::kind),
        ),
        ("leads", outcome(engine.leads(std::slice::from_ref(held)).await, store)),
        ("delivery", outcome(engine.delivery(held.id).await, store)),
        ("deliveries", outcome(engine.deliveries(project, DeliveryFilter::default(), page()).await, store)),
        ("attempts", outcome(engine.attempts(held.id).await, store)),
        ("resend", outcome(engine.resend(held.id).await, store)),
        ("cancel", outcome(engine.cancel(held.id).await, store)),
        ("ingest", ingested),
        (
            "create_webhook",
            outcome(
                engine.create_webhook(world.webhook("b.example")).await,
                hookwright_engine::WebhookError::kind,
            ),
        ),
        (
            "update_webhook",
            outcome(engine.update_webhook(renamed).await, hookwright_engine::WebhookError::kind),
        ),
        ("delete_webhook", outcome(engine.delete_webhook(webhook.id, None).await, store)),
        ("test_send", outcome(engine.test_send(webhook.id).await, TestError::kind)),
        ("upload_plugin", uploaded),
        ("check_plugin", outcome(engine.check_plugin(project, name.clone(), component()).await, plugin)),
        ("preview_plugin", outcome(engine.preview_plugin(preview).await, plugin)),
        ("delete_plugin", outcome(engine.delete_plugin(project, &name, None).await, plugin)),
    ])
}

/// These answer everybody, each with what is in reach: see the tests of their own.
const FOR_ALL: [&str; 2] = ["projects", "bundled_plugins"];

/// A world whose project has everything, and another project.
async fn two_projects() -> (World, Webhook, ProjectId) {
    let world = World::new().await;
    let webhook = world.add_mapped("a.example").await;
    *world.plugin.instead.lock() = Some(hookwright_engine::ports::MapError::Trap("unreachable".to_owned()));
    let held = world.ended(world.ingest().await[0]).await;
    assert_eq!(held.state, DeliveryState::Held);
    let other = world.engine.create_project("B".to_owned(), None).await.unwrap().id;
    (world, webhook, other)
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_another_project_is_not_found_and_stays_as_it_is() {
    let (world, webhook, other) = two_projects().await;
    let before = everything(&world).await;
    let stranger = world.running.on_behalf_of(Principal::project(other));
    for (method, outcome) in ask_for_everything(&stranger, &world, &webhook).await {
        let expected = match method {
            "create_project" => Outcome::Forbidden,
            "ingest" => Outcome::UnknownProject,
            _ => Outcome::NotFound,
        };
        assert_eq!(outcome, expected, "{method}");
    }
    assert_eq!(everything(&world).await, before);
    assert!(world.targets.bodies().is_empty(), "nothing is sent");
}

#[tokio::test(start_paused = true)]
async fn a_project_reaches_what_is_its_own() {
    let (world, webhook, _) = two_projects().await;
    let own = world.running.on_behalf_of(Principal::project(world.project));
    // Tests of each of these show what they do; here it counts that they are let through.
    assert_eq!(own.webhook(webhook.id).await.unwrap().id, webhook.id);
    assert_eq!(own.webhooks(world.project, page()).await.unwrap().items.len(), 1);
    let deliveries = own.deliveries(world.project, DeliveryFilter::default(), page()).await.unwrap().items;
    assert_eq!(own.attempts(deliveries[0].id).await.unwrap().len(), 1);
    assert_eq!(own.event(deliveries[0].event).await.unwrap().payload, world.payload());
    own.resend(deliveries[0].id).await.unwrap();
    assert_eq!(world.ended(deliveries[0].id).await.state, DeliveryState::Delivered);
    let incoming = Incoming { body: world.payload(), idempotency: None };
    assert_eq!(own.ingest(vec![incoming]).await.unwrap()[0].deliveries.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_projects_has_those_within_reach() {
    let (world, _, other) = two_projects().await;
    let ids =
        |page: Page<Project, ProjectId>| page.items.into_iter().map(|project| project.id).collect::<Vec<_>>();
    let own = world.running.on_behalf_of(Principal::project(other));
    assert_eq!(ids(world.engine.projects(page()).await.unwrap()).len(), 2);
    assert_eq!(ids(own.projects(page()).await.unwrap()), [other]);
    let after = PageRequest { after: Some(other), limit: PAGE };
    assert!(ids(own.projects(after).await.unwrap()).is_empty());
    world.engine.upload_plugin(PluginOwner::Bundled, "all".parse().unwrap(), COMPONENT.into()).await.unwrap();
    let bundled = own.bundled_plugins().await.unwrap();
    assert_eq!(bundled.iter().map(|version| version.name.as_str()).collect::<Vec<_>>(), ["all"]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_with_an_event_of_another_project_is_refused_whole() {
    let (world, _, other) = two_projects().await;
    let own = world.running.on_behalf_of(Principal::project(world.project));
    let foreign = payload_of(other);
    let batch = [world.payload(), foreign].map(|body| Incoming { body, idempotency: None });
    let Err(IngestError::UnknownProject { index: 1, .. }) = own.ingest(batch.into()).await else { panic!() };
    assert_eq!(world.store.due_webhooks().await.unwrap(), []);
}

/// A caller cannot move a webhook to another project by what it hands in.
#[tokio::test(start_paused = true)]
async fn a_webhook_stays_in_its_project() {
    let (world, webhook, other) = two_projects().await;
    let own = world.running.on_behalf_of(Principal::project(world.project));
    let moved = Webhook { project: other, state: WebhookState::Paused, ..webhook.clone() };
    assert_eq!(own.update_webhook(moved).await.unwrap().project, world.project);
    assert_eq!(world.store.webhook(webhook.id).await.unwrap().project, world.project);
}

/// Everything that the two projects have, in words.
async fn everything(world: &World) -> String {
    let project = world.project;
    let log = world.store.deliveries(project, DeliveryFilter::default(), page()).await.unwrap();
    let (webhooks, plugins) =
        (world.store.webhooks(project, page()).await, world.store.plugins(project).await);
    let projects = world.store.projects(page()).await.unwrap().items;
    let mut all = format!("{projects:?} {webhooks:?} {plugins:?} {log:?}");
    for delivery in log.items {
        all += &format!("{:?}", world.store.attempts(delivery.id).await.unwrap());
    }
    all
}

/// A method that is not in the table is not tested for its scope.
#[tokio::test(start_paused = true)]
async fn the_table_has_every_method_of_the_handle() {
    let (world, webhook, other) = two_projects().await;
    let stranger = world.running.on_behalf_of(Principal::project(other));
    let table = ask_for_everything(&stranger, &world, &webhook).await;
    let tested: BTreeSet<String> = table.into_keys().chain(FOR_ALL).map(str::to_owned).collect();
    assert_eq!(tested, methods(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")));
}

/// The names of the public methods of [`ScopedEngine`] that ask the store, from the code.
fn methods(folder: &Path) -> BTreeSet<String> {
    let mut methods = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            methods.extend(self::methods(&path));
            continue;
        }
        let code = fs::read_to_string(&path).unwrap();
        let mut within = false;
        for line in code.lines() {
            within = (within && line != "}") || line == "impl ScopedEngine {";
            let name = line.strip_prefix("    pub async fn ");
            if let Some(name) = name.filter(|_| within) {
                methods.insert(name.split(['(', '<']).next().unwrap_or_default().to_owned());
            }
        }
    }
    methods
}
