//! `/v1/limits`

use axum::extract::State;
use axum::response::Response;
use hookwright_engine::Engine;
use http::StatusCode;

use crate::body;
use crate::dto::limits::LimitsDto;

/// Every limit that a caller or a plugin can meet.
pub(crate) async fn read(State(engine): State<Engine>) -> Response {
    body::json(StatusCode::OK, &LimitsDto::of(engine.plugin_limits()))
}
