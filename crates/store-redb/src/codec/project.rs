//! Projects.

use hookwright_model::{Project, ProjectId};
use hookwright_store::StoreError;
use serde::{Deserialize, Serialize};

use super::{Home, Kind, decode, encode, time};

#[derive(Serialize, Deserialize)]
struct ProjectRow<'a> {
    name: &'a str,
    created_at: u64,
}

pub(crate) fn project_row(project: &Project) -> Result<Vec<u8>, StoreError> {
    let row = ProjectRow { name: &project.name, created_at: project.created_at.as_millis() };
    encode(Home::new(Kind::Project, &project.id.to_bytes()), &row)
}

pub(crate) fn project(id: ProjectId, bytes: &[u8]) -> Result<Project, StoreError> {
    let row: ProjectRow<'_> = decode(Home::new(Kind::Project, &id.to_bytes()), bytes)?;
    Ok(Project { id, name: row.name.to_owned(), created_at: time(row.created_at) })
}
