//! `wasi:cli`, `wasi:clocks` and `wasi:random`.

use wasmtime::component::{ComponentType, Linker, Lower, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut, bail};

use super::io::{STDERR, input, output, pollable};
use super::versioned;
use crate::execution::fuel::Metered as _;
use crate::execution::instance::State;
use crate::execution::world::Exited;

struct TerminalInput;
struct TerminalOutput;

/// The representation of standard output's handle.
const STDOUT: u32 = 1;

#[derive(ComponentType, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

type Store<'a> = StoreContextMut<'a, State>;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    link_cli(linker)?;
    link_terminals(linker)?;
    link_clocks(linker)?;
    link_random(linker)
}

fn link_cli(linker: &mut Linker<State>) -> Result<()> {
    let mut environment = linker.instance(&versioned("wasi:cli/environment"))?;
    environment.metered("get-environment", |_: Store<'_>, ()| Ok((Vec::<(String, String)>::new(),)))?;
    environment.metered("get-arguments", |_: Store<'_>, ()| Ok((Vec::<String>::new(),)))?;
    environment.metered("initial-cwd", |_: Store<'_>, ()| Ok((None::<String>,)))?;

    let mut exit = linker.instance(&versioned("wasi:cli/exit"))?;
    exit.metered("exit", |_: Store<'_>, (_,): (std::result::Result<(), ()>,)| -> Result<()> {
        Err(Exited.into())
    })?;

    let mut stdin = linker.instance(&versioned("wasi:cli/stdin"))?;
    stdin.metered("get-stdin", |_: Store<'_>, ()| Ok((input(),)))?;
    let mut stdout = linker.instance(&versioned("wasi:cli/stdout"))?;
    stdout.metered("get-stdout", |_: Store<'_>, ()| Ok((output(STDOUT),)))?;
    let mut stderr = linker.instance(&versioned("wasi:cli/stderr"))?;
    stderr.metered("get-stderr", |_: Store<'_>, ()| Ok((output(STDERR),)))
}

fn link_terminals(linker: &mut Linker<State>) -> Result<()> {
    let mut terminal = linker.instance(&versioned("wasi:cli/terminal-input"))?;
    terminal.resource("terminal-input", ResourceType::host::<TerminalInput>(), |_, _| Ok(()))?;
    let mut terminal = linker.instance(&versioned("wasi:cli/terminal-output"))?;
    terminal.resource("terminal-output", ResourceType::host::<TerminalOutput>(), |_, _| Ok(()))?;

    let mut stdin = linker.instance(&versioned("wasi:cli/terminal-stdin"))?;
    stdin.metered("get-terminal-stdin", |_: Store<'_>, ()| Ok((None::<Resource<TerminalInput>>,)))?;
    let mut stdout = linker.instance(&versioned("wasi:cli/terminal-stdout"))?;
    stdout.metered("get-terminal-stdout", |_: Store<'_>, ()| Ok((None::<Resource<TerminalOutput>>,)))?;
    let mut stderr = linker.instance(&versioned("wasi:cli/terminal-stderr"))?;
    stderr.metered("get-terminal-stderr", |_: Store<'_>, ()| Ok((None::<Resource<TerminalOutput>>,)))
}

fn link_clocks(linker: &mut Linker<State>) -> Result<()> {
    let mut wall = linker.instance(&versioned("wasi:clocks/wall-clock"))?;
    wall.metered("now", |store: Store<'_>, ()| {
        let now = store.data().world.now;
        let millis = u32::try_from(now.as_millis() % 1_000)?;
        Ok((Datetime { seconds: now.as_secs(), nanoseconds: millis * 1_000_000 },))
    })?;
    wall.metered("resolution", |_: Store<'_>, ()| Ok((Datetime { seconds: 0, nanoseconds: 1_000_000 },)))?;

    let mut monotonic = linker.instance(&versioned("wasi:clocks/monotonic-clock"))?;
    monotonic.metered("now", |store: Store<'_>, ()| {
        Ok((store.data().world.now.as_millis().saturating_mul(1_000_000),))
    })?;
    monotonic.metered("resolution", |_: Store<'_>, ()| Ok((1_000_000_u64,)))?;
    for name in ["subscribe-instant", "subscribe-duration"] {
        monotonic.metered(name, |_: Store<'_>, (_,): (u64,)| Ok((pollable(),)))?;
    }
    Ok(())
}

fn link_random(linker: &mut Linker<State>) -> Result<()> {
    for (interface, bytes, number) in [
        ("wasi:random/random", "get-random-bytes", "get-random-u64"),
        ("wasi:random/insecure", "get-insecure-random-bytes", "get-insecure-random-u64"),
    ] {
        let mut random = linker.instance(&versioned(interface))?;
        random.metered(bytes, |mut store: Store<'_>, (len,): (u64,)| Ok((draw(&mut store, len)?,)))?;
        random.metered(number, |mut store: Store<'_>, ()| Ok((draw_number(&mut store)?,)))?;
    }
    let mut seed = linker.instance(&versioned("wasi:random/insecure-seed"))?;
    seed.metered("insecure-seed", |mut store: Store<'_>, ()| {
        Ok(((draw_number(&mut store)?, draw_number(&mut store)?),))
    })
}

fn draw(store: &mut Store<'_>, len: u64) -> Result<Vec<u8>> {
    let state = store.data_mut();
    match state.world.random(len) {
        Some(bytes) => Ok(bytes),
        None => {
            state.exceed(format!("more than {} random bytes", state.limits().random_bytes));
            bail!("no random bytes left")
        }
    }
}

fn draw_number(store: &mut Store<'_>) -> Result<u64> {
    let bytes = draw(store, 8)?;
    Ok(bytes.into_iter().fold(0, |number, byte| number << 8 | u64::from(byte)))
}
