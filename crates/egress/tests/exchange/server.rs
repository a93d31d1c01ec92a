//! A small HTTP server that misbehaves on demand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What the server does with each request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// These bytes, and the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes, and the connection is closed; without bytes it is only closed.
    BytesAndClose(Vec<u8>),
    /// These bytes for the first request of a connection; the second one has it closed.
    BytesOnce(Vec<u8>),
    /// One of these for each request of a connection; the next one has it closed.
    BytesInTurn(Vec<Vec<u8>>),
    /// Nothing, and the connection stays open.
    Silence,
    /// A body without end, as fast as it is read.
    Flood,
}

/// A request as it arrived.
pub(crate) struct Seen {
    /// The request line.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    seen: UnboundedReceiver<Seen>,
}

impl Server {
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (sender, seen) = unbounded_channel();
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, answer.clone(), sender.clone()));
            }
        });
        Self { address, connections, seen }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request; waits for it.
    pub(crate) async fn request(&mut self) -> Seen {
        self.seen.recv().await.unwrap()
    }

    /// How many more requests have arrived.
    pub(crate) fn unread_requests(&self) -> usize {
        self.seen.len()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// An answer with a status line, a length and a body.
pub(crate) fn reply(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

async fn converse(mut stream: TcpStream, answer: Answer, seen: UnboundedSender<Seen>) {
    let mut count = 0;
    while let Some(request) = read_request(&mut stream).await {
        let _ = seen.send(request);
        count += 1;
        match &answer {
            Answer::Bytes(bytes) => stream.write_all(bytes).await.unwrap(),
            Answer::BytesAndClose(bytes) => {
                stream.write_all(bytes).await.unwrap();
                return;
            }
            Answer::BytesOnce(bytes) if count == 1 => stream.write_all(bytes).await.unwrap(),
            Answer::BytesOnce(_) => return,
            Answer::BytesInTurn(turns) => match turns.get(count - 1) {
                Some(bytes) => stream.write_all(bytes).await.unwrap(),
                None => return,
            },
            Answer::Silence => {}
            Answer::Flood => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                return;
            }
        }
    }
}

/// Reads one request; none when the connection ends.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Seen { line, headers, body })
}
