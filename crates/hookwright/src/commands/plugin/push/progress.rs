//! How far an upload is.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What takes less needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// What is handed to the connection at once.
const CHUNK_BYTES: usize = 64 * 1_024;
const STYLE: &str = "{msg} {wide_bar} {bytes} of {total_bytes}";

/// A bar on standard error, if that is a terminal and the upload takes its time.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn of(bytes: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(bytes as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(STYLE) {
            bar.set_style(style);
        }
        bar.set_message("Uploading");
        Self { bar }
    }

    /// The bytes, which move the bar as they are taken.
    pub(super) fn body(&self, bytes: Bytes) -> reqwest::Body {
        reqwest::Body::wrap(Counted { rest: bytes, bar: self.bar.clone() })
    }

    /// Waits for the upload.
    pub(super) async fn until<T>(&self, upload: impl Future<Output = T>) -> T {
        let mut upload = std::pin::pin!(upload);
        let done = tokio::select! {
            done = &mut upload => done,
            () = tokio::time::sleep(PATIENCE) => {
                self.bar.set_draw_target(ProgressDrawTarget::stderr());
                self.bar.tick();
                upload.await
            }
        };
        self.bar.finish_and_clear();
        done
    }
}

struct Counted {
    rest: Bytes,
    bar: ProgressBar,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.rest.len().min(CHUNK_BYTES);
        if length == 0 {
            return Poll::Ready(None);
        }
        let chunk = self.rest.split_to(length);
        self.bar.inc(length as u64);
        if self.rest.is_empty() {
            self.bar.set_message("The server checks it");
        }
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
