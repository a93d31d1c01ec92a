//! Plugins and their components.

use std::sync::Arc;

use hookwright_model::{
    Digest, Mapping, PluginOwner, PluginVersion, ProjectId, VersionPin, Webhook, WebhookState,
};

use super::{assert_refused, project};
use crate::testkit::fixtures::{self, plugin};
use crate::{Noun, Repeat, Store, StoreError};

async fn found(
    store: &Arc<dyn Store>,
    project: ProjectId,
    name: &str,
    version: VersionPin,
) -> Result<u32, StoreError> {
    store.plugin(project, &name.parse().unwrap(), version).await.map(|version| version.version)
}

async fn add(
    store: &Arc<dyn Store>,
    owner: PluginOwner,
    name: &str,
    component: &'static [u8],
) -> Arc<PluginVersion> {
    store.add_plugin_version(plugin(owner, name, component)).await.unwrap().0
}

pub async fn numbers_versions(store: &Arc<dyn Store>) {
    let project = project(store).await.id;
    let owner = PluginOwner::Project(project);
    for (number, component) in [(1, b"one"), (2, b"two"), (3, b"one")] {
        let new = plugin(owner, "crm", component);
        let (version, repeat) = store.add_plugin_version(new.clone()).await.unwrap();
        assert_eq!((&*version, repeat), (&new.numbered(number, Digest::of(component)), Repeat::First));
        assert_eq!(store.plugin(project, &new.name, VersionPin::Latest).await.unwrap(), version);
    }
    assert_eq!(found(store, project, "crm", VersionPin::Exact(2)).await.unwrap(), 2);
    assert_refused!(
        found(store, project, "crm", VersionPin::Exact(4)).await,
        StoreError::NotFound(Noun::Plugin)
    );
    assert_refused!(
        found(store, project, "other", VersionPin::Latest).await,
        StoreError::NotFound(Noun::Plugin)
    );
}

pub async fn keeps_the_same_component_once(store: &Arc<dyn Store>) {
    let (first, _) = store.add_plugin_version(plugin(PluginOwner::Bundled, "crm", b"one")).await.unwrap();
    let again = store.add_plugin_version(plugin(PluginOwner::Bundled, "crm", b"one")).await.unwrap();
    assert_eq!(again, (Arc::clone(&first), Repeat::Known));
    assert_eq!(store.plugins(fixtures::project(1).id).await.unwrap(), [first]);
}

pub async fn separates_owners(store: &Arc<dyn Store>) {
    let mine = project(store).await.id;
    let theirs = fixtures::project(2).id;
    store.create_project(fixtures::project(2)).await.unwrap();
    store.add_plugin_version(plugin(PluginOwner::Project(mine), "crm", b"mine")).await.unwrap();
    assert_refused!(
        found(store, theirs, "crm", VersionPin::Latest).await,
        StoreError::NotFound(Noun::Plugin)
    );
    assert_eq!(add(store, PluginOwner::Project(theirs), "crm", b"theirs").await.version, 1);
    let unknown = plugin(PluginOwner::Project(fixtures::project(9).id), "crm", b"x");
    assert_refused!(store.add_plugin_version(unknown).await, StoreError::NotFound(Noun::Project));
}

pub async fn keeps_bundled_names_apart(store: &Arc<dyn Store>) {
    let owner = PluginOwner::Project(project(store).await.id);
    store.add_plugin_version(plugin(PluginOwner::Bundled, "bundled", b"x")).await.unwrap();
    store.add_plugin_version(plugin(owner, "own", b"x")).await.unwrap();
    let shadow = store.add_plugin_version(plugin(owner, "bundled", b"y")).await;
    assert_refused!(shadow, StoreError::Exists(Noun::Plugin));
    let shadowed = store.add_plugin_version(plugin(PluginOwner::Bundled, "own", b"y")).await;
    assert_refused!(shadowed, StoreError::Exists(Noun::Plugin));
    assert_refused!(store.component(Digest::of(b"y")).await, StoreError::NotFound(Noun::Component));
}

pub async fn lists_plugins_by_name_and_version(store: &Arc<dyn Store>) {
    let project = project(store).await.id;
    let owner = PluginOwner::Project(project);
    let uploads =
        [("b", owner, b"1"), ("c", PluginOwner::Bundled, b"1"), ("a", owner, b"1"), ("b", owner, b"2")];
    for (name, owner, component) in uploads {
        store.add_plugin_version(plugin(owner, name, component)).await.unwrap();
    }
    let listed = store.plugins(project).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|version| (version.name.as_str(), version.version)).collect();
    assert_eq!(listed, [("a", 1), ("b", 2), ("b", 1), ("c", 1)]);
    assert_eq!(store.plugins(fixtures::project(2).id).await.unwrap().len(), 1);
}

pub async fn keeps_components(store: &Arc<dyn Store>) {
    let version = add(store, PluginOwner::Bundled, "crm", b"code").await;
    assert_eq!(&store.component(version.digest).await.unwrap()[..], b"code");
    assert_refused!(store.component(Digest::of(b"?")).await, StoreError::NotFound(Noun::Component));
}

/// Versions 1, 2 and 3 of `crm`, and a webhook that uses it in this version.
async fn attached(store: &Arc<dyn Store>, version: VersionPin) -> Webhook {
    let project = project(store).await.id;
    for component in [b"one", b"two", b"six"] {
        add(store, PluginOwner::Project(project), "crm", component).await;
    }
    let mapping = Some(Mapping { version, ..fixtures::mapping("crm") });
    let webhook = Webhook { mapping, ..fixtures::webhook(project, 1) };
    store.create_webhook(webhook.clone()).await.unwrap();
    webhook
}

async fn delete(store: &Arc<dyn Store>, project: ProjectId, version: Option<u32>) -> Result<(), StoreError> {
    let name = "crm".parse().unwrap();
    match version {
        None => store.delete_plugin(project, &name).await,
        Some(version) => store.delete_plugin_version(project, &name, version).await,
    }
}

fn assert_attached(result: Result<(), StoreError>, webhook: &Webhook) {
    let Err(StoreError::Attached(webhooks)) = result else { panic!("{result:?}") };
    assert_eq!(webhooks, [webhook.id]);
}

pub async fn deletes_plugins_that_nothing_uses(store: &Arc<dyn Store>) {
    let webhook = attached(store, VersionPin::Latest).await;
    let (mine, theirs) = (webhook.project, fixtures::project(2).id);
    store.create_project(fixtures::project(2)).await.unwrap();
    add(store, PluginOwner::Project(theirs), "crm", b"theirs").await;
    assert_attached(delete(store, mine, None).await, &webhook);
    let paused = fixtures::changed(&webhook, |webhook| webhook.state = WebhookState::Paused);
    store.update_webhook(paused.clone()).await.unwrap();
    assert_attached(delete(store, mine, None).await, &webhook);

    store.update_webhook(fixtures::changed(&paused, |webhook| webhook.mapping = None)).await.unwrap();
    delete(store, mine, None).await.unwrap();
    assert_refused!(found(store, mine, "crm", VersionPin::Latest).await, StoreError::NotFound(Noun::Plugin));
    assert_refused!(delete(store, mine, None).await, StoreError::NotFound(Noun::Plugin));
    assert_eq!(store.plugins(mine).await.unwrap(), []);
    assert_eq!(found(store, theirs, "crm", VersionPin::Latest).await.unwrap(), 1);
    assert_eq!(add(store, PluginOwner::Bundled, "other", b"one").await.version, 1);
    assert_eq!(add(store, PluginOwner::Project(mine), "crm", b"new").await.version, 1);
}

pub async fn deletes_versions_but_the_newest(store: &Arc<dyn Store>) {
    let webhook = attached(store, VersionPin::Exact(2)).await;
    let project = webhook.project;
    assert_refused!(delete(store, project, Some(3)).await, StoreError::NewestVersion);
    assert_attached(delete(store, project, Some(2)).await, &webhook);
    assert_refused!(delete(store, project, Some(4)).await, StoreError::NotFound(Noun::Plugin));
    delete(store, project, Some(1)).await.unwrap();
    assert_refused!(delete(store, project, Some(1)).await, StoreError::NotFound(Noun::Plugin));
    assert_refused!(
        found(store, project, "crm", VersionPin::Exact(1)).await,
        StoreError::NotFound(Noun::Plugin)
    );
    let versions: Vec<u32> = store.plugins(project).await.unwrap().iter().map(|v| v.version).collect();
    assert_eq!(versions, [3, 2]);
    assert_eq!(add(store, PluginOwner::Project(project), "crm", b"one").await.version, 4);
}

pub async fn deletes_no_bundled_plugins(store: &Arc<dyn Store>) {
    let project = project(store).await.id;
    add(store, PluginOwner::Bundled, "crm", b"one").await;
    add(store, PluginOwner::Bundled, "crm", b"two").await;
    assert_refused!(delete(store, project, None).await, StoreError::NotFound(Noun::Plugin));
    assert_refused!(delete(store, project, Some(1)).await, StoreError::NotFound(Noun::Plugin));
    assert_eq!(found(store, project, "crm", VersionPin::Exact(1)).await.unwrap(), 1);
}
