//! `/v1/projects/{project}/plugins`

use std::collections::HashSet;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use hookwright_engine::ScopedEngine;
use hookwright_model::{ErrorKind, PluginName, PluginOwner, PluginVersion, ProjectId, VersionPin};
use hookwright_store::{Noun, Repeat, StoreError};
use http::{HeaderMap, HeaderName, StatusCode, header};
use serde_json::json;

use crate::auth::Caller;
use crate::body;
use crate::dto::plugin::{PluginDto, UploadedDto};
use crate::dto::preview::PreviewedDto;
use crate::dto::question::QuestionDto;
use crate::dto::report::CheckedDto;
use crate::intake::Body;
use crate::problem::Problem;

/// The most bytes of a question to a plugin: every reply of a delivery, as large as it can be.
pub(crate) const MAX_PREVIEW_BYTES: usize = 2 * 1024 * 1024;

/// Stores a component: 201 with a new version, or 200 when it is the newest version already.
pub(crate) async fn upload(
    Caller(engine): Caller,
    Path((project, name)): Path<(String, String)>,
    body: Body,
) -> Result<Response, Problem> {
    let (project, name) = (body::id::<ProjectId>(&project)?, new_name(&name)?);
    let component = body.bytes().clone();
    let uploaded = engine.upload_plugin(PluginOwner::Project(project), name, component).await;
    let uploaded = uploaded.map_err(|error| Problem::of_plugin(error, engine.principal()))?;
    let status = match uploaded.repeat {
        Repeat::First => StatusCode::CREATED,
        Repeat::Known => StatusCode::OK,
    };
    Ok(body::json(status, &UploadedDto::from(&uploaded)))
}

/// What an upload would do; nothing is stored.
pub(crate) async fn check(
    Caller(engine): Caller,
    Path((project, name)): Path<(String, String)>,
    body: Body,
) -> Result<Response, Problem> {
    let (project, name) = (body::id::<ProjectId>(&project)?, new_name(&name)?);
    let checked = engine.check_plugin(project, name, body.bytes().clone()).await;
    let checked = checked.map_err(|error| Problem::of_plugin(error, engine.principal()))?;
    Ok(body::json(StatusCode::OK, &CheckedDto::from(&checked)))
}

/// What the plugin would do with a lead; nothing is sent.
pub(crate) async fn preview(
    Caller(engine): Caller,
    Path((project, name)): Path<(String, String)>,
    body: Body,
) -> Result<Response, Problem> {
    let (project, name) = (body::id::<ProjectId>(&project)?, body::id::<PluginName>(&name)?);
    let question: QuestionDto = body::parse(body.bytes())?;
    let previewed = engine.preview_plugin(question.into_model(project, name)?).await;
    let previewed = previewed.map_err(|error| Problem::of_plugin(error, engine.principal()))?;
    Ok(body::json(StatusCode::OK, &PreviewedDto::from(&previewed)))
}

/// The newest version of every plugin that the project can use.
pub(crate) async fn list(Caller(engine): Caller, Path(project): Path<String>) -> Result<Response, Problem> {
    let project = body::id::<ProjectId>(&project)?;
    let mut names = HashSet::new();
    let versions = engine.plugins(project).await?;
    // Of each name, the newest comes first.
    Ok(listed(versions.iter().map(|version| &**version).filter(|version| names.insert(&version.name))))
}

/// Every version of one plugin, newest first.
pub(crate) async fn versions(
    Caller(engine): Caller,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (project, name) = (body::id::<ProjectId>(&project)?, body::id::<PluginName>(&name)?);
    let versions = engine.plugins(project).await?;
    let mut named =
        versions.iter().map(|version| &**version).filter(|version| version.name == name).peekable();
    if named.peek().is_none() {
        return Err(StoreError::NotFound(Noun::Plugin).into());
    }
    Ok(listed(named))
}

fn listed<'a>(versions: impl Iterator<Item = &'a PluginVersion>) -> Response {
    let data: Vec<PluginDto<'_>> = versions.map(PluginDto::from).collect();
    body::json(StatusCode::OK, &json!({"data": data, "next_cursor": null}))
}

/// The newest version of one plugin.
pub(crate) async fn read(
    Caller(engine): Caller,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let version = find(&engine, &project, &name, VersionPin::Latest).await?;
    Ok(body::json(StatusCode::OK, &PluginDto::from(&*version)))
}

pub(crate) async fn read_version(
    Caller(engine): Caller,
    Path((project, name, version)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let version = find(&engine, &project, &name, pin(&version)?).await?;
    Ok(body::json(StatusCode::OK, &PluginDto::from(&*version)))
}

/// The component, as it was uploaded.
pub(crate) async fn component(
    Caller(engine): Caller,
    Path((project, name, version)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let version = find(&engine, &project, &name, pin(&version)?).await?;
    let etag = format!("\"{}\"", version.digest);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|known| known.trim() == etag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let file = format!("attachment; filename=\"{}-{}.wasm\"", version.name, version.version);
    let headers: [(HeaderName, String); 3] = [
        (header::CONTENT_TYPE, "application/wasm".to_owned()),
        (header::CONTENT_DISPOSITION, file),
        (header::ETAG, etag),
    ];
    let (project, exact) = (body::id::<ProjectId>(&project)?, VersionPin::Exact(version.version));
    Ok((headers, engine.component(project, &version.name, exact).await?).into_response())
}

/// Deletes the plugin with all its versions.
pub(crate) async fn delete(
    Caller(engine): Caller,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (project, name) = (body::id::<ProjectId>(&project)?, body::id::<PluginName>(&name)?);
    let deleted = engine.delete_plugin(project, &name, None).await;
    deleted.map_err(|error| Problem::of_plugin(error, engine.principal()))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(crate) async fn delete_version(
    Caller(engine): Caller,
    Path((project, name, version)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let (project, name) = (body::id::<ProjectId>(&project)?, body::id::<PluginName>(&name)?);
    let deleted = engine.delete_plugin(project, &name, Some(number(&version)?)).await;
    deleted.map_err(|error| Problem::of_plugin(error, engine.principal()))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn find(
    engine: &ScopedEngine,
    project: &str,
    name: &str,
    version: VersionPin,
) -> Result<std::sync::Arc<PluginVersion>, Problem> {
    let (project, name) = (body::id::<ProjectId>(project)?, body::id::<PluginName>(name)?);
    Ok(engine.plugin(project, &name, version).await?)
}

/// The name of a plugin that may not exist yet.
fn new_name(text: &str) -> Result<PluginName, Problem> {
    text.parse().map_err(|error| Problem::new(ErrorKind::InvalidInput, format!("{error}")))
}

/// `latest`, or a version's number.
fn pin(text: &str) -> Result<VersionPin, Problem> {
    if text == "latest" { Ok(VersionPin::Latest) } else { number(text).map(VersionPin::Exact) }
}

fn number(text: &str) -> Result<u32, Problem> {
    text.parse().map_err(|_| Problem::new(ErrorKind::NotFound, "a version is named by its number, such as 1"))
}
