//! `/v1/projects/{project}/plugins`

use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use hookwright_engine::Engine;
use hookwright_model::{PluginName, PluginOwner, ProjectId};
use http::StatusCode;
use serde_json::json;

use crate::body;
use crate::dto::plugin::PluginDto;
use crate::problem::Problem;

/// The most bytes that are read of an upload; the plugin host has a limit of its own, below this.
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

pub(crate) async fn upload(
    State(engine): State<Engine>,
    Path((project, name)): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let project = body::id::<ProjectId>(&project)?;
    let name: PluginName = name
        .parse()
        .map_err(|error| Problem::new(hookwright_model::ErrorKind::InvalidInput, format!("{error}")))?;
    let component = body::received(body)?;
    let version = engine.upload_plugin(PluginOwner::Project(project), name, component).await?;
    Ok(body::json(StatusCode::CREATED, &PluginDto::from(&*version)))
}

pub(crate) async fn list(
    State(engine): State<Engine>,
    Path(project): Path<String>,
) -> Result<Response, Problem> {
    let project = body::id::<ProjectId>(&project)?;
    engine.store().project(project).await?;
    let versions = engine.store().plugins(project).await?;
    let data: Vec<PluginDto<'_>> = versions.iter().map(|version| PluginDto::from(&**version)).collect();
    Ok(body::json(StatusCode::OK, &json!({"data": data, "next_cursor": null})))
}
