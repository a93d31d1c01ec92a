//! A thread that looks at the disk once a second, so that people learn of trouble and of its end while nothing else
//! happens.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::store::Shared;
use crate::writer::Nudge;

/// How often the disk is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The thread. Dropping it ends it.
pub(crate) struct Watch {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(crate) fn start(shared: Arc<Shared>, writer: Nudge) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let look = move || {
            while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                shared.disk.look_for_room();
                if shared.disk.is_failing() {
                    writer.nudge();
                }
            }
        };
        let thread = Builder::new().name("store-watch".to_owned()).spawn(look)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It ends with an error only if it panicked, and the panic has been reported then.
            let _ = thread.join();
        }
    }
}
