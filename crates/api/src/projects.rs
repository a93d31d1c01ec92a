//! `/v1/projects`

use axum::Json;
use axum::extract::{Path, Query};
use hookwright_api_types::page::{PageBody, PageQuery};
use hookwright_api_types::project::{NewProject, ProjectBody};
use hookwright_model::ProjectId;
use http::StatusCode;

use crate::auth::Caller;
use crate::intake::Body;
use crate::parse;
use crate::problem::Problem;
use crate::request;

pub(crate) async fn create(
    Caller(engine): Caller,
    body: Body,
) -> Result<(StatusCode, Json<ProjectBody>), Problem> {
    let new: NewProject = parse::json(body.bytes())?;
    let (name, id) = request::project(&new)?;
    let project = engine.create_project(name, id).await?;
    Ok((StatusCode::CREATED, Json(ProjectBody::from(&project))))
}

pub(crate) async fn list(
    Caller(engine): Caller,
    query: Query<PageQuery>,
) -> Result<Json<PageBody<ProjectBody>>, Problem> {
    let page = engine.projects(request::page(&query)?).await?;
    Ok(Json(PageBody::of(&page, ProjectBody::from)))
}

pub(crate) async fn read(
    Caller(engine): Caller,
    Path(project): Path<String>,
) -> Result<Json<ProjectBody>, Problem> {
    let project = engine.project(parse::id::<ProjectId>(&project)?).await?;
    Ok(Json(ProjectBody::from(&project)))
}
