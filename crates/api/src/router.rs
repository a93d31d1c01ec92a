//! Which operation does what.

use std::sync::Arc;

use axum::extract::FromRef;
use axum::middleware;
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Extension, Router};
use hookwright_api_types::Operation;
use hookwright_engine::Engine;
use hookwright_model::ErrorKind;

use crate::auth::{self, AdminKey};
use crate::failures::Failures;
use crate::intake::Allowances;
use crate::problem::Problem;
use crate::{deliveries, event_log, events, health, limits, plugins, projects, webhooks};

/// What every handler can have.
#[derive(Clone)]
pub(crate) struct Shared {
    engine: Engine,
    admin: AdminKey,
    failures: Arc<Failures>,
}

impl FromRef<Shared> for Engine {
    fn from_ref(shared: &Shared) -> Self {
        shared.engine.clone()
    }
}

impl FromRef<Shared> for AdminKey {
    fn from_ref(shared: &Shared) -> Self {
        shared.admin
    }
}

impl FromRef<Shared> for Arc<Failures> {
    fn from_ref(shared: &Shared) -> Self {
        Arc::clone(&shared.failures)
    }
}

/// The whole API. Everything under `/v1` wants the admin key; `/healthz` and `/readyz` are open.
///
/// The address in the log of wrong keys comes from axum's `ConnectInfo<SocketAddr>`.
pub fn router(engine: Engine, admin: AdminKey) -> Router {
    let allowances = Allowances::new(engine.plugin_limits().component_bytes);
    let shared = Shared { engine, admin, failures: Arc::default() };
    let mut router = Router::new();
    for &operation in Operation::ALL {
        let mut handler = handler(operation).route_layer(Extension(allowances.of(operation)));
        if operation.is_guarded() {
            handler = handler.route_layer(middleware::from_fn_with_state(shared.clone(), auth::require));
        }
        router = router.route(operation.path(), handler);
    }
    router
        .fallback(|| async { Problem::new(ErrorKind::NotFound, "there is nothing at this path") })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .with_state(shared)
}

fn handler(operation: Operation) -> MethodRouter<Shared> {
    use Operation as O;
    // Every method that operations have is one of HTTP's own.
    let method = MethodFilter::try_from(operation.method()).unwrap_or(MethodFilter::GET);
    match operation {
        O::Healthz => on(method, health::healthz),
        O::Readyz => on(method, health::readyz),
        O::ReadLimits => on(method, limits::read),
        O::CreateProject => on(method, projects::create),
        O::ListProjects => on(method, projects::list),
        O::ReadProject => on(method, projects::read),
        O::CreateWebhook => on(method, webhooks::create),
        O::ListWebhooks => on(method, webhooks::list),
        O::ReadWebhook => on(method, webhooks::read),
        O::ChangeWebhook => on(method, webhooks::change),
        O::DeleteWebhook => on(method, webhooks::delete),
        O::TestWebhook => on(method, webhooks::test),
        O::ListPlugins => on(method, plugins::list),
        O::UploadPlugin => on(method, plugins::upload),
        O::ReadPlugin => on(method, plugins::read),
        O::DeletePlugin => on(method, plugins::delete),
        O::CheckPlugin => on(method, plugins::check),
        O::PreviewPlugin => on(method, plugins::preview),
        O::ListPluginVersions => on(method, plugins::versions),
        O::ReadPluginVersion => on(method, plugins::read_version),
        O::DeletePluginVersion => on(method, plugins::delete_version),
        O::DownloadComponent => on(method, plugins::component),
        O::AcceptEvents => on(method, events::accept),
        O::ListEvents => on(method, event_log::list),
        O::ReadEvent => on(method, event_log::read),
        O::DeliverEvent => on(method, event_log::deliver),
        O::ListDeliveries => on(method, deliveries::list),
        O::ReadDelivery => on(method, deliveries::read),
        O::ResendDelivery => on(method, deliveries::resend),
        O::CancelDelivery => on(method, deliveries::cancel),
    }
}
