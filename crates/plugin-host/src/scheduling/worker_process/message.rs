//! The messages between a server and a worker process: eight bytes of length, little-endian, and so many bytes.
//!
//! The server sends the `PluginLimits`, and then requests, each of which is answered with a [`Reply`]. To
//! [`Reply::CodeWanted`] the server sends the code as it is, and gets another reply.

use std::io::{self, Read, Write};
use std::time::Duration;

use hookwright_model::LogLine;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::execution::call::CallError;

/// A call to run. `A` is `Arguments`, or a reference where it is sent.
#[derive(Serialize, Deserialize)]
pub(crate) struct Request<A> {
    /// The digest of the component.
    pub(crate) component: [u8; 32],
    /// The version of the contract that it was built for.
    pub(crate) contract: String,
    pub(crate) what: What<A>,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum What<A> {
    Describe,
    Transform(A),
}

/// `T` is a `Description` or an `Answer`, as was asked.
#[derive(Serialize, Deserialize)]
pub(crate) enum Reply<T> {
    /// The component is not there.
    CodeWanted,
    /// The code cannot be used, for this reason.
    CodeUnusable(String),
    Ended(Report<T>),
}

/// How a call ended.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report<T> {
    pub(crate) outcome: Result<T, CallError>,
    pub(crate) logs: Vec<LogLine>,
    pub(crate) instructions: u64,
    pub(crate) memory_bytes: usize,
    pub(crate) duration: Duration,
    /// Processor time, making and clearing away the instance included.
    pub(crate) busy: Duration,
}

/// Writes a message.
///
/// # Errors
/// When the other side does not take it.
pub(crate) fn send(line: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    send_bytes(line, &postcard::to_stdvec(message).map_err(io::Error::other)?)
}

/// Writes a message that is bytes.
///
/// # Errors
/// When the other side does not take it.
pub(crate) fn send_bytes(line: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    line.write_all(&(bytes.len() as u64).to_le_bytes())?;
    line.write_all(bytes)?;
    line.flush()
}

/// Reads a message of at most `max_bytes`.
///
/// # Errors
/// As for [`receive_bytes`], and when it is another message than is expected here.
pub(crate) fn receive<T: DeserializeOwned>(line: &mut impl Read, max_bytes: usize) -> io::Result<T> {
    postcard::from_bytes(&receive_bytes(line, max_bytes)?).map_err(|error| invalid(&error.to_string()))
}

/// Reads a message that is at most `max_bytes` bytes.
///
/// # Errors
/// When there is none, with [`io::ErrorKind::UnexpectedEof`] if the other side has ended, or it is too long.
pub(crate) fn receive_bytes(line: &mut impl Read, max_bytes: usize) -> io::Result<Vec<u8>> {
    let mut len = [0; 8];
    line.read_exact(&mut len)?;
    let len = u64::from_le_bytes(len);
    if len > max_bytes as u64 {
        return Err(invalid("a message is too long"));
    }
    // Memory is taken as bytes arrive, however many were announced.
    let mut bytes = Vec::new();
    if line.take(len).read_to_end(&mut bytes)? as u64 == len {
        Ok(bytes)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_whole_or_not_at_all() {
        let mut line = Vec::new();
        send(&mut line, &("text", 7)).unwrap();
        send_bytes(&mut line, b"bytes").unwrap();
        let mut rest = line.as_slice();
        assert_eq!(receive::<(String, i32)>(&mut rest, 6).unwrap(), ("text".into(), 7));
        assert_eq!(receive_bytes(&mut rest, 5).unwrap(), b"bytes");
        for end in 0..13 {
            let cut = receive_bytes(&mut line.get(..end).unwrap(), 6).unwrap_err();
            assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof, "after {end} bytes");
        }
        let other = receive::<(u64, Vec<String>)>(&mut line.as_slice(), 6).unwrap_err();
        assert_eq!(other.kind(), io::ErrorKind::InvalidData);
        let long = receive_bytes(&mut line.as_slice(), 5).unwrap_err();
        assert_eq!(
            (long.kind(), long.to_string().as_str()),
            (io::ErrorKind::InvalidData, "a message is too long")
        );
    }
}
