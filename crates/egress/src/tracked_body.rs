//! A request body that knows whether its request has begun.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hookwright_engine::ports::Reached;
use http_body::{Body, Frame, SizeHint};

/// The bytes of one request, and a note of whether a connection has asked for them.
///
/// hyper asks a body whether it is empty when it takes the request up for writing, before the first byte goes out, and
/// not earlier. While nobody has asked, the request has certainly not reached its target.
pub(crate) struct TrackedBody {
    bytes: Bytes,
    begun: Progress,
}

/// Whether a request has begun to be written.
#[derive(Clone, Default)]
pub(crate) struct Progress(Arc<AtomicBool>);

impl Progress {
    /// Whether the target may have seen something of the request.
    pub(crate) fn reached(&self) -> Reached {
        if self.0.load(Ordering::Acquire) { Reached::Perhaps } else { Reached::No }
    }

    fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl TrackedBody {
    pub(crate) fn new(bytes: Bytes, begun: Progress) -> Self {
        Self { bytes, begun }
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.begun.begin();
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.begun.begin();
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
