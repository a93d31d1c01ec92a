//! `/v1/projects`

use axum::extract::{Path, Query};
use axum::response::Response;
use hookwright_model::ProjectId;
use http::StatusCode;

use crate::auth::Caller;
use crate::body;
use crate::dto::page::{PageDto, PageQuery};
use crate::dto::project::{NewProjectDto, ProjectDto};
use crate::intake::Body;
use crate::problem::Problem;

pub(crate) async fn create(Caller(engine): Caller, body: Body) -> Result<Response, Problem> {
    let new: NewProjectDto = body::parse(body.bytes())?;
    let (name, id) = new.into_model()?;
    let project = engine.create_project(name, id).await?;
    Ok(body::json(StatusCode::CREATED, &ProjectDto::from(&project)))
}

pub(crate) async fn list(Caller(engine): Caller, query: Query<PageQuery>) -> Result<Response, Problem> {
    let page = engine.projects(query.request()?).await?;
    Ok(body::json(StatusCode::OK, &PageDto::new(&page, ProjectDto::from)))
}

pub(crate) async fn read(Caller(engine): Caller, Path(project): Path<String>) -> Result<Response, Problem> {
    let project = engine.project(body::id::<ProjectId>(&project)?).await?;
    Ok(body::json(StatusCode::OK, &ProjectDto::from(&project)))
}
