//! `/v1/projects/{project}/plugins`

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use hookwright_api_types::media_type;
use hookwright_api_types::page::PageBody;
use hookwright_api_types::path::LATEST;
use hookwright_api_types::plugin::{PluginBody, UploadedBody};
use hookwright_api_types::preview::{PreviewRequest, PreviewedBody};
use hookwright_api_types::report::CheckedBody;
use hookwright_engine::ScopedEngine;
use hookwright_model::{ErrorKind, PluginName, PluginOwner, PluginVersion, ProjectId, VersionPin};
use hookwright_store::{Noun, Repeat, StoreError};
use http::{HeaderMap, HeaderName, StatusCode, header};

use crate::auth::Caller;
use crate::intake::Body;
use crate::problem::Problem;
use crate::{answer, parse, precondition, request};

/// Stores a component: 201 with a new version, or 200 when it is the newest version already.
pub(crate) async fn upload(
    Caller(engine): Caller,
    Path((project, name)): Path<(String, String)>,
    body: Body,
) -> Result<(StatusCode, Json<UploadedBody>), Problem> {
    let (project, name) = (parse::id::<ProjectId>(&project)?, new_name(&name)?);
    let component = body.bytes().clone();
    let uploaded = engine.upload_plugin(PluginOwner::Project(project), name, component).await;
    let uploaded = uploaded.map_err(|error| Problem::of_plugin(error, engine.principal()))?;
    let status = match uploaded.repeat {
        Repeat::First => StatusCode::CREATED,
        Repeat::Known => StatusCode::OK,
    };
    Ok((status, Json(answer::uploaded(&uploaded))))
}

/// Tells what an upload would do; nothing is stored.
pub(crate) async fn check(
    Caller(engine): Caller,
    Path((project, name)): Path<(String, String)>,
    body: Body,
) -> Result<Json<CheckedBody>, Problem> {
    let (project, name) = (parse::id::<ProjectId>(&project)?, new_name(&name)?);
    let checked = engine.check_plugin(project, name, body.bytes().clone()).await;
    let checked = checked.map_err(|error| Problem::of_plugin(error, engine.principal()))?;
    Ok(Json(answer::checked(&checked)))
}

/// Tells what the plugin would do with a lead; nothing is sent.
pub(crate) async fn preview(
    Caller(engine): Caller,
    Path((project, name)): Path<(String, String)>,
    body: Body,
) -> Result<Json<PreviewedBody>, Problem> {
    let (project, name) = (parse::id::<ProjectId>(&project)?, parse::id::<PluginName>(&name)?);
    let asked: PreviewRequest = parse::json(body.bytes())?;
    let previewed = engine.preview_plugin(request::preview(asked, project, name)?).await;
    let previewed = previewed.map_err(|error| Problem::of_plugin(error, engine.principal()))?;
    Ok(Json(answer::previewed(&previewed)))
}

/// The newest version of every plugin that the project can use.
pub(crate) async fn list(
    Caller(engine): Caller,
    Path(project): Path<String>,
) -> Result<Json<PageBody<PluginBody>>, Problem> {
    let versions = engine.plugins(parse::id::<ProjectId>(&project)?).await?;
    let mut names = HashSet::new();
    // Of each name, the newest comes first.
    let newest = versions.iter().filter(|version| names.insert(&version.name));
    Ok(Json(PageBody::whole(newest.map(|version| PluginBody::from(&**version)).collect())))
}

/// Every version of one plugin, newest first.
pub(crate) async fn versions(
    Caller(engine): Caller,
    Path((project, name)): Path<(String, String)>,
) -> Result<Json<PageBody<PluginBody>>, Problem> {
    let (project, name) = (parse::id::<ProjectId>(&project)?, parse::id::<PluginName>(&name)?);
    let versions = engine.plugins(project).await?;
    let named = versions.iter().filter(|version| version.name == name);
    let named: Vec<_> = named.map(|version| PluginBody::from(&**version)).collect();
    if named.is_empty() {
        return Err(StoreError::NotFound(Noun::Plugin).into());
    }
    Ok(Json(PageBody::whole(named)))
}

/// The newest version of one plugin.
pub(crate) async fn read(
    Caller(engine): Caller,
    Path((project, name)): Path<(String, String)>,
) -> Result<Json<PluginBody>, Problem> {
    let version = find(&engine, &project, &name, VersionPin::Latest).await?;
    Ok(Json(PluginBody::from(&*version)))
}

pub(crate) async fn read_version(
    Caller(engine): Caller,
    Path((project, name, version)): Path<(String, String, String)>,
) -> Result<Json<PluginBody>, Problem> {
    let version = find(&engine, &project, &name, pin(&version)?).await?;
    Ok(Json(PluginBody::from(&*version)))
}

/// The component, as it was uploaded.
pub(crate) async fn component(
    Caller(engine): Caller,
    Path((project, name, version)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let version = find(&engine, &project, &name, pin(&version)?).await?;
    let (etag, known) = precondition::component(version.digest, &headers);
    if known {
        return Ok((StatusCode::NOT_MODIFIED, etag).into_response());
    }
    let file = format!("attachment; filename=\"{}-{}.wasm\"", version.name, version.version);
    let headers: [(HeaderName, String); 2] =
        [(header::CONTENT_TYPE, media_type::COMPONENT.to_owned()), (header::CONTENT_DISPOSITION, file)];
    let (project, exact) = (parse::id::<ProjectId>(&project)?, VersionPin::Exact(version.version));
    Ok((etag, headers, engine.component(project, &version.name, exact).await?).into_response())
}

/// Deletes the plugin with all its versions.
pub(crate) async fn delete(
    Caller(engine): Caller,
    Path((project, name)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (project, name) = (parse::id::<ProjectId>(&project)?, parse::id::<PluginName>(&name)?);
    let deleted = engine.delete_plugin(project, &name, None).await;
    deleted.map_err(|error| Problem::of_plugin(error, engine.principal()))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn delete_version(
    Caller(engine): Caller,
    Path((project, name, version)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let (project, name) = (parse::id::<ProjectId>(&project)?, parse::id::<PluginName>(&name)?);
    let deleted = engine.delete_plugin(project, &name, Some(number(&version)?)).await;
    deleted.map_err(|error| Problem::of_plugin(error, engine.principal()))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(
    engine: &ScopedEngine,
    project: &str,
    name: &str,
    version: VersionPin,
) -> Result<Arc<PluginVersion>, Problem> {
    let (project, name) = (parse::id::<ProjectId>(project)?, parse::id::<PluginName>(name)?);
    Ok(engine.plugin(project, &name, version).await?)
}

/// The name of a plugin that may not exist yet.
fn new_name(text: &str) -> Result<PluginName, Problem> {
    text.parse().map_err(|error| Problem::new(ErrorKind::InvalidInput, format!("{error}")))
}

/// [`LATEST`], or a version's number.
fn pin(text: &str) -> Result<VersionPin, Problem> {
    if text == LATEST { Ok(VersionPin::Latest) } else { number(text).map(VersionPin::Exact) }
}

fn number(text: &str) -> Result<u32, Problem> {
    text.parse().map_err(|_| Problem::new(ErrorKind::NotFound, "a version is named by its number, such as 1"))
}
