//! Plugins and their components.

use std::sync::Arc;

use hookwright_model::{Digest, PluginOwner, ProjectId, VersionPin};

use super::{assert_refused, project};
use crate::testkit::fixtures::{self, plugin};
use crate::{Noun, Store, StoreError};

async fn found(
    store: &Arc<dyn Store>,
    project: ProjectId,
    name: &str,
    version: VersionPin,
) -> Result<u32, StoreError> {
    store.plugin(project, &name.parse().unwrap(), version).await.map(|version| version.version)
}

pub async fn numbers_versions(store: &Arc<dyn Store>) {
    let project = project(store).await.id;
    let owner = PluginOwner::Project(project);
    for (number, component) in [(1, b"one"), (2, b"two"), (3, b"one")] {
        let new = plugin(owner, "crm", component);
        let version = store.add_plugin_version(new.clone()).await.unwrap();
        assert_eq!(*version, new.numbered(number, Digest::of(component)));
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
    let first = store.add_plugin_version(plugin(PluginOwner::Bundled, "crm", b"one")).await.unwrap();
    let again = store.add_plugin_version(plugin(PluginOwner::Bundled, "crm", b"one")).await.unwrap();
    assert_eq!(again, first);
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
    let version =
        store.add_plugin_version(plugin(PluginOwner::Project(theirs), "crm", b"theirs")).await.unwrap();
    assert_eq!(version.version, 1);
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
    let version = store.add_plugin_version(plugin(PluginOwner::Bundled, "crm", b"code")).await.unwrap();
    assert_eq!(&store.component(version.digest).await.unwrap()[..], b"code");
    assert_refused!(store.component(Digest::of(b"?")).await, StoreError::NotFound(Noun::Component));
}
