//! Who may ask: whoever has the admin key.

use axum::extract::{FromRef, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use hookwright_engine::{Engine, Principal, ScopedEngine};
use hookwright_model::{Digest, ErrorKind};
use http::header;
use http::request::Parts;

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

    fn opens(self, key: &str) -> bool {
        Digest::of(key.as_bytes()) == self.0
    }
}

pub(crate) async fn require(
    State(key): State<AdminKey>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = given.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    match bearer {
        Some(token) if key.opens(token) => {
            request.extensions_mut().insert(Principal::installation());
            Ok(next.run(request).await)
        }
        Some(_) => Err(Problem::new(ErrorKind::Unauthorized, "this key is not valid")),
        None => Err(Problem::new(ErrorKind::Unauthorized, "send the key as `authorization: Bearer <key>`")),
    }
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
