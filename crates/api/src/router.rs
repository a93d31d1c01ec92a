//! Which path does what.

use std::time::Duration;

use axum::extract::FromRef;
use axum::middleware;
use axum::routing::{get, post, put};
use axum::{Extension, Router};
use hookwright_engine::Engine;
use hookwright_model::ErrorKind;

use crate::auth::{self, AdminKey};
use crate::intake::{Allowance, Room};
use crate::problem::Problem;
use crate::{deliveries, event_log, events, health, limits, plugins, projects, webhooks};

/// The most bytes of a body, where a path does not say otherwise.
pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024;

/// What every handler can have.
#[derive(Clone)]
struct Shared {
    engine: Engine,
    admin: AdminKey,
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

/// The most bytes of all bodies together, components apart, that are received or worked on.
const ROOM_BYTES: usize = 128 * 1024 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);
/// How long a component may take: the largest one over a line of 4 Mbit/s.
const COMPONENT_TIME: Duration = Duration::from_secs(120);
/// How many components of the largest size are in memory at the same time, and how many of one project.
const COMPONENTS: usize = 5;
const COMPONENTS_OF_ONE: usize = 2;

/// Bodies of at most so many bytes, components apart.
fn bodies(max_bytes: usize, room: &Room) -> Extension<Allowance> {
    Extension(Allowance { max_bytes, time: BODY_TIME, room: room.clone() })
}

/// The paths of one plugin, whose components have at most so many bytes.
fn plugin(component_bytes: usize, room: &Room) -> Router<Shared> {
    let component = Extension(Allowance {
        max_bytes: component_bytes,
        time: COMPONENT_TIME,
        room: Room::new(COMPONENTS * component_bytes, COMPONENTS_OF_ONE * component_bytes),
    });
    Router::new()
        .route("/", put(plugins::upload).get(plugins::read).delete(plugins::delete).layer(component.clone()))
        .route("/check", post(plugins::check).layer(component))
        .route("/preview", post(plugins::preview).layer(bodies(plugins::MAX_PREVIEW_BYTES, room)))
        .route("/versions", get(plugins::versions))
        .route("/versions/{version}", get(plugins::read_version).delete(plugins::delete_version))
        .route("/versions/{version}/component", get(plugins::component))
}

/// The whole API. Everything under `/v1` wants the admin key; `/healthz` and `/readyz` are open.
pub fn router(engine: Engine, admin: AdminKey) -> Router {
    let component_bytes = engine.plugin_limits().component_bytes;
    let room = Room::new(ROOM_BYTES, ROOM_BYTES);
    let shared = Shared { engine, admin };
    let v1 = Router::new()
        .route("/limits", get(limits::read))
        .route("/projects", post(projects::create).get(projects::list))
        .route("/projects/{project}", get(projects::read))
        .route("/projects/{project}/webhooks", post(webhooks::create).get(webhooks::list))
        .route("/projects/{project}/plugins", get(plugins::list))
        .nest("/projects/{project}/plugins/{name}", plugin(component_bytes, &room))
        .route("/projects/{project}/deliveries", get(deliveries::list))
        .route("/projects/{project}/events", get(event_log::list))
        .route("/webhooks/{webhook}", get(webhooks::read).patch(webhooks::change).delete(webhooks::delete))
        .route("/webhooks/{webhook}/test", post(webhooks::test))
        .route("/events", post(events::accept).layer(bodies(events::MAX_BODY_BYTES, &room)))
        .route("/events/{event}", get(event_log::read))
        .route("/events/{event}/deliver", post(event_log::deliver))
        .route("/deliveries/{delivery}", get(deliveries::read))
        .route("/deliveries/{delivery}/resend", post(deliveries::resend))
        .route("/deliveries/{delivery}/cancel", post(deliveries::cancel))
        .layer(bodies(MAX_BODY_BYTES, &room))
        .route_layer(middleware::from_fn_with_state(shared.clone(), auth::require));
    Router::new()
        .nest("/v1", v1)
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(|| async { Problem::new(ErrorKind::NotFound, "there is nothing at this path") })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .with_state(shared)
}
