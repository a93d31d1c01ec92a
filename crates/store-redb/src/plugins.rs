//! Plugin versions and their components.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use hookwright_model::{
    Digest, PluginName, PluginOwner, PluginVersion, ProjectId, VersionPin, Webhook, WebhookId,
};
use hookwright_store::{NewPluginVersion, Noun, Repeat, StoreError};
use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use crate::catalog::Change;
use crate::error::Failure;
use crate::group::Group;
use crate::{codec, deliveries, schema};

/// Adds a version. `digest` is that of its component, which takes a while to compute for a large one: the writer has
/// better things to do.
pub(crate) fn add(
    group: &mut Group<'_, '_>,
    new: &NewPluginVersion,
    digest: Digest,
) -> Result<(Arc<PluginVersion>, Repeat), Failure> {
    if let PluginOwner::Project(project) = new.owner
        && !group.catalog.has_project(project)
    {
        return Err(StoreError::NotFound(Noun::Project).into());
    }
    let owners = group.catalog.versions_of(&new.name);
    let bundled = |owner: &PluginOwner| *owner == PluginOwner::Bundled;
    if owners.keys().any(|owner| bundled(owner) != bundled(&new.owner)) {
        return Err(StoreError::Exists(Noun::Plugin).into());
    }
    let newest = owners.get(&new.owner).and_then(|versions| versions.last());
    if let Some(newest) = newest.filter(|newest| newest.digest == digest) {
        repair(group, new, digest)?;
        return Ok((Arc::clone(newest), Repeat::Known));
    }
    let version = Arc::new(new.numbered(newest.map_or(1, |newest| newest.version + 1), digest));
    let row = codec::plugin_row(&version)?;
    let owner = schema::owner_key(version.owner);
    group.txn.open_table(schema::COMPONENTS)?.insert(&digest.to_bytes(), &*new.component)?;
    group.txn.open_table(schema::PLUGINS)?.insert((&owner, version.name.as_str(), version.version), &*row)?;
    group.catalog.stage(Change::Plugin(Arc::clone(&version)));
    Ok((version, Repeat::First))
}

/// Stores a known component again if the stored one is damaged.
fn repair(group: &Group<'_, '_>, new: &NewPluginVersion, digest: Digest) -> Result<(), Failure> {
    let mut components = group.txn.open_table(schema::COMPONENTS)?;
    let intact = components.get(&digest.to_bytes())?.is_some_and(|stored| *stored.value() == *new.component);
    if !intact {
        components.insert(&digest.to_bytes(), &*new.component)?;
    }
    Ok(())
}

/// Deletes a plugin of a project.
pub(crate) fn delete(
    group: &mut Group<'_, '_>,
    project: ProjectId,
    name: &PluginName,
) -> Result<(), Failure> {
    let versions = own(group, project, name)?;
    check_detached(group, project, name, |_| true)?;
    versions.into_iter().try_for_each(|version| remove(group, version))
}

/// Deletes one version of a plugin of a project.
pub(crate) fn delete_version(
    group: &mut Group<'_, '_>,
    project: ProjectId,
    name: &PluginName,
    number: u32,
) -> Result<(), Failure> {
    let mut versions = own(group, project, name)?;
    let found = versions.iter().position(|version| version.version == number);
    let index = found.ok_or(StoreError::NotFound(Noun::Plugin))?;
    if index + 1 == versions.len() {
        return Err(StoreError::NewestVersion.into());
    }
    check_detached(group, project, name, |pin| pin == VersionPin::Exact(number))?;
    remove(group, versions.swap_remove(index))
}

/// Every version of a project's own plugin, oldest first; never none.
fn own(
    group: &Group<'_, '_>,
    project: ProjectId,
    name: &PluginName,
) -> Result<Vec<Arc<PluginVersion>>, StoreError> {
    let mut owners = group.catalog.versions_of(name);
    owners.remove(&PluginOwner::Project(project)).ok_or(StoreError::NotFound(Noun::Plugin))
}

/// Refuses unless no webhook of the project uses the plugin, in a version that matters.
fn check_detached(
    group: &Group<'_, '_>,
    project: ProjectId,
    name: &PluginName,
    matters: impl Fn(VersionPin) -> bool,
) -> Result<(), StoreError> {
    let uses = |webhook: &Webhook| {
        webhook.mapping.as_ref().is_some_and(|mapping| mapping.plugin == *name && matters(mapping.version))
    };
    let webhooks = group.catalog.webhooks_of(project);
    let attached: Vec<WebhookId> =
        webhooks.into_values().filter(|webhook| uses(webhook)).map(|webhook| webhook.id).collect();
    if attached.is_empty() { Ok(()) } else { Err(StoreError::Attached(attached)) }
}

fn remove(group: &mut Group<'_, '_>, version: Arc<PluginVersion>) -> Result<(), Failure> {
    let owner = schema::owner_key(version.owner);
    group.txn.open_table(schema::PLUGINS)?.remove((&owner, version.name.as_str(), version.version))?;
    group.txn.open_table(schema::ORPHANS)?.insert(&version.digest.to_bytes(), ())?;
    group.catalog.stage(Change::PluginVersionDeleted(version));
    Ok(())
}

/// Removes the components of deleted versions, but for those that another version has or a delivery needs that has not
/// ended. When a store is opened, nothing is under way: what a delivery needs is written down.
pub(crate) fn sweep(txn: &WriteTransaction) -> Result<(), Failure> {
    let mut orphans = txn.open_table(schema::ORPHANS)?;
    let mut unneeded = HashSet::new();
    for entry in orphans.iter()? {
        unneeded.insert(*entry?.0.value());
    }
    if unneeded.is_empty() {
        return Ok(());
    }
    for entry in txn.open_table(schema::PLUGINS)?.iter()? {
        let (key, row) = entry?;
        let digest = decode(key.value(), row.value())?.digest.to_bytes();
        orphans.remove(&digest)?;
        unneeded.remove(&digest);
    }
    for delivery in deliveries::waiting(txn)? {
        if let Some(pin) = delivery.pin {
            unneeded.remove(&pin.digest.to_bytes());
        }
    }
    let mut components = txn.open_table(schema::COMPONENTS)?;
    for digest in unneeded {
        components.remove(&digest)?;
        orphans.remove(&digest)?;
    }
    Ok(())
}

/// The version that a row of [`schema::PLUGINS`] holds.
pub(crate) fn decode(
    (owner, name, version): (&[u8; 17], &str, u32),
    row: &[u8],
) -> Result<PluginVersion, StoreError> {
    let name = name.parse().map_err(|error| StoreError::Corrupt(format!("the name of a plugin: {error}")))?;
    codec::plugin(schema::owner_of(owner), name, version, row)
}

/// The component with this digest.
pub(crate) fn component(txn: &ReadTransaction, digest: Digest) -> Result<Bytes, Failure> {
    let table = txn.open_table(schema::COMPONENTS)?;
    let component = table.get(&digest.to_bytes())?.ok_or(StoreError::NotFound(Noun::Component))?;
    let component = Bytes::copy_from_slice(component.value());
    if Digest::of(&component) == digest {
        Ok(component)
    } else {
        Err(StoreError::Corrupt(format!(
            "the component {digest} is damaged; upload its plugin version again"
        ))
        .into())
    }
}
