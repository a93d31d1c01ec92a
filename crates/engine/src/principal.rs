//! Who asks. Every call of the engine is made on somebody's behalf.

use hookwright_model::ProjectId;
use hookwright_store::{Noun, StoreError};

/// Somebody on whose behalf calls are made, and what they may reach. Whoever lets somebody in makes one: there is no
/// default.
///
/// The reach is all that the engine asks for today. A key's scopes and a person's name belong here when they exist.
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
    /// Reaches every project, and what belongs to none: the operator, and the server itself.
    pub fn installation() -> Self {
        Self { reach: Reach::Installation }
    }

    /// Reaches one project. Everything else does not exist for it.
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

    /// Lets those pass who reach the installation.
    pub(crate) fn operate(&self) -> Result<(), Forbidden> {
        if self.is_operator() { Ok(()) } else { Err(Forbidden) }
    }

    /// Lets something of a project pass, or says that it does not exist.
    pub(crate) fn see<T>(&self, project: ProjectId, noun: Noun, found: T) -> Result<T, StoreError> {
        if self.reaches(project) { Ok(found) } else { Err(StoreError::NotFound(noun)) }
    }
}

/// The principal may not do this at all, whatever it is done to.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("only the operator of this installation may do this")]
pub struct Forbidden;
