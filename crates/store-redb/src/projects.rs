//! Projects.

use hookwright_model::Project;
use hookwright_store::{Noun, StoreError};

use crate::catalog::Change;
use crate::error::Failure;
use crate::group::Group;
use crate::{codec, schema};

pub(crate) fn create(group: &mut Group<'_, '_>, project: Project) -> Result<(), Failure> {
    if group.catalog.has_project(project.id) {
        return Err(StoreError::Exists(Noun::Project).into());
    }
    let row = codec::project_row(&project)?;
    group.txn.open_table(schema::PROJECTS)?.insert(&project.id.to_bytes(), &*row)?;
    group.catalog.stage(Change::Project(project));
    Ok(())
}
