//! Whether the service lives, and whether it can take requests.

use axum::Json;
use axum::extract::State;
use hookwright_api_types::health::Health;
use hookwright_engine::{DispatcherState, Engine};
use hookwright_model::ErrorKind;

use crate::problem::Problem;

/// The process answers, and its vital parts move. A service that does not live has to be restarted.
pub(crate) async fn healthz(State(engine): State<Engine>) -> Result<Json<Health>, Problem> {
    let problems: Vec<String> = engine.store_health().writer.into_iter().chain(dispatcher(&engine)).collect();
    answer("ok", &problems)
}

/// New events are taken and delivered.
pub(crate) async fn readyz(State(engine): State<Engine>) -> Result<Json<Health>, Problem> {
    let store = engine.store_health();
    let problems: Vec<String> = store.problems().map(str::to_owned).chain(dispatcher(&engine)).collect();
    if problems.is_empty() {
        engine.check_store().await?;
    }
    answer("ready", &problems)
}

fn answer(status: &str, problems: &[String]) -> Result<Json<Health>, Problem> {
    if problems.is_empty() {
        Ok(Json(Health { status: status.to_owned() }))
    } else {
        Err(Problem::new(ErrorKind::Unavailable, problems.join("; ")))
    }
}

/// Why no delivery is begun, if so. One that was told to stop is on its way out, as it should be.
fn dispatcher(engine: &Engine) -> Option<String> {
    match engine.health().dispatcher {
        DispatcherState::Moving | DispatcherState::Draining => None,
        DispatcherState::Stalled(time) => {
            Some(format!("the dispatcher has not moved for {} s: no delivery is begun", time.as_secs()))
        }
        DispatcherState::Ended => Some("the dispatcher has ended: no delivery is begun".to_owned()),
    }
}
