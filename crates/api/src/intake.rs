//! Bodies on their way in: how long one may be and take, and how much of all of them is in memory at the same time.
//!
//! Room is taken before the first byte is read, as much as the request announces, or as the body arrives if it announces
//! nothing, and is given back with the answer. So a body that finds no room is refused before it is kept; whoever sends
//! slowly holds only room of their own project, and for no longer than a body may take.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body as Stream, HttpBody as _};
use axum::extract::{FromRequest, RawPathParams, Request};
use axum::{Extension, RequestExt as _};
use bytes::{Bytes, BytesMut};
use hookwright_model::{ErrorKind, ProjectId};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;

use crate::problem::Problem;

/// What the bodies of a path may be and take.
#[derive(Clone)]
pub(crate) struct Allowance {
    /// The most bytes of one body.
    pub(crate) max_bytes: usize,
    /// How long one may take to arrive.
    pub(crate) time: Duration,
    /// Where it is kept until the answer.
    pub(crate) room: Room,
}

/// Memory for bodies.
#[derive(Clone)]
pub(crate) struct Room(Arc<Shelf>);

struct Shelf {
    /// The most bytes of all bodies together.
    max_bytes: usize,
    /// The most bytes of one project's bodies, as far as the path names the project.
    of_one_bytes: usize,
    taken: Mutex<HashMap<Option<ProjectId>, usize>>,
}

/// A part of the room, until it is dropped.
struct Place {
    shelf: Arc<Shelf>,
    owner: Option<ProjectId>,
    bytes: usize,
}

impl Room {
    /// Room for so many bytes of all projects together, and of one project.
    pub(crate) fn new(max_bytes: usize, of_one_bytes: usize) -> Self {
        Self(Arc::new(Shelf { max_bytes, of_one_bytes, taken: Mutex::default() }))
    }

    fn take(&self, owner: Option<ProjectId>, bytes: usize) -> Option<Place> {
        let mut place = Place { shelf: Arc::clone(&self.0), owner, bytes: 0 };
        place.grow_to(bytes).then_some(place)
    }
}

impl Place {
    /// Makes it at least so large; false if there is no more room.
    fn grow_to(&mut self, bytes: usize) -> bool {
        let Some(more) = bytes.checked_sub(self.bytes) else { return true };
        let shelf = &self.shelf;
        let mut taken = shelf.taken.lock();
        let all: usize = taken.values().sum();
        let own = taken.get(&self.owner).copied().unwrap_or(0);
        let of_one = if self.owner.is_some() { shelf.of_one_bytes } else { shelf.max_bytes };
        if all + more > shelf.max_bytes || own + more > of_one {
            return false;
        }
        taken.insert(self.owner, own + more);
        self.bytes = bytes;
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.shelf.taken.lock();
        let left = taken.get(&self.owner).map_or(0, |own| own.saturating_sub(self.bytes));
        if left == 0 {
            taken.remove(&self.owner);
        } else {
            taken.insert(self.owner, left);
        }
    }
}

/// The whole body of a request. Its room is taken as long as this lives.
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
        let owner = project.and_then(|(_, id)| id.parse().ok());
        let mut stream = request.into_body();
        let time = allowance.time;
        let received = tokio::time::timeout(time, allowance.receive(owner, &mut stream)).await;
        received.unwrap_or_else(|_| Err(Problem::too_slow(time)))
    }
}

impl Allowance {
    async fn receive(&self, owner: Option<ProjectId>, stream: &mut Stream) -> Result<Body, Problem> {
        let announced = stream.size_hint().exact().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        if announced.is_some_and(|bytes| bytes > self.max_bytes) {
            return Err(refused(stream, self.too_large()).await);
        }
        let Some(mut place) = self.room.take(owner, announced.unwrap_or_default()) else {
            return Err(refused(stream, no_room()).await);
        };
        // What is announced takes no memory before it is there.
        let mut bytes = BytesMut::with_capacity(announced.unwrap_or_default());
        while let Some(frame) = stream.frame().await {
            let incomplete = |_| Problem::new(ErrorKind::InvalidInput, "the body did not arrive in full");
            let Ok(data) = frame.map_err(incomplete)?.into_data() else { continue };
            if data.len() > self.max_bytes - bytes.len() {
                return Err(refused(stream, self.too_large()).await);
            }
            if !place.grow_to(bytes.len() + data.len()) {
                return Err(refused(stream, no_room()).await);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Body { bytes: bytes.freeze(), _place: place })
    }

    fn too_large(&self) -> Problem {
        let detail = format!("the body is too large; this path takes at most {} bytes", self.max_bytes);
        Problem::new(ErrorKind::TooLarge, detail)
    }
}

fn no_room() -> Problem {
    let detail = "as much is being received already as there is room for; try again soon";
    Problem::new(ErrorKind::Unavailable, detail)
}

/// The problem, once the client has sent all: many read no answer before that. Nothing of it is kept.
async fn refused(stream: &mut Stream, problem: Problem) -> Problem {
    while let Some(Ok(_)) = stream.frame().await {}
    problem
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http::StatusCode;
    use http_body::{Frame, SizeHint};
    use http_body_util::Full;

    use super::*;

    const TIME: Duration = Duration::from_secs(30);

    /// A body that announces its length, or not, and arrives whole, or never.
    struct Sent {
        announced: Option<u64>,
        body: Option<Full<Bytes>>,
    }

    impl axum::body::HttpBody for Sent {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.body.as_mut().map_or(Poll::Pending, |body| Pin::new(body).poll_frame(context))
        }

        fn size_hint(&self) -> SizeHint {
            self.announced.map_or_else(SizeHint::default, SizeHint::with_exact)
        }
    }

    fn whole(text: &'static str) -> Sent {
        Sent { announced: Some(text.len() as u64), body: Some(Full::from(text)) }
    }

    fn allowance() -> Allowance {
        Allowance { max_bytes: 10, time: TIME, room: Room::new(30, 20) }
    }

    async fn receive(allowance: &Allowance, sent: Sent) -> Result<Body, StatusCode> {
        let mut request = Request::new(Stream::new(sent));
        request.extensions_mut().insert(allowance.clone());
        Body::from_request(request, &()).await.map_err(|problem| problem.status())
    }

    fn owner(number: u8) -> Option<ProjectId> {
        Some(ProjectId::from_bytes([number; 16]))
    }

    #[tokio::test]
    async fn a_body_is_received_whole_whether_it_announces_its_length_or_not() {
        for announced in [Some(4), None] {
            let sent = Sent { announced, body: Some(Full::from("lead")) };
            assert_eq!(receive(&allowance(), sent).await.ok().unwrap().bytes(), "lead");
        }
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_refused_whether_it_announces_its_length_or_not() {
        for announced in [Some(11), None] {
            let sent = Sent { announced, body: Some(Full::from("eleven byte")) };
            assert_eq!(receive(&allowance(), sent).await.err(), Some(StatusCode::PAYLOAD_TOO_LARGE));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_in_time_is_given_up_and_its_room_with_it() {
        let allowance = allowance();
        let begun = tokio::time::Instant::now();
        let silent = Sent { announced: None, body: None };
        assert_eq!(receive(&allowance, silent).await.err(), Some(StatusCode::REQUEST_TIMEOUT));
        assert_eq!(begun.elapsed(), TIME);
        assert!(allowance.room.take(None, 30).is_some());
    }

    #[tokio::test]
    async fn a_body_takes_room_until_it_is_dropped() {
        let allowance = allowance();
        let mut bodies = Vec::new();
        for _ in 0..5 {
            bodies.push(receive(&allowance, whole("6 byte")).await.ok().unwrap());
        }
        assert_eq!(receive(&allowance, whole("!")).await.err(), Some(StatusCode::SERVICE_UNAVAILABLE));
        bodies.pop();
        assert!(receive(&allowance, whole("!")).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_announces_nothing_takes_the_room_that_it_needs() {
        let allowance = allowance();
        let unannounced = |text: &'static str| Sent { announced: None, body: Some(Full::from(text)) };
        let mut bodies = Vec::new();
        for _ in 0..5 {
            bodies.push(receive(&allowance, unannounced("6 byte")).await.ok().unwrap());
        }
        assert_eq!(receive(&allowance, unannounced("!")).await.err(), Some(StatusCode::SERVICE_UNAVAILABLE));
        drop(bodies);
        assert!(receive(&allowance, unannounced("!")).await.is_ok());
    }

    #[test]
    fn one_project_leaves_room_to_others() {
        let Allowance { room, .. } = allowance();
        let first = room.take(owner(1), 20).unwrap();
        assert!(room.take(owner(1), 1).is_none());
        let second = room.take(owner(2), 10).unwrap();
        assert!(room.take(owner(3), 1).is_none(), "there is no more");
        drop(first);
        assert!(room.take(owner(1), 20).is_some());
        drop(second);
        assert_eq!(room.0.taken.lock().len(), 0, "nothing is kept of who takes nothing");
    }
}
