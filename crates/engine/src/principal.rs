//! On whose behalf a call is made.

use hookwright_model::ProjectId;
use hookwright_store::{Noun, StoreError};

/// The caller on whose behalf the engine acts. The code that authenticates the caller makes one; there is no default.
///
/// Today it is only a reach. A key's scopes and a person's name belong here when they exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    reach: Reach,
}

/// What a principal may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Installation,
    Project(ProjectId),
}

impl Principal {
    /// The operator and the server itself: reaches every project, and what belongs to none.
    pub fn installation() -> Self {
        Self { reach: Reach::Installation }
    }

    /// Reaches one project. Nothing else exists for it.
    pub fn project(project: ProjectId) -> Self {
        Self { reach: Reach::Project(project) }
    }

    /// Whether the principal runs this installation, and can change how the server is started.
    pub fn is_operator(&self) -> bool {
        self.reach == Reach::Installation
    }

    /// Whether what belongs to this project exists for the principal.
    pub(crate) fn reaches(&self, project: ProjectId) -> bool {
        match self.reach {
            Reach::Installation => true,
            Reach::Project(own) => own == project,
        }
    }

    /// The one project that the principal reaches; none when it reaches all.
    pub(crate) fn only_project(&self) -> Option<ProjectId> {
        match self.reach {
            Reach::Installation => None,
            Reach::Project(project) => Some(project),
        }
    }

    /// Refuses everyone but the operator.
    pub(crate) fn operate(&self) -> Result<(), Forbidden> {
        if self.is_operator() { Ok(()) } else { Err(Forbidden) }
    }

    /// Gives what was found in a project, unless the project is out of reach: then it is not found.
    pub(crate) fn see<T>(&self, project: ProjectId, noun: Noun, found: T) -> Result<T, StoreError> {
        if self.reaches(project) { Ok(found) } else { Err(StoreError::NotFound(noun)) }
    }
}

/// The operation is reserved for the operator.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("Only the operator of this installation may do this.")]
pub struct Forbidden;
