//! Projects, webhooks, mappings and plugin versions, all of them in memory: they are few beside the deliveries, and
//! every event needs them.
//!
//! The catalog shows what is committed. The writer adds to it after each commit; the operations of a group that is not
//! committed yet see it through [`Staged`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hookwright_model::{
    Mapping, PluginName, PluginOwner, PluginVersion, Project, ProjectId, Revision, VersionPin, Webhook,
    WebhookId,
};
use hookwright_store::StoreError;
use parking_lot::RwLock;
use redb::{ReadTransaction, ReadableTable};

use crate::error::Failure;
use crate::seal::{Place, Sealer};
use crate::{codec, plugins, schema};

/// What is committed.
#[derive(Default)]
pub(crate) struct Catalog {
    projects: BTreeMap<ProjectId, Project>,
    webhooks: HashMap<WebhookId, Arc<Webhook>>,
    by_project: HashMap<ProjectId, BTreeMap<WebhookId, Arc<Webhook>>>,
    mappings: BTreeMap<(WebhookId, Revision), Mapping>,
    plugins: BTreeMap<(PluginName, PluginOwner), Vec<Arc<PluginVersion>>>,
}

/// One change of the catalog.
pub(crate) enum Change {
    Project(Project),
    /// Added or replaced; its mapping is kept under its mapping revision.
    Webhook(Arc<Webhook>),
    WebhookDeleted(WebhookId),
    Plugin(Arc<PluginVersion>),
    PluginVersionDeleted(Arc<PluginVersion>),
}

impl Catalog {
    /// Reads everything.
    pub(crate) fn load(txn: &ReadTransaction, sealer: &Sealer) -> Result<Self, Failure> {
        let mut catalog = Self::default();
        for entry in txn.open_table(schema::PROJECTS)?.iter()? {
            let (key, row) = entry?;
            let project = codec::project(ProjectId::from_bytes(*key.value()), row.value())?;
            catalog.apply(Change::Project(project));
        }
        for entry in txn.open_table(schema::WEBHOOKS)?.iter()? {
            let (key, row) = entry?;
            let id = WebhookId::from_bytes(*key.value());
            let record = sealer.open(Place::Webhook(key.value()), row.value());
            let damaged = |_| StoreError::Corrupt(format!("the record of webhook {id} is damaged"));
            let webhook = codec::webhook(id, &record.map_err(damaged)?)?;
            catalog.apply(Change::Webhook(Arc::new(webhook)));
        }
        for entry in txn.open_table(schema::MAPPINGS)?.iter()? {
            let (key, row) = entry?;
            let record = sealer.open(Place::Mapping(key.value()), row.value());
            let (webhook, revision) = schema::split_mapping_key(key.value());
            let damaged =
                |_| StoreError::Corrupt(format!("mapping {revision} of webhook {webhook} is damaged"));
            let mapping = codec::mapping(key.value(), &record.map_err(damaged)?)?;
            catalog.mappings.insert((webhook, revision), mapping);
        }
        for entry in txn.open_table(schema::PLUGINS)?.iter()? {
            let (key, row) = entry?;
            let version = plugins::decode(key.value(), row.value())?;
            catalog.apply(Change::Plugin(Arc::new(version)));
        }
        Ok(catalog)
    }

    /// Makes one change.
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Project(project) => {
                self.projects.insert(project.id, project);
            }
            Change::Webhook(webhook) => {
                if let Some(mapping) = &webhook.mapping {
                    self.mappings.insert((webhook.id, webhook.mapping_revision), mapping.clone());
                }
                self.by_project.entry(webhook.project).or_default().insert(webhook.id, Arc::clone(&webhook));
                self.webhooks.insert(webhook.id, webhook);
            }
            Change::WebhookDeleted(id) => self.delete(id),
            Change::Plugin(version) => {
                self.plugins.entry((version.name.clone(), version.owner)).or_default().push(version);
            }
            Change::PluginVersionDeleted(version) => self.delete_version(&version),
        }
    }

    fn delete(&mut self, id: WebhookId) {
        let Some(webhook) = self.webhooks.remove(&id) else { return };
        if let Some(siblings) = self.by_project.get_mut(&webhook.project) {
            siblings.remove(&id);
            if siblings.is_empty() {
                self.by_project.remove(&webhook.project);
            }
        }
        self.mappings.retain(|(of, _), _| *of != id);
    }

    fn delete_version(&mut self, deleted: &PluginVersion) {
        let key = (deleted.name.clone(), deleted.owner);
        let Some(versions) = self.plugins.get_mut(&key) else { return };
        versions.retain(|version| version.version != deleted.version);
        if versions.is_empty() {
            self.plugins.remove(&key);
        }
    }

    pub(crate) fn project(&self, id: ProjectId) -> Option<&Project> {
        self.projects.get(&id)
    }

    /// The projects after this one, ordered by id.
    pub(crate) fn projects_after(&self, after: Option<ProjectId>) -> impl Iterator<Item = &Project> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.projects.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(_, project)| project)
    }

    pub(crate) fn webhook(&self, id: WebhookId) -> Option<&Arc<Webhook>> {
        self.webhooks.get(&id)
    }

    /// The webhooks of a project, ordered by id.
    fn webhooks_of(&self, project: ProjectId) -> impl Iterator<Item = &Arc<Webhook>> {
        self.webhooks_after(project, None)
    }

    /// The webhooks of a project after this one, ordered by id.
    pub(crate) fn webhooks_after(
        &self,
        project: ProjectId,
        after: Option<WebhookId>,
    ) -> impl Iterator<Item = &Arc<Webhook>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let range = (after.map_or(Unbounded, Excluded), Unbounded);
        let webhooks = self.by_project.get(&project).into_iter();
        webhooks.flat_map(move |webhooks| webhooks.range(range)).map(|(_, webhook)| webhook)
    }

    pub(crate) fn mapping(&self, webhook: WebhookId, revision: Revision) -> Option<&Mapping> {
        self.mappings.get(&(webhook, revision))
    }

    /// The version that a webhook of the project means: of its own plugins or the bundled ones.
    pub(crate) fn plugin(
        &self,
        project: ProjectId,
        name: &PluginName,
        version: VersionPin,
    ) -> Option<&Arc<PluginVersion>> {
        let owners = [PluginOwner::Project(project), PluginOwner::Bundled];
        let versions = owners.iter().find_map(|owner| self.plugins.get(&(name.clone(), *owner)))?;
        match version {
            VersionPin::Latest => versions.last(),
            VersionPin::Exact(number) => versions.iter().find(|version| version.version == number),
        }
    }

    /// Every version that the project may use, ordered by name, newest first.
    pub(crate) fn plugins_of(&self, project: ProjectId) -> impl Iterator<Item = &Arc<PluginVersion>> {
        let usable = move |owner| owner == PluginOwner::Bundled || owner == PluginOwner::Project(project);
        let named = self.plugins.iter().filter(move |((_, owner), _)| usable(*owner));
        named.flat_map(|(_, versions)| versions.iter().rev())
    }

    /// The plugins of this name of every owner: every version, oldest first.
    fn named(&self, name: &PluginName) -> impl Iterator<Item = (PluginOwner, &Vec<Arc<PluginVersion>>)> {
        let from = (name.clone(), PluginOwner::Bundled);
        let named = self.plugins.range(from..).take_while(move |((of, _), _)| of == name);
        named.map(|((_, owner), versions)| (*owner, versions))
    }
}

/// The catalog as the operations of one group leave it.
pub(crate) struct Staged<'a> {
    committed: &'a RwLock<Catalog>,
    changes: Vec<Change>,
}

impl<'a> Staged<'a> {
    pub(crate) fn new(committed: &'a RwLock<Catalog>) -> Self {
        Self { committed, changes: Vec::new() }
    }

    pub(crate) fn stage(&mut self, change: Change) {
        self.changes.push(change);
    }

    pub(crate) fn has_project(&self, id: ProjectId) -> bool {
        let staged = |change: &Change| matches!(change, Change::Project(project) if project.id == id);
        self.changes.iter().any(staged) || self.committed.read().project(id).is_some()
    }

    pub(crate) fn webhook(&self, id: WebhookId) -> Option<Arc<Webhook>> {
        let staged = self.changes.iter().rev().find_map(|change| match change {
            Change::Webhook(webhook) if webhook.id == id => Some(Some(Arc::clone(webhook))),
            Change::WebhookDeleted(deleted) if *deleted == id => Some(None),
            _ => None,
        });
        staged.unwrap_or_else(|| self.committed.read().webhook(id).cloned())
    }

    /// The webhooks of a project, ordered by id.
    pub(crate) fn webhooks_of(&self, project: ProjectId) -> BTreeMap<WebhookId, Arc<Webhook>> {
        let committed = self.committed.read();
        let mut webhooks: BTreeMap<_, _> =
            committed.webhooks_of(project).map(|webhook| (webhook.id, Arc::clone(webhook))).collect();
        for change in &self.changes {
            match change {
                Change::Webhook(webhook) if webhook.project == project => {
                    webhooks.insert(webhook.id, Arc::clone(webhook));
                }
                Change::WebhookDeleted(id) => drop(webhooks.remove(id)),
                _ => {}
            }
        }
        webhooks
    }

    /// Each owner's plugin of this name: every version, oldest first; never none.
    pub(crate) fn versions_of(&self, name: &PluginName) -> HashMap<PluginOwner, Vec<Arc<PluginVersion>>> {
        let committed = self.committed.read();
        let mut plugins: HashMap<_, Vec<_>> =
            committed.named(name).map(|(owner, versions)| (owner, versions.clone())).collect();
        for change in &self.changes {
            match change {
                Change::Plugin(version) if version.name == *name => {
                    plugins.entry(version.owner).or_default().push(Arc::clone(version));
                }
                Change::PluginVersionDeleted(deleted) if deleted.name == *name => {
                    let versions = plugins.entry(deleted.owner).or_default();
                    versions.retain(|version| version.version != deleted.version);
                }
                _ => {}
            }
        }
        plugins.retain(|_, versions| !versions.is_empty());
        plugins
    }

    /// Makes the changes visible after their commit.
    pub(crate) fn publish(self) {
        if self.changes.is_empty() {
            return;
        }
        let mut catalog = self.committed.write();
        for change in self.changes {
            catalog.apply(change);
        }
    }
}
