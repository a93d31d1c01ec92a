//! `wasi:io`: streams that give nothing and take everything, and polls that are always ready.

use wasmtime::component::{ComponentType, Linker, Lower, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut, bail};

use super::versioned;
use crate::execution::fuel::{Metered as _, charge_for_bytes};
use crate::execution::instance::State;

/// `wasi:io/poll.pollable`.
pub(super) struct Pollable;
/// `wasi:io/error.error`; none is ever made.
pub(super) struct IoError;
/// `wasi:io/streams.input-stream`; every one of them is at its end.
pub(super) struct InputStream;
/// `wasi:io/streams.output-stream`; which one it is, is its handle's representation.
pub(super) struct OutputStream;

/// The representation of handles that are all alike.
const ANY: u32 = 0;
/// The representation of standard error's handle.
pub(super) const STDERR: u32 = 2;
/// How much an output stream takes at a time.
const WRITE_BYTES: u64 = 64 * 1024;

#[derive(ComponentType, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    #[expect(dead_code, reason = "part of the interface; nothing fails here")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

/// What a handle in a list costs, in bytes of text: it is looked up in a table.
const HANDLE_BYTES: usize = 256;

type Store<'a> = StoreContextMut<'a, State>;
type In = Resource<InputStream>;
type Out = Resource<OutputStream>;
/// What a stream's function returns: never a trap.
type Streamed<T> = Result<(std::result::Result<T, StreamError>,)>;

pub(super) fn input() -> In {
    Resource::new_own(ANY)
}

pub(super) fn output(representation: u32) -> Out {
    Resource::new_own(representation)
}

pub(super) fn pollable() -> Resource<Pollable> {
    Resource::new_own(ANY)
}

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    let mut error = linker.instance(&versioned("wasi:io/error"))?;
    error.resource("error", ResourceType::host::<IoError>(), |_, _| Ok(()))?;
    error.metered("[method]error.to-debug-string", |_: Store<'_>, (_,): (Resource<IoError>,)| {
        Ok((String::new(),))
    })?;

    let mut poll = linker.instance(&versioned("wasi:io/poll"))?;
    poll.resource("pollable", ResourceType::host::<Pollable>(), |_, _| Ok(()))?;
    poll.metered("[method]pollable.ready", |_: Store<'_>, (_,): (Resource<Pollable>,)| Ok((true,)))?;
    poll.metered("[method]pollable.block", |_: Store<'_>, (_,): (Resource<Pollable>,)| Ok(()))?;
    poll.metered("poll", |mut store: Store<'_>, (polled,): (Vec<Resource<Pollable>>,)| {
        charge_for_bytes(&mut store, polled.len() * HANDLE_BYTES)?;
        if polled.is_empty() {
            bail!("`poll` was called with an empty list");
        }
        Ok(((0..u32::try_from(polled.len())?).collect::<Vec<_>>(),))
    })?;

    link_input(linker)?;
    link_output(linker)
}

fn link_input(linker: &mut Linker<State>) -> Result<()> {
    let mut streams = linker.instance(&versioned("wasi:io/streams"))?;
    streams.resource("input-stream", ResourceType::host::<InputStream>(), |_, _| Ok(()))?;
    for name in ["read", "blocking-read"] {
        streams.metered(
            &format!("[method]input-stream.{name}"),
            |_: Store<'_>, (_, _): (In, u64)| -> Streamed<Vec<u8>> { Ok((Err(StreamError::Closed),)) },
        )?;
    }
    for name in ["skip", "blocking-skip"] {
        streams.metered(
            &format!("[method]input-stream.{name}"),
            |_: Store<'_>, (_, _): (In, u64)| -> Streamed<u64> { Ok((Err(StreamError::Closed),)) },
        )?;
    }
    streams.metered("[method]input-stream.subscribe", |_: Store<'_>, (_,): (In,)| Ok((pollable(),)))
}

fn link_output(linker: &mut Linker<State>) -> Result<()> {
    let mut streams = linker.instance(&versioned("wasi:io/streams"))?;
    streams.resource("output-stream", ResourceType::host::<OutputStream>(), |_, _| Ok(()))?;
    streams.metered("[method]output-stream.check-write", |_: Store<'_>, (_,): (Out,)| -> Streamed<u64> {
        Ok((Ok(WRITE_BYTES),))
    })?;
    for name in ["write", "blocking-write-and-flush"] {
        streams.metered(
            &format!("[method]output-stream.{name}"),
            |mut store: Store<'_>, (stream, bytes): (Out, Vec<u8>)| -> Streamed<()> {
                charge_for_bytes(&mut store, bytes.len())?;
                if stream.rep() == STDERR {
                    store.data_mut().world.write_stderr(&bytes);
                }
                Ok((Ok(()),))
            },
        )?;
    }
    for name in ["flush", "blocking-flush"] {
        streams.metered(
            &format!("[method]output-stream.{name}"),
            |_: Store<'_>, (_,): (Out,)| -> Streamed<()> { Ok((Ok(()),)) },
        )?;
    }
    for name in ["write-zeroes", "blocking-write-zeroes-and-flush"] {
        streams.metered(
            &format!("[method]output-stream.{name}"),
            |_: Store<'_>, (_, _): (Out, u64)| -> Streamed<()> { Ok((Ok(()),)) },
        )?;
    }
    for name in ["splice", "blocking-splice"] {
        streams.metered(
            &format!("[method]output-stream.{name}"),
            |_: Store<'_>, (_, _, _): (Out, In, u64)| -> Streamed<u64> { Ok((Err(StreamError::Closed),)) },
        )?;
    }
    streams.metered("[method]output-stream.subscribe", |_: Store<'_>, (_,): (Out,)| Ok((pollable(),)))
}
