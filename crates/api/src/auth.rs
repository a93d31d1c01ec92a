//! Lets callers in by their key.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use headers::HeaderMapExt as _;
use headers::authorization::{Authorization, Bearer};
use hookwright_engine::{Engine, Principal, ScopedEngine};
use hookwright_model::{Digest, ErrorKind};
use http::request::Parts;

use crate::failures::Failures;
use crate::memory::Account;
use crate::problem::Problem;

/// The key that opens the whole API. Only its digest is kept, so comparing takes no longer for a guess that is nearly
/// right.
#[derive(Debug, Clone, Copy)]
pub struct AdminKey(Digest);

impl AdminKey {
    /// The key with this text.
    pub fn new(key: &str) -> Self {
        Self(Digest::of(key.as_bytes()))
    }

    /// The key with this digest, as it is kept between starts.
    pub fn from_digest(digest: Digest) -> Self {
        Self(digest)
    }
}

/// Lets requests pass that have the key.
pub(crate) async fn require(
    State(AdminKey(admin)): State<AdminKey>,
    State(failures): State<Arc<Failures>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(Authorization(bearer)) = request.headers().typed_get::<Authorization<Bearer>>() else {
        let detail = "send the key as `authorization: Bearer <key>`";
        return Err(Problem::new(ErrorKind::Unauthorized, detail));
    };
    let key = Digest::of(bearer.token().trim().as_bytes());
    if key == admin {
        request.extensions_mut().insert(Principal::installation());
        request.extensions_mut().insert(Account::Key(key));
        return Ok(next.run(request).await);
    }
    match failures.add(address(&request)).await {
        Ok(()) => Err(Problem::new(ErrorKind::Unauthorized, "this key is not valid")),
        Err(too_many) => Err(too_many.into()),
    }
}

fn address(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

/// The engine on behalf of the caller, whom [`require`] has let in.
pub(crate) struct Caller(pub(crate) ScopedEngine);

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Engine: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<Principal>() {
            Some(principal) => Ok(Self(Engine::from_ref(state).on_behalf_of(principal.clone()))),
            None => Err(Problem::new(ErrorKind::Unauthorized, "this path wants a key")),
        }
    }
}
