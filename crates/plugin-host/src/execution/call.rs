//! One call of a plugin: a fresh store with its limits, and what its end means.

use std::time::Duration;

use hookwright_engine::ports::{MapError, Usage};
use hookwright_model::LogLine;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use wasmtime::{Store, Trap, UpdateDeadline};

use super::epoch::{thread_time, ticks};
use super::instance::{Stage, State};
use super::logs::LogBuffer;
use super::world::{Exited, World};
use crate::limits::{CLOCK_TIMES, MAX_ERROR_CHARS, PluginLimits};
use crate::text::shown;

/// How often a call is tried that fails for the host's sake.
const TRIES: u32 = 4;

/// Why a call ended without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum CallError {
    /// The plugin crashed.
    #[error("it crashed: {0}")]
    Trap(String),
    /// The plugin exceeded a limit.
    #[error("it exceeded a limit: {0}")]
    Limit(String),
    /// The component is not what it seems to be.
    #[error("{0}")]
    Types(String),
    /// The host failed.
    #[error("the host failed: {0}")]
    Host(String),
}

/// Exports with the right names and other types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its exports are not those of version {version} of the contract: {cause}")]
pub(crate) struct WrongTypes {
    pub(crate) version: &'static str,
    pub(crate) cause: String,
}

/// What a call left behind.
pub(crate) struct Ended<T> {
    pub(crate) outcome: Result<T, CallError>,
    /// Whether it was cut off only because of the stage's time, and may do better where there is more.
    pub(crate) cut_short: bool,
    /// What the plugin wrote.
    pub(crate) logs: Vec<LogLine>,
    /// What it used.
    pub(crate) usage: Usage,
}

impl<T> Ended<T> {
    /// What another process says of a call, made to keep the rules that hold for what ends here.
    pub(crate) fn foreign(
        limits: &PluginLimits,
        outcome: Result<T, CallError>,
        logs: Vec<LogLine>,
        usage: Usage,
    ) -> Self {
        let mut kept = LogBuffer::default();
        for LogLine { level, message } in logs {
            kept.push(limits, level, &message);
        }
        let clean = |text: String| shown(&text, MAX_ERROR_CHARS);
        let outcome = outcome.map_err(|error| match error {
            CallError::Trap(text) => CallError::Trap(clean(text)),
            CallError::Limit(text) => CallError::Limit(clean(text)),
            CallError::Types(text) => CallError::Types(clean(text)),
            CallError::Host(text) => CallError::Host(clean(text)),
        });
        Self { outcome, cut_short: false, logs: kept.lines, usage }
    }
}

/// Runs `body` with a fresh store, and again when the system refused the host something: that passes, as when pages of a
/// memory's image are held elsewhere just while it is sealed. A call has no effects, so nobody sees the difference.
pub(crate) fn run<T>(
    stage: &Stage<'_>,
    world: impl Fn() -> World,
    body: impl Fn(&mut Store<State>) -> wasmtime::Result<T>,
) -> Ended<T> {
    for _ in 1..TRIES {
        let ended = run_once(stage, world(), &body);
        if !matches!(ended.outcome, Err(CallError::Host(_))) {
            return ended;
        }
    }
    run_once(stage, world(), &body)
}

fn run_once<T>(
    stage: &Stage<'_>,
    world: World,
    body: impl FnOnce(&mut Store<State>) -> wasmtime::Result<T>,
) -> Ended<T> {
    let Stage { engine, epoch, limits, time } = *stage;
    let started = Instant::now();
    let mut store = Store::new(engine, State::new(limits.clone(), world));
    store.limiter(|state| state);
    store.set_hostcall_fuel(limits.transfer_bytes);
    store.set_max_component_handles(limits.handles);
    store.set_epoch_deadline(ticks(time));
    let clock = Clock { processor: thread_time(), wall: started, time };
    store.epoch_deadline_callback(move |_| Ok(clock.strike()));
    let running = epoch.running();
    let outcome = store.set_fuel(limits.fuel).and_then(|()| body(&mut store));
    drop(running);
    let duration = started.elapsed();
    // Fuel cannot be read only where it is not counted.
    let instructions = limits.fuel.saturating_sub(store.get_fuel().unwrap_or_default());
    let interrupted = outcome.as_ref().err().and_then(|error| error.downcast_ref()) == Some(&Trap::Interrupt);
    let cut_short = interrupted && time < limits.wall_time;
    let state = store.into_data();
    let usage = Usage { instructions, memory_bytes: state.memory_bytes(), duration };
    let outcome = outcome.map_err(|error| explain(&state, &error));
    Ended { outcome, cut_short, logs: state.into_logs(), usage }
}

/// What a call has used of its time.
struct Clock {
    processor: Duration,
    wall: Instant,
    time: Duration,
}

impl Clock {
    /// Called when the time is up on the clock, which on a busy machine is more than the call has had.
    fn strike(&self) -> UpdateDeadline {
        let used = thread_time().saturating_sub(self.processor);
        let left = self.time.saturating_sub(used);
        if left.is_zero() || self.wall.elapsed() > self.time * CLOCK_TIMES {
            return UpdateDeadline::Interrupt;
        }
        UpdateDeadline::Continue(ticks(left))
    }
}

/// What an error means for the plugin.
fn explain(state: &State, error: &wasmtime::Error) -> CallError {
    if let Some(limit) = state.exceeded() {
        return CallError::Limit(limit.to_owned());
    }
    if let Some(Exited) = error.downcast_ref() {
        return CallError::Trap(with_last_words(state, "it called `exit`".into()));
    }
    if let Some(types) = error.downcast_ref::<WrongTypes>() {
        return CallError::Types(types.to_string());
    }
    match error.downcast_ref::<Trap>() {
        Some(trap) => explain_trap(state, *trap),
        None => explain_other(error, state.limits()),
    }
}

fn explain_trap(state: &State, trap: Trap) -> CallError {
    let limits = state.limits();
    match trap {
        Trap::OutOfFuel => CallError::Limit(format!("more than {} instructions", limits.fuel)),
        Trap::Interrupt => CallError::Limit(format!(
            "more than {} ms of processor time, or {CLOCK_TIMES} times as much on the clock",
            limits.wall_time.as_millis()
        )),
        Trap::StackOverflow => CallError::Limit(format!(
            "more than {} KiB of stack: calls are nested too deeply",
            limits.stack_bytes / 1024
        )),
        trap => CallError::Trap(with_last_words(state, trap.to_string())),
    }
}

/// The message of a panic comes by way of standard error, before the trap that ends it.
fn with_last_words(state: &State, cause: String) -> String {
    match state.world.last_words() {
        Some(words) => format!("{words} ({cause})"),
        None => cause,
    }
}

/// An error without a trap code: raised by wasmtime at the boundary of the component, or by the host.
fn explain_other(error: &wasmtime::Error, limits: &PluginLimits) -> CallError {
    let cause = error.root_cause();
    let text = cause.to_string();
    // A plugin has no files: what the system refuses, it refuses to wasmtime.
    if error.is::<wasmtime::PoolConcurrencyLimitError>() || cause.is::<std::io::Error>() {
        return CallError::Host(text);
    }
    // wasmtime keeps the types of these two errors to itself.
    if text.contains("fuel allocated for hostcalls") {
        return CallError::Limit(format!("more than {} KiB in one answer", limits.transfer_bytes / 1024));
    }
    if text.contains("store handle limit exceeded") {
        return CallError::Limit(format!("more than {} resource handles", limits.handles));
    }
    CallError::Trap(text)
}

impl From<CallError> for MapError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Trap(message) => Self::Trap(message),
            CallError::Limit(message) => Self::Limit(message),
            CallError::Types(message) => Self::Invalid(message),
            CallError::Host(message) => Self::Unavailable(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io;
    use std::num::NonZero;

    use hookwright_model::{LogLevel, Timestamp};

    use super::*;
    use crate::execution::engine;
    use crate::execution::epoch::EpochTimer;

    #[derive(Debug, thiserror::Error)]
    #[error("the image cannot be sealed")]
    struct Sealing(#[source] io::Error);

    fn busy() -> io::Error {
        io::Error::from(io::ErrorKind::ResourceBusy)
    }

    #[test]
    fn what_the_system_refuses_is_no_fault_of_the_plugin() {
        for error in [wasmtime::Error::new(busy()), wasmtime::Error::new(Sealing(busy()))] {
            let explained = explain_other(&error, &PluginLimits::default());
            assert_eq!(explained, CallError::Host(busy().to_string()));
        }
    }

    #[test]
    fn logs_and_errors_from_elsewhere_keep_the_rules_and_change_no_more() {
        let limits = PluginLimits::default();
        let (long, line) = ("x".repeat(limits.log_bytes / 2 + 1), "line");
        for lines in [vec![line; 3], vec![line; limits.log_lines + 9], vec![line, &long, &long, line]] {
            let mut buffer = LogBuffer::default();
            lines.iter().for_each(|line| buffer.push(&limits, LogLevel::Info, line));
            let outcome = Err::<(), _>(CallError::Trap("out of bounds".into()));
            let ended = Ended::foreign(&limits, outcome.clone(), buffer.lines.clone(), Usage::default());
            assert_eq!((ended.logs, ended.outcome), (buffer.lines, outcome));
        }
        let forged = LogLine { level: LogLevel::Info, message: "\u{1b}[2J".into() };
        let error = Err::<(), _>(CallError::Limit("\n".repeat(MAX_ERROR_CHARS + 1)));
        let ended = Ended::foreign(&limits, error, vec![forged; limits.log_lines + 2], Usage::default());
        assert_eq!((ended.logs.len(), ended.logs[0].message.as_str()), (limits.log_lines + 1, " [2J"));
        assert_eq!(ended.outcome, Err(CallError::Limit(" ".repeat(MAX_ERROR_CHARS))));
    }

    #[test]
    fn what_the_system_refuses_for_a_moment_is_tried_again() {
        let limits = PluginLimits::default();
        let engine = engine::running(NonZero::<usize>::MIN, &limits).unwrap();
        let epoch = EpochTimer::start(&engine).unwrap();
        let stage = Stage { engine: &engine, epoch: &epoch, limits: &limits, time: limits.wall_time };
        let world = || World::new(Timestamp::EPOCH, String::new(), 0);
        let tries = |refusals| {
            let tries = Cell::new(0);
            let ended = run(&stage, world, |_| {
                tries.set(tries.get() + 1);
                if tries.get() > refusals { Ok(()) } else { Err(busy().into()) }
            });
            (tries.get(), ended.outcome)
        };
        assert_eq!(tries(0), (1, Ok(())));
        assert_eq!(tries(TRIES - 1), (TRIES, Ok(())));
        assert_eq!(tries(TRIES), (TRIES, Err(CallError::Host(busy().to_string()))));
    }
}
