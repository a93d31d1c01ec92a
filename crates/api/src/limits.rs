//! `/v1/limits`

use axum::Json;
use axum::extract::State;
use hookwright_api_types::limits::LimitsBody;
use hookwright_engine::Engine;

/// Every limit that a caller or a plugin can meet.
pub(crate) async fn read(State(engine): State<Engine>) -> Json<LimitsBody> {
    Json(engine.plugin_limits().into())
}
