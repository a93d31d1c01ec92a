//! Whether the service lives, and whether it can take requests.

use axum::extract::State;
use axum::response::Response;
use hookwright_engine::Engine;
use http::StatusCode;
use serde_json::json;

use crate::body;
use crate::problem::Problem;

/// The process answers.
pub(crate) async fn healthz() -> Response {
    body::json(StatusCode::OK, &json!({"status": "ok"}))
}

/// The store answers as well.
pub(crate) async fn readyz(State(engine): State<Engine>) -> Result<Response, Problem> {
    engine.check_store().await?;
    Ok(body::json(StatusCode::OK, &json!({"status": "ready"})))
}
