//! Projects.

use std::sync::Arc;

use hookwright_model::PageRequest;

use super::assert_refused;
use crate::testkit::fixtures;
use crate::{Noun, Store, StoreError};

pub async fn keeps_projects(store: &Arc<dyn Store>) {
    let project = fixtures::project(1);
    assert_refused!(store.project(project.id).await, StoreError::NotFound(Noun::Project));
    store.create_project(project.clone()).await.unwrap();
    assert_eq!(store.project(project.id).await.unwrap(), project);
    assert_refused!(store.create_project(project).await, StoreError::Exists(Noun::Project));
}

pub async fn pages_projects(store: &Arc<dyn Store>) {
    for number in [3, 1, 2] {
        store.create_project(fixtures::project(number)).await.unwrap();
    }
    let first = store.projects(PageRequest { after: None, limit: 2 }).await.unwrap();
    assert_eq!(first.items, [fixtures::project(1), fixtures::project(2)]);
    assert_eq!(first.next, Some(fixtures::project(2).id));
    let last = store.projects(PageRequest { after: first.next, limit: 2 }).await.unwrap();
    assert_eq!((last.items, last.next), (vec![fixtures::project(3)], None));
}
