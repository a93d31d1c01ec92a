//! Projects.

use hookwright_model::{Project, ProjectId};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

const MAX_NAME_CHARS: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProjectDto {
    name: String,
    id: Option<String>,
}

impl NewProjectDto {
    pub(crate) fn into_model(self) -> Result<(String, Option<ProjectId>), Problem> {
        let name = name("/name", &self.name)?;
        if name.is_empty() {
            return Err(Problem::invalid("/name", "a project needs a name"));
        }
        let id =
            self.id.map(|id| id.parse::<ProjectId>().map_err(|e| Problem::invalid("/id", e.to_string())));
        Ok((name, id.transpose()?))
    }
}

/// A name for people.
pub(crate) fn name(pointer: &str, text: &str) -> Result<String, Problem> {
    let name = text.trim();
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(Problem::invalid(pointer, format!("a name has at most {MAX_NAME_CHARS} characters")));
    }
    Ok(name.to_owned())
}

#[derive(Debug, Serialize)]
pub(crate) struct ProjectDto {
    id: String,
    name: String,
    created_at: String,
}

impl From<&Project> for ProjectDto {
    fn from(project: &Project) -> Self {
        Self {
            id: project.id.to_string(),
            name: project.name.clone(),
            created_at: project.created_at.to_string(),
        }
    }
}
