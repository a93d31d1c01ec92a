//! A connection that remembers how the present answer began.
//!
//! The HTTP library reads an answer as a whole head or not at all. When it gives up on a head, the status line that came
//! first still says what the target decided.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// How much of an answer is remembered: its status line, and enough to show people.
const REMEMBERED_BYTES: usize = 2_048;

/// The transport below.
pub(crate) enum Stream {
    Plain(TokioIo<TcpStream>),
    Secured(Box<TokioIo<TlsStream<TcpStream>>>),
}

/// A connection with its memory.
pub(crate) struct Tapped {
    stream: Stream,
    beginning: Beginning,
}

/// The first bytes of the present answer of a connection.
#[derive(Clone, Default)]
pub(crate) struct Beginning(Arc<Mutex<Remembered>>);

#[derive(Default)]
struct Remembered {
    bytes: Vec<u8>,
    /// Something was written since the last byte was read: what comes next is another answer.
    asked: bool,
}

impl Beginning {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().bytes.clone()
    }

    fn asked(&self) {
        self.0.lock().asked = true;
    }

    fn heard(&self, bytes: &[u8]) {
        let mut remembered = self.0.lock();
        if std::mem::take(&mut remembered.asked) {
            remembered.bytes.clear();
        }
        let room = REMEMBERED_BYTES - remembered.bytes.len();
        remembered.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl Tapped {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, beginning: Beginning::default() }
    }
}

impl Connection for Tapped {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.beginning.clone())
    }
}

impl Read for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut chunk = [0; 8 * 1024];
        let length = chunk.len().min(buffer.remaining());
        let mut read = hyper::rt::ReadBuf::new(&mut chunk[..length]);
        ready!(match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, read.unfilled()),
            Stream::Secured(stream) => Pin::new(stream.as_mut()).poll_read(context, read.unfilled()),
        })?;
        self.beginning.heard(read.filled());
        buffer.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl Write for Tapped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.beginning.asked();
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Secured(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Secured(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Secured(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}
