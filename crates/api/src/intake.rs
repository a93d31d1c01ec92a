//! Bodies on their way in: how long one may be and take, and where it is kept until the answer.

use std::time::Duration;

use axum::body::{Body as Stream, HttpBody as _};
use axum::extract::{FromRequest, RawPathParams, Request};
use axum::{Extension, RequestExt as _};
use bytes::{Bytes, BytesMut};
use headers::{ContentType, HeaderMapExt as _};
use hookwright_api_types::Operation;
use hookwright_api_types::limits::{MAX_BATCH_BYTES, MAX_BODY_BYTES, MAX_PREVIEW_BYTES};
use hookwright_model::ErrorKind;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;

use crate::memory::{Account, Bounds, Budget, Place, Pool};
use crate::problem::Problem;

/// The most bytes of all bodies together that are received or worked on, components apart.
const LARGE_BYTES: usize = 96 * 1024 * 1024;
/// The most bytes that the beginnings of all bodies have.
const SMALL_BYTES: usize = 32 * 1024 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);
/// How long a component may take: the largest one over a line of 4 Mbit/s.
const COMPONENT_TIME: Duration = Duration::from_secs(120);
/// How many components of the largest size are in memory at the same time, and how many of one project.
const COMPONENTS: usize = 5;
const COMPONENTS_OF_ONE: usize = 2;

/// What the bodies of each operation may be and take.
pub(crate) struct Allowances {
    bodies: Budget,
    components: Budget,
    component_bytes: usize,
}

impl Allowances {
    /// For components of at most so many bytes.
    pub(crate) fn new(component_bytes: usize) -> Self {
        let small = Pool::unshared(SMALL_BYTES);
        let of_all = |all| Bounds { all, of_key: all / 4 * 3, of_project: all / 2 };
        let components = Bounds {
            of_project: COMPONENTS_OF_ONE * component_bytes,
            ..of_all(COMPONENTS * component_bytes)
        };
        Self {
            bodies: Budget { small: small.clone(), large: Pool::new(of_all(LARGE_BYTES)) },
            components: Budget { small, large: Pool::new(components) },
            component_bytes,
        }
    }

    /// Those of one operation.
    pub(crate) fn of(&self, operation: Operation) -> Allowance {
        let bodies = |max_bytes| Allowance { max_bytes, time: BODY_TIME, budget: self.bodies.clone() };
        match operation {
            Operation::UploadPlugin | Operation::CheckPlugin => Allowance {
                max_bytes: self.component_bytes,
                time: COMPONENT_TIME,
                budget: self.components.clone(),
            },
            Operation::PreviewPlugin => bodies(MAX_PREVIEW_BYTES),
            Operation::AcceptEvents => bodies(MAX_BATCH_BYTES),
            _ => bodies(MAX_BODY_BYTES),
        }
    }
}

/// What the bodies of a path may be and take.
#[derive(Clone)]
pub(crate) struct Allowance {
    /// The most bytes of one body.
    max_bytes: usize,
    /// How long one may take to arrive.
    time: Duration,
    /// Where it is kept until the answer.
    budget: Budget,
}

/// The whole body of a request. Its memory is taken as long as this lives.
pub(crate) struct Body {
    bytes: Bytes,
    _place: Place,
}

impl Body {
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, Problem> {
        let allowance = request.extract_parts::<Extension<Allowance>>().await;
        let Extension(allowance) =
            allowance.map_err(|_| Problem::new(ErrorKind::Internal, "this path takes no body"))?;
        let params = request.extract_parts::<RawPathParams>().await.ok();
        let project = params.as_ref().and_then(|params| params.iter().find(|(name, _)| *name == "project"));
        let project = project.and_then(|(_, id)| id.parse().ok()).map(Account::Project);
        let key = request.extensions().get::<Account>().copied();
        let accounts: Vec<Account> = key.into_iter().chain(project).collect();
        let coding = check_coding(request.headers());
        let mut stream = request.into_body();
        if let Err(problem) = coding {
            return Err(allowance.refused(&mut stream, problem).await);
        }
        let received = tokio::time::timeout(allowance.time, allowance.receive(&accounts, &mut stream)).await;
        received.unwrap_or_else(|_| Err(Problem::too_slow(allowance.time)))
    }
}

/// Refuses bodies that are compressed.
fn check_coding(headers: &HeaderMap) -> Result<(), Problem> {
    let codings = headers.get_all(header::CONTENT_ENCODING).into_iter();
    let codings = codings.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
    match codings.into_iter().find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity")) {
        None => Ok(()),
        Some(coding) => {
            let coding: String = coding.chars().take(40).collect();
            let detail =
                format!("the body is compressed (`content-encoding: {coding}`): send it uncompressed");
            Err(Problem::unsupported_media_type(detail))
        }
    }
}

/// Whether the body has this media type.
pub(crate) fn is_type(headers: &HeaderMap, media_type: &str) -> bool {
    let given = headers.typed_get::<ContentType>().map(|given| given.to_string());
    let given = given.as_deref().and_then(|given| given.split(';').next());
    given.is_some_and(|given| given.trim().eq_ignore_ascii_case(media_type))
}

impl Allowance {
    async fn receive(&self, accounts: &[Account], stream: &mut Stream) -> Result<Body, Problem> {
        let announced = stream.size_hint().exact().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        if announced.is_some_and(|bytes| bytes > self.max_bytes) {
            return Err(refused(stream, self.too_large()).await);
        }
        let mut place = self.budget.open(accounts);
        // What is announced takes no memory before it is there.
        let mut bytes = BytesMut::with_capacity(announced.unwrap_or_default());
        while let Some(frame) = stream.frame().await {
            let incomplete = |_| Problem::new(ErrorKind::InvalidInput, "the body did not arrive in full");
            let Ok(data) = frame.map_err(incomplete)?.into_data() else { continue };
            if data.len() > self.max_bytes - bytes.len() {
                return Err(refused(stream, self.too_large()).await);
            }
            if !place.grow_to(bytes.len() + data.len()) {
                drop((bytes, place));
                return Err(refused(stream, busy()).await);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Body { bytes: bytes.freeze(), _place: place })
    }

    /// [`refused`], for no longer than a body may take.
    async fn refused(&self, stream: &mut Stream, problem: Problem) -> Problem {
        match tokio::time::timeout(self.time, refused(stream, problem)).await {
            Ok(problem) => problem,
            Err(_) => Problem::too_slow(self.time),
        }
    }

    fn too_large(&self) -> Problem {
        let detail = format!("the body is too large: this path accepts at most {} bytes", self.max_bytes);
        Problem::new(ErrorKind::TooLarge, detail)
    }
}

fn busy() -> Problem {
    Problem::new(ErrorKind::Unavailable, "too many uploads are in progress: try again in 5 seconds")
}

/// The problem, once the client has sent all: many read no answer before that. Nothing of it is kept.
async fn refused(stream: &mut Stream, problem: Problem) -> Problem {
    while let Some(Ok(_)) = stream.frame().await {}
    problem
}

#[cfg(test)]
mod tests;
