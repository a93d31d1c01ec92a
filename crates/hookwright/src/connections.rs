//! Connections to the API: bounded in number, and each in the time that it may be silent.
//!
//! A connection is idle while no request is complete on it: before the first one, between two, and while the head of one is
//! only half sent. When there are too many connections, those that are idle for longest make room, so that silent clients
//! cannot keep others out.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http_body::{Frame, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tower::ServiceExt as _;
use tracing::{debug, info, warn};

/// How long a connection may take to send the head of a request, or be idle between two.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long sent bytes may wait for a client to read them.
#[cfg(target_os = "linux")]
const UNREAD_TIME: Duration = Duration::from_secs(60);
/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until it is told to stop; then those with a request under way end it. Ends when none is left.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    max: usize,
    mut stop: watch::Receiver<bool>,
) {
    let connections = Arc::new(Connections { max, state: Mutex::default(), left: Notify::new() });
    let told = stop.clone();
    let mut is_failing = false;
    loop {
        tokio::select! {
            () = told_to_stop(&mut stop) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    is_failing = false;
                    connections.make_room().await;
                    let seat = connections.enter();
                    tokio::spawn(connection(stream, router.clone(), seat, told.clone()));
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if !std::mem::replace(&mut is_failing, true) {
                        warn!(%error, "connections cannot be accepted");
                    }
                    connections.evict();
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    connections.all_left().await;
}

/// Waits until the server is told to stop, or nobody is left to tell it.
async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Whether the client went away before it was accepted, which says nothing about the next one.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection to its end, or until it has to make room.
async fn connection(stream: TcpStream, router: Router, seat: Seat, mut stop: watch::Receiver<bool>) {
    // A connection that cannot be set up like this only answers more slowly, or is given up later.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(UNREAD_TIME));
    let seat = Arc::new(seat);
    let peer = stream.peer_addr().ok();
    let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
        let busy = seat.busy();
        let mut request = request.map(Body::new);
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let answer = router.clone().oneshot(request);
        async move {
            let Ok(response) = answer.await;
            Ok::<_, Infallible>(response.map(|body| Answer { body, _busy: busy }))
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    debug!(%error, "a connection ended");
                }
                return;
            }
            () = told_to_stop(&mut stop), if !is_stopping => {
                is_stopping = true;
                serving.as_mut().graceful_shutdown();
            }
            () = seat.evicted.notified() => {
                if seat.is_idle() {
                    return;
                }
                // A request came meanwhile: somebody else has to make room.
                seat.connections.left.notify_one();
            }
        }
    }
}

struct Connections {
    max: usize,
    state: Mutex<State>,
    left: Notify,
}

#[derive(Default)]
struct State {
    open: usize,
    /// Orders the connections by when they became idle.
    next_turn: u64,
    idle: BTreeMap<u64, Arc<Notify>>,
    /// How many had to make room since there are too many.
    evicted: Option<u64>,
}

impl Connections {
    /// Waits until there is room for one more connection, and makes some if an idle one is there.
    async fn make_room(&self) {
        while self.state.lock().open >= self.max {
            let left = self.left.notified();
            self.evict();
            left.await;
        }
    }

    /// Has the connection close that is idle for longest.
    fn evict(&self) {
        let mut state = self.state.lock();
        let Some((_, connection)) = state.idle.pop_first() else { return };
        connection.notify_one();
        let evicted = state.evicted.get_or_insert_with(|| {
            warn!(
                connections.max = self.max,
                "there are too many connections; those that are idle for longest are closed"
            );
            0
        });
        *evicted += 1;
    }

    fn enter(self: &Arc<Self>) -> Seat {
        let evicted = Arc::new(Notify::new());
        let mut state = self.state.lock();
        state.open += 1;
        let turn = state.idle_since_now(&evicted);
        Seat { connections: Arc::clone(self), evicted, turn: Mutex::new(Some(turn)) }
    }

    async fn all_left(&self) {
        while self.state.lock().open > 0 {
            self.left.notified().await;
        }
    }
}

impl State {
    fn idle_since_now(&mut self, connection: &Arc<Notify>) -> u64 {
        let turn = self.next_turn;
        self.next_turn += 1;
        self.idle.insert(turn, Arc::clone(connection));
        turn
    }
}

/// One connection's place among all.
struct Seat {
    connections: Arc<Connections>,
    evicted: Arc<Notify>,
    /// Its place among the idle ones; none while it has a request.
    turn: Mutex<Option<u64>>,
}

impl Seat {
    /// It has a request, until the answer is dropped.
    fn busy(self: &Arc<Self>) -> Busy {
        self.leave_idle();
        Busy(Arc::clone(self))
    }

    fn is_idle(&self) -> bool {
        self.turn.lock().is_some()
    }

    fn leave_idle(&self) {
        if let Some(turn) = self.turn.lock().take() {
            self.connections.state.lock().idle.remove(&turn);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave_idle();
        let mut state = self.connections.state.lock();
        state.open -= 1;
        // Some way below the limit, so that one connection more or less does not fill the log.
        if state.open <= self.connections.max / 4 * 3
            && let Some(connections) = state.evicted.take()
        {
            info!(connections, "there is room for connections again; so many were closed");
        }
        drop(state);
        self.connections.left.notify_one();
    }
}

/// A request on a connection.
struct Busy(Arc<Seat>);

impl Drop for Busy {
    fn drop(&mut self) {
        let turn = self.0.connections.state.lock().idle_since_now(&self.0.evicted);
        *self.0.turn.lock() = Some(turn);
    }
}

/// An answer, during which its connection is not idle.
struct Answer {
    body: Body,
    _busy: Busy,
}

impl http_body::Body for Answer {
    type Data = <Body as http_body::Body>::Data;
    type Error = <Body as http_body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const MAX: usize = 4;

    async fn start() -> (std::net::SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>, Arc<Notify>)
    {
        let go_on = Arc::new(Notify::new());
        let slow = Arc::clone(&go_on);
        let router = Router::new().route("/", get(|| async { "hello" })).route(
            "/slow",
            get(|| async move {
                slow.notified().await;
                "at last"
            }),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        (address, stop, tokio::spawn(serve(listener, router, MAX, stopped)), go_on)
    }

    async fn connect(address: std::net::SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    async fn read(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        // A connection that was closed under a request is reset.
        let _ = stream.read_to_string(&mut text).await;
        text
    }

    fn request(path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
    }

    #[tokio::test]
    async fn silent_and_half_sent_connections_make_room() {
        let (address, _stop, _serving, _) = start().await;
        let mut silent = Vec::new();
        for number in 0..MAX * 5 {
            silent.push(connect(address, if number % 2 == 0 { "" } else { "GET / HTTP/1.1\r\nhost:" }).await);
            assert!(read(&mut connect(address, &request("/")).await).await.ends_with("hello"));
        }
        assert_eq!(read(&mut silent[0]).await, "");
    }

    #[tokio::test]
    async fn a_connection_with_a_request_is_not_closed() {
        let (address, _stop, _serving, go_on) = start().await;
        let mut slow = connect(address, &request("/slow")).await;
        for _ in 0..MAX * 2 {
            connect(address, "").await;
            assert!(read(&mut connect(address, &request("/")).await).await.ends_with("hello"));
        }
        go_on.notify_one();
        assert!(read(&mut slow).await.ends_with("at last"));
    }

    #[tokio::test]
    async fn when_all_have_requests_the_next_one_waits() {
        let (address, _stop, _serving, go_on) = start().await;
        let mut slow = Vec::new();
        for _ in 0..MAX {
            slow.push(connect(address, &request("/slow")).await);
        }
        let mut next = connect(address, &request("/")).await;
        go_on.notify_waiters();
        go_on.notify_one();
        assert!(read(&mut next).await.ends_with("hello"));
    }

    #[tokio::test]
    async fn a_stop_lets_requests_end_and_closes_the_rest() {
        let (address, stop, serving, go_on) = start().await;
        let mut silent = connect(address, "").await;
        let mut slow = connect(address, &request("/slow")).await;
        // It is served: an answer to a later connection says that the earlier one was accepted.
        assert!(read(&mut connect(address, &request("/")).await).await.ends_with("hello"));
        stop.send_replace(true);
        assert_eq!(read(&mut silent).await, "");
        go_on.notify_one();
        assert!(read(&mut slow).await.ends_with("at last"));
        serving.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_ends_in_time() {
        let (address, _stop, _serving, _) = start().await;
        for text in ["", "GET / HTTP/1.1\r\nhost:", "GET / HTTP/1.1\r\nhost: h\r\n\r\n"] {
            let mut stream = connect(address, text).await;
            let before = tokio::time::Instant::now();
            let answer = read(&mut stream).await;
            assert_eq!(answer.contains("hello"), text.ends_with("\r\n\r\n"), "{answer}");
            assert!(
                before.elapsed() >= HEAD_TIME && before.elapsed() < HEAD_TIME * 2,
                "{:?}",
                before.elapsed()
            );
        }
    }
}
