//! Serving a target over HTTP/1 on the loopback interface.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::exchange::Request;
use crate::journal::Keep;
use crate::scripted::{Scripted, Target};

/// How long no connection is accepted after accepting one failed, as it does when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Starts stand-ins.
#[derive(Debug)]
pub struct Standin;

impl Standin {
    /// Serves `target` on a free port of 127.0.0.1 until the returned handle is dropped, and keeps what it receives.
    ///
    /// # Errors
    /// If no port can be bound.
    pub async fn start<T: Target>(target: T) -> io::Result<Running<T>> {
        Self::start_keeping(Keep::Everything, target).await
    }

    /// As [`Standin::start`], keeping so much of what it receives.
    ///
    /// # Errors
    /// If no port can be bound.
    pub async fn start_keeping<T: Target>(keep: Keep, target: T) -> io::Result<Running<T>> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let scripted = Arc::new(Scripted::keeping(keep, target));
        let server = tokio::spawn(serve(listener, Arc::clone(&scripted)));
        Ok(Running { address, scripted, server })
    }
}

/// A stand-in that is being served, with its script and its journal. Dropping it closes the port and every connection.
pub struct Running<T> {
    address: SocketAddr,
    scripted: Arc<Scripted<T>>,
    server: JoinHandle<()>,
}

impl<T: Target> Running<T> {
    /// The URL to register as a webhook: the origin and the target's own base path.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.target().base_path())
    }
}

impl<T> Deref for Running<T> {
    type Target = Scripted<T>;

    fn deref(&self) -> &Scripted<T> {
        &self.scripted
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl<T> fmt::Debug for Running<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({})", self.address)
    }
}

async fn answer<T: Target>(
    scripted: &Scripted<T>,
    request: hyper::Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Reset> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Reset)?.to_bytes();
    let request = Request { method: head.method, uri: head.uri, headers: head.headers, body };
    let answer = scripted.exchange(request).await.ok_or(Reset)?;
    Ok(answer.into_response().map(Full::new))
}

/// An error for hyper, which closes the connection on it without an answer.
#[derive(Debug)]
struct Reset;

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is reset")
    }
}

impl std::error::Error for Reset {}

/// Never ends. When it is dropped, the connections end with it.
async fn serve<T: Target>(listener: TcpListener, scripted: Arc<Scripted<T>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&scripted)));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse<T: Target>(stream: TcpStream, scripted: Arc<Scripted<T>>) {
    // Without it, an answer may wait for the peer's delayed acknowledgement; it still arrives.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(&scripted, request));
    let mut http = http1::Builder::new();
    // The same request gets the same answer, to the byte.
    http.auto_date_header(false);
    // A connection that breaks, by script or by its peer, is what the peer observes; there is nobody else to tell.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}
