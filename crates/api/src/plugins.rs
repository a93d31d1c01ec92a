//! `/v1/projects/{project}/plugins`

use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use hookwright_engine::Engine;
use hookwright_model::{ErrorKind, PluginName, PluginOwner, ProjectId};
use http::StatusCode;
use serde_json::json;

use crate::body;
use crate::dto::plugin::PluginDto;
use crate::problem::Problem;

pub(crate) async fn upload(
    State(engine): State<Engine>,
    Path((project, name)): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let project = body::id::<ProjectId>(&project)?;
    let name: PluginName =
        name.parse().map_err(|error| Problem::new(ErrorKind::InvalidInput, format!("{error}")))?;
    let component = component(&engine, body)?;
    let version = engine.upload_plugin(PluginOwner::Project(project), name, component).await?;
    Ok(body::json(StatusCode::CREATED, &PluginDto::from(&*version)))
}

/// An uploaded component, unless it is too large.
fn component(engine: &Engine, body: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    let max_bytes = engine.plugin_limits().component_bytes;
    match body {
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Problem::new(
            ErrorKind::TooLarge,
            format!("the component has more than {max_bytes} bytes, which is the limit; make it smaller"),
        )),
        body => body::received(body),
    }
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
