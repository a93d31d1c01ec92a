//! Serving a target over HTTP/1 on the loopback interface.

use std::fmt;
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::exchange::{Answer, Request};
use crate::fault::{Fault, Script, When};
use crate::journal::{Journal, Keep, Received};

/// How long no connection is accepted after accepting one failed, as it does when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What a stand-in stands in for.
pub trait Target: Send + Sync + 'static {
    /// Lets the request take its effect, and returns the answer to it.
    fn answer(&self, request: &Request) -> Answer;

    /// The path of the URL that a webhook for this target has, below the origin; empty or with a leading slash.
    fn base_path(&self) -> &str {
        ""
    }
}

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
        let stage = Arc::new(Stage { target, script: Mutex::default(), journal: Journal::new(keep) });
        let server = tokio::spawn(serve(listener, Arc::clone(&stage)));
        Ok(Running { address, stage, server })
    }
}

/// A stand-in that is being served. Dropping it closes the port and every connection.
pub struct Running<T> {
    address: SocketAddr,
    stage: Arc<Stage<T>>,
    server: JoinHandle<()>,
}

impl<T: Target> Running<T> {
    /// The URL to register as a webhook: the origin and the target's own base path.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.stage.target.base_path())
    }

    /// The target, to look at what has become of the requests.
    pub fn target(&self) -> &T {
        &self.stage.target
    }

    /// Lets requests of a kind go wrong from now on. Of several entries for a request the first one scripted counts,
    /// until it is used up.
    pub fn script(&self, when: When, fault: Fault) {
        self.stage.script.lock().add(when, fault);
    }

    /// Forgets every fault scripted so far. Requests that hang stay so.
    pub fn heal(&self) {
        self.stage.script.lock().clear();
    }

    /// How many requests were received.
    pub fn count(&self) -> u64 {
        self.stage.journal.count()
    }

    /// What was received so far, in order; nothing with [`Keep::Count`].
    pub fn received(&self) -> Vec<Received> {
        self.stage.journal.received()
    }

    /// Waits until `n` requests have been received since the start, and returns what [`Running::received`] does then. A
    /// request counts as received once its effect has happened, just before its answer is sent.
    ///
    /// # Cancel safety
    /// Nothing is lost: what was received stays.
    pub async fn wait_for(&self, n: u64) -> Vec<Received> {
        self.stage.journal.wait_for(n).await;
        self.received()
    }

    /// Waits until what was received meets a condition, which is tried with every request, and returns it.
    ///
    /// # Cancel safety
    /// Nothing is lost: what was received stays.
    pub async fn wait_until(&self, condition: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        self.stage.journal.wait_until(condition).await;
        self.received()
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

/// What all connections of a stand-in share.
struct Stage<T> {
    target: T,
    script: Mutex<Script>,
    journal: Journal,
}

impl<T: Target> Stage<T> {
    async fn answer(&self, request: hyper::Request<Incoming>) -> Result<Response<Full<Bytes>>, Reset> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Reset)?.to_bytes();
        let request = Request { method: head.method, uri: head.uri, headers: head.headers, body };

        let fault = self.script.lock().next(&request);
        let answer = match &fault {
            None | Some(Fault::Delay(_)) => Some(self.target.answer(&request)),
            Some(Fault::Answer(answer)) => Some(answer.clone()),
            Some(Fault::AnswerAfterEffect(answer)) => {
                self.target.answer(&request);
                Some(answer.clone())
            }
            Some(Fault::ResetAfterEffect) => {
                self.target.answer(&request);
                None
            }
            Some(Fault::ResetBeforeEffect | Fault::Hang) => None,
        };
        self.journal.record(request, answer.as_ref().map(Answer::code));

        match fault {
            Some(Fault::Delay(pause)) => tokio::time::sleep(pause).await,
            Some(Fault::Hang) => pending().await,
            _ => {}
        }
        answer.map(|answer| answer.into_response().map(Full::new)).ok_or(Reset)
    }
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
async fn serve<T: Target>(listener: TcpListener, stage: Arc<Stage<T>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&stage)));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse<T: Target>(stream: TcpStream, stage: Arc<Stage<T>>) {
    // Without it, an answer may wait for the peer's delayed acknowledgement; it still arrives.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| stage.answer(request));
    let mut http = http1::Builder::new();
    // The same request gets the same answer, to the byte.
    http.auto_date_header(false);
    // A connection that breaks, by script or by its peer, is what the peer observes; there is nobody else to tell.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}
