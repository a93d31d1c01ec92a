//! Whether the service lives, and whether it can take requests.

use axum::extract::State;
use axum::response::Response;
use hookwright_engine::Engine;
use hookwright_model::ErrorKind;
use http::StatusCode;
use serde_json::json;

use crate::body;
use crate::problem::Problem;

/// The process answers, and its vital parts move. A service that does not live has to be restarted.
pub(crate) async fn healthz(State(engine): State<Engine>) -> Result<Response, Problem> {
    match engine.store_health().writer {
        None => Ok(body::json(StatusCode::OK, &json!({"status": "ok"}))),
        Some(problem) => Err(Problem::new(ErrorKind::Unavailable, problem)),
    }
}

/// New events are taken.
pub(crate) async fn readyz(State(engine): State<Engine>) -> Result<Response, Problem> {
    let health = engine.store_health();
    let problems: Vec<&str> = health.problems().collect();
    if !problems.is_empty() {
        return Err(Problem::new(ErrorKind::Unavailable, problems.join("; ")));
    }
    engine.check_store().await?;
    Ok(body::json(StatusCode::OK, &json!({"status": "ready"})))
}
