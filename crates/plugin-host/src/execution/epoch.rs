//! The clocks of calls: while any call runs, the engine's epoch goes up once per [`TICK`], which ends a call whose time is up;
//! and the processor time that a thread has used.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rustix::time::{ClockId, clock_gettime};
use wasmtime::{Engine, EngineWeak};

/// The resolution of a call's wall time.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// How many ticks a wall time takes; never less time than asked for.
pub(crate) fn ticks(wall_time: Duration) -> u64 {
    // The first tick may come at once, so one is added.
    u64::try_from(wall_time.as_nanos().div_ceil(TICK.as_nanos())).unwrap_or(u64::MAX - 1).saturating_add(1)
}

/// Processor time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    // Never negative: both count from the start of the thread.
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// A thread that ticks while calls run and sleeps otherwise.
pub(crate) struct EpochTimer(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    calls: usize,
    asleep: bool,
    stopped: bool,
}

impl EpochTimer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(engine: &Engine) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (theirs, engine) = (Arc::clone(&shared), engine.weak());
        thread::Builder::new().name("plugin-epoch".into()).spawn(move || theirs.tick(&engine))?;
        Ok(Self(shared))
    }

    /// Lets the epoch go up until the guard is dropped.
    pub(crate) fn running(&self) -> Running {
        let mut state = self.0.state.lock();
        state.calls += 1;
        if state.asleep {
            self.0.changed.notify_one();
        }
        Running(Arc::clone(&self.0))
    }
}

impl Drop for EpochTimer {
    fn drop(&mut self) {
        self.0.state.lock().stopped = true;
        self.0.changed.notify_one();
    }
}

/// Keeps the epoch going.
pub(crate) struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.state.lock().calls -= 1;
    }
}

impl Shared {
    fn tick(&self, engine: &EngineWeak) {
        let mut state = self.state.lock();
        while !state.stopped {
            if state.calls == 0 {
                // The start of a call wakes a sleeping timer. One that ticks is left alone, or calls in quick succession
                // would make the time run faster.
                state.asleep = true;
                self.changed.wait(&mut state);
                state.asleep = false;
                continue;
            }
            if self.changed.wait_for(&mut state, TICK).timed_out() {
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_never_early() {
        assert_eq!(ticks(Duration::from_millis(1)), 2);
        assert_eq!(ticks(Duration::from_millis(10)), 3);
        assert_eq!(ticks(Duration::from_millis(11)), 4);
    }
}
