//! The queue between those who log and the thread that writes.
//!
//! Logging costs a copy into memory and never waits: where the reader of the log is slow or gone, or its disk is full, the
//! queue fills, further lines are dropped and counted, and a line tells how many as soon as writing works again.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tracing::warn;
use tracing_subscriber::fmt::MakeWriter;

/// The most bytes of lines that wait.
const QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// How long the end of the process waits for lines to be written.
const FLUSH_TIME: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    /// Lines have come, or the last one has been written.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    dropped: u64,
    is_writing: bool,
    is_ending: bool,
}

/// Starts the thread that writes to `sink`.
pub(super) fn start(sink: impl Write + Send + 'static) -> io::Result<(Lines, Flush)> {
    let queue = Arc::new(Queue::default());
    let shared = Arc::clone(&queue);
    Builder::new().name("log-writer".to_owned()).spawn(move || write(&shared, sink))?;
    Ok((Lines(Arc::clone(&queue)), Flush(queue)))
}

/// Takes log lines.
#[derive(Clone)]
pub(super) struct Lines(Arc<Queue>);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { queue: Arc::clone(&self.0), text: Vec::new() }
    }
}

/// One line, which goes into the queue when it is dropped.
pub(super) struct Line {
    queue: Arc<Queue>,
    text: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let line = std::mem::take(&mut self.text);
        if let Some(line) = take_notice(line) {
            self.queue.push(line);
        }
    }
}

impl Queue {
    fn push(&self, line: Vec<u8>) {
        let mut state = self.state.lock();
        if state.bytes + line.len() > QUEUE_BYTES {
            state.dropped += 1;
            return;
        }
        state.bytes += line.len();
        state.lines.push_back(line);
        drop(state);
        self.changed.notify_all();
    }

    /// The next line, once there is one; none at the end.
    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self.state.lock();
        state.is_writing = false;
        self.changed.notify_all();
        self.changed.wait_while(&mut state, |state| state.lines.is_empty() && !state.is_ending);
        let line = state.lines.pop_front()?;
        state.bytes -= line.len();
        state.is_writing = true;
        Some(line)
    }
}

/// Writes lines until the process ends.
fn write(queue: &Queue, mut sink: impl Write) {
    let mut is_torn = false;
    while let Some(line) = queue.next() {
        let dropped = std::mem::take(&mut queue.state.lock().dropped);
        let notice = if dropped > 0 { notice(dropped) } else { Vec::new() };
        // A line that was written in part, perhaps because the disk became full, ends here.
        let start: &[u8] = if is_torn { b"\n" } else { b"" };
        is_torn = sink.write_all(&[start, &notice, &line].concat()).and_then(|()| sink.flush()).is_err();
        if is_torn {
            queue.state.lock().dropped += dropped + 1;
        }
    }
}

thread_local! {
    /// The line that the writing thread logs itself, which must not go through the queue.
    static NOTICE: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Keeps the line if this thread is about to write it; gives it back otherwise.
fn take_notice(line: Vec<u8>) -> Option<Vec<u8>> {
    NOTICE.with_borrow_mut(|notice| match notice {
        Some(text) => {
            text.extend(line);
            None
        }
        None => Some(line),
    })
}

/// The line that tells of dropped ones, in the form that all lines have; empty if warnings are not logged.
fn notice(dropped: u64) -> Vec<u8> {
    NOTICE.set(Some(Vec::new()));
    warn!(lines = dropped, "log lines were dropped: they could not be written");
    NOTICE.take().unwrap_or_default()
}

/// Writes what waits when it is dropped, as far as that works within a second.
#[must_use = "log lines are lost that still wait at the end of the process"]
pub(crate) struct Flush(Arc<Queue>);

impl Flush {
    /// Waits until everything is written, or a second has passed.
    pub(crate) fn wait(&self) {
        let mut state = self.0.state.lock();
        let waits = |state: &mut State| state.is_writing || !state.lines.is_empty();
        self.0.changed.wait_while_for(&mut state, waits, FLUSH_TIME);
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.wait();
        self.0.state.lock().is_ending = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tracing::subscriber::with_default;
    use tracing_subscriber::fmt;

    use super::*;

    /// A place for lines that fails as long as it is told to, and that can be made to wait.
    #[derive(Clone, Default)]
    struct Sink {
        written: Arc<Mutex<Vec<u8>>>,
        fails: Arc<Mutex<bool>>,
        gate: Option<Arc<Mutex<mpsc::Receiver<()>>>>,
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(gate) = &self.gate {
                let _ = gate.lock().recv();
            }
            if *self.fails.lock() {
                // A disk that becomes full takes a part.
                self.written.lock().extend(&bytes[..bytes.len().min(3)]);
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.written.lock().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn text(sink: &Sink) -> String {
        String::from_utf8(sink.written.lock().clone()).unwrap()
    }

    fn push(lines: &Lines, text: &str) {
        lines.make_writer().write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn lines_are_written_in_order_before_the_end() {
        let sink = Sink::default();
        let (lines, flush) = start(sink.clone()).unwrap();
        (0..1_000).for_each(|n| push(&lines, &format!("{n}\n")));
        drop(flush);
        let expected: String = (0..1_000).map(|n| format!("{n}\n")).collect();
        assert_eq!(text(&sink), expected);
    }

    /// Writes to a sink with the notices that the process would log.
    fn start_with_notices(sink: Sink) -> (Lines, Arc<Queue>) {
        let queue = Arc::new(Queue::default());
        let (shared, lines) = (Arc::clone(&queue), Lines(Arc::clone(&queue)));
        let subscriber = fmt().without_time().with_ansi(false).with_writer(lines.clone()).finish();
        std::thread::spawn(move || with_default(subscriber, || write(&shared, sink)));
        (lines, queue)
    }

    #[test]
    fn failures_are_counted_and_told_once_writing_works_again() {
        let sink = Sink::default();
        let (lines, queue) = start_with_notices(sink.clone());
        let flush = Flush(queue);
        *sink.fails.lock() = true;
        (0..5).for_each(|n| push(&lines, &format!("lost {n}\n")));
        flush.wait();
        *sink.fails.lock() = false;
        push(&lines, "kept\n");
        push(&lines, "kept too\n");
        drop(flush);
        let text = text(&sink);
        let notice = "log lines were dropped: they could not be written lines=5\nkept\nkept too\n";
        assert!(text.ends_with(notice) && text.contains('\n'), "{text}");
        assert_eq!(text.matches("were dropped").count(), 1, "{text}");
    }

    #[test]
    fn a_slow_reader_makes_nobody_wait() {
        let (open, gate) = mpsc::channel();
        let sink = Sink { gate: Some(Arc::new(Mutex::new(gate))), ..Sink::default() };
        let (lines, queue) = start_with_notices(sink.clone());
        let flush = Flush(queue);
        let line = "x".repeat(64 * 1024 - 1) + "\n";
        // One line is being written, as many as fit wait.
        let fitting = QUEUE_BYTES / line.len();
        for _ in 0..fitting + 100 {
            push(&lines, &line);
        }
        drop(open);
        flush.wait();
        push(&lines, "later\n");
        drop(flush);
        let text = text(&sink);
        let written = text.lines().filter(|line| line.starts_with("xxx")).count();
        let told = text.split("lines=").nth(1).and_then(|rest| rest.lines().next()).unwrap();
        assert_eq!(written + told.parse::<usize>().unwrap(), fitting + 100);
        assert!(text.ends_with("later\n"));
    }
}
