//! Open files that are kept for children. A server whose connections have taken all files that the system gives it still
//! has to start a compiler, or a worker process: starting one takes pipes.

use std::fs::File;
use std::io;

use parking_lot::Mutex;

/// Files that the start of a child takes: two ends of each pipe, those of its own that the standard library opens for a moment,
/// and what watches the child.
const FILES: usize = 12;

/// Files that are open for nothing, until somebody needs their places.
pub(crate) struct Reserve(Mutex<Vec<File>>);

impl Reserve {
    /// A full reserve, or as much of one as the system gives.
    pub(crate) fn new() -> Self {
        let mut files = Vec::new();
        fill(&mut files);
        Self(Mutex::new(files))
    }

    /// Starts a child, with the places of the reserve if there are no others.
    ///
    /// # Errors
    /// Why it does not start.
    pub(crate) fn start<T>(&self, start: impl Fn() -> io::Result<T>) -> io::Result<T> {
        match start() {
            Err(error) if is_out_of_files(&error) => {}
            started => return started,
        }
        let mut files = self.0.lock();
        files.clear();
        let started = start();
        fill(&mut files);
        drop(files);
        tracing::warn!(started = started.is_ok(), "no files are left; a child process took the reserve");
        started
    }

    /// Takes back what the reserve lacks, once there are files again.
    pub(crate) fn refill(&self) {
        fill(&mut self.0.lock());
    }
}

fn fill(files: &mut Vec<File>) {
    while files.len() < FILES {
        let Ok(file) = File::open("/dev/null") else { return };
        files.push(file);
    }
}

fn is_out_of_files(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    matches!(code, Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn out_of_files() -> io::Error {
        io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error())
    }

    #[test]
    fn the_reserve_is_given_up_for_a_start_and_filled_again() {
        let reserve = Reserve::new();
        assert_eq!(reserve.0.lock().len(), FILES);
        let starts = Cell::new(0);
        let started = reserve.start(|| {
            starts.set(starts.get() + 1);
            // The lock tells that the places are free: nobody else holds it.
            let is_free = reserve.0.try_lock().is_none();
            if is_free { Ok(()) } else { Err(out_of_files()) }
        });
        assert_eq!((started.is_ok(), starts.get(), reserve.0.lock().len()), (true, 2, FILES));
    }

    #[test]
    fn other_errors_are_told_at_once() {
        let starts = Cell::new(0);
        let started = Reserve::new().start(|| {
            starts.set(starts.get() + 1);
            Err::<(), _>(io::ErrorKind::NotFound.into())
        });
        assert_eq!((started.unwrap_err().kind(), starts.get()), (io::ErrorKind::NotFound, 1));
    }
}
