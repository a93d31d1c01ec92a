//! The gate before everything that changes something: closed while the server could not keep what it is given.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use hookwright_model::ErrorKind;
use http::Method;
use parking_lot::RwLock;

use crate::problem::Problem;

/// Whether anything is accepted. It begins open.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<RwLock<Option<String>>>);

impl Gate {
    /// Refuses whatever would change something, for this reason, which everybody may read.
    pub fn close(&self, reason: String) {
        *self.0.write() = Some(reason);
    }

    /// Accepts again.
    pub fn open(&self) {
        *self.0.write() = None;
    }
}

/// The router behind a gate: while it is closed, `/readyz` and every request that would change something get 503.
pub fn gated(router: Router, gate: Gate) -> Router {
    router.layer(middleware::from_fn_with_state(gate, pass))
}

async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Result<Response, Problem> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD) && request.uri().path() != "/readyz";
    let reason = if reads { None } else { gate.0.read().clone() };
    match reason {
        Some(reason) => Err(Problem::new(ErrorKind::Unavailable, reason)),
        None => Ok(next.run(request).await),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    async fn status(router: &Router, method: Method, path: &str) -> u16 {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn a_closed_gate_lets_readers_through_and_nobody_else() {
        let handler = get(|| async {}).post(|| async {});
        let gate = Gate::default();
        let router = Router::new().route("/v1/events", handler).route("/readyz", get(|| async {}));
        let router = gated(router, gate.clone());
        for (is_closed, expected) in
            [(false, [200, 200, 200]), (true, [200, 503, 503]), (false, [200, 200, 200])]
        {
            if is_closed {
                gate.close("its store is gone".to_owned());
            } else {
                gate.open();
            }
            let answers = [
                status(&router, Method::GET, "/v1/events").await,
                status(&router, Method::POST, "/v1/events").await,
                status(&router, Method::GET, "/readyz").await,
            ];
            assert_eq!(answers, expected);
        }
    }
}
