//! Projects.

use hookwright_model::Project;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A project to create.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct NewProject {
    /// A name for people.
    pub name: String,
    /// The id that events carry as `project_id`; a new one if it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::schema::ProjectId>)]
    pub id: Option<String>,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProjectBody {
    /// The payload's `project_id`.
    #[schema(value_type = crate::schema::ProjectId)]
    pub id: String,
    /// A name for people.
    pub name: String,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl From<&Project> for ProjectBody {
    fn from(project: &Project) -> Self {
        Self {
            id: project.id.to_string(),
            name: project.name.clone(),
            created_at: project.created_at.to_string(),
        }
    }
}
