//! Plugin versions and their components.

use std::sync::Arc;

use bytes::Bytes;
use hookwright_model::{Digest, PluginOwner, PluginVersion, ProjectId};
use hookwright_store::{NewPluginVersion, Noun, StoreError};
use redb::ReadTransaction;

use crate::catalog::Change;
use crate::error::Failure;
use crate::group::Group;
use crate::{codec, schema};

/// Adds a version. `digest` is that of its component, which takes a while to compute for a large one: the writer has
/// better things to do.
pub(crate) fn add(
    group: &mut Group<'_, '_>,
    new: &NewPluginVersion,
    digest: Digest,
) -> Result<Arc<PluginVersion>, Failure> {
    if let PluginOwner::Project(project) = new.owner
        && !group.catalog.has_project(project)
    {
        return Err(StoreError::NotFound(Noun::Project).into());
    }
    let owners = group.catalog.newest_of(&new.name);
    let bundled = |owner: &PluginOwner| *owner == PluginOwner::Bundled;
    if owners.keys().any(|owner| bundled(owner) != bundled(&new.owner)) {
        return Err(StoreError::Exists(Noun::Plugin).into());
    }
    let newest = owners.get(&new.owner);
    if let Some(newest) = newest.filter(|newest| newest.digest == digest) {
        return Ok(Arc::clone(newest));
    }
    let version = Arc::new(new.numbered(newest.map_or(1, |newest| newest.version + 1), digest));
    let row = codec::plugin_row(&version)?;
    let owner = owner_key(version.owner);
    group.txn.open_table(schema::COMPONENTS)?.insert(&digest.to_bytes(), &*new.component)?;
    group.txn.open_table(schema::PLUGINS)?.insert((&owner, version.name.as_str(), version.version), &*row)?;
    group.catalog.stage(Change::Plugin(Arc::clone(&version)));
    Ok(version)
}

/// The version that a row of [`schema::PLUGINS`] holds.
pub(crate) fn decode(
    (owner, name, version): (&[u8; 17], &str, u32),
    row: &[u8],
) -> Result<PluginVersion, StoreError> {
    let name = name.parse().map_err(|error| StoreError::Corrupt(format!("the name of a plugin: {error}")))?;
    codec::plugin(owner_of(owner), name, version, row)
}

/// The component with this digest.
pub(crate) fn component(txn: &ReadTransaction, digest: Digest) -> Result<Bytes, Failure> {
    let table = txn.open_table(schema::COMPONENTS)?;
    let component = table.get(&digest.to_bytes())?.ok_or(StoreError::NotFound(Noun::Component))?;
    Ok(Bytes::copy_from_slice(component.value()))
}

fn owner_key(owner: PluginOwner) -> [u8; 17] {
    let mut key = [0; 17];
    if let PluginOwner::Project(project) = owner {
        key[0] = 1;
        key[1..].copy_from_slice(&project.to_bytes());
    }
    key
}

fn owner_of(key: &[u8; 17]) -> PluginOwner {
    let [kind, project @ ..] = *key;
    if kind == 0 { PluginOwner::Bundled } else { PluginOwner::Project(ProjectId::from_bytes(project)) }
}
