//! Processes as the system sees them (proc(5)).

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// A process, which may have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(Pid);

impl Process {
    pub(crate) fn new(id: u32) -> Self {
        Self(Pid::from_raw(i32::try_from(id).unwrap()).unwrap())
    }

    pub(crate) fn signal(self, signal: Signal) {
        kill_process(self.0, signal).unwrap();
    }

    /// The processes that it has started for this job of the plugin host and that have not ended.
    pub(crate) fn jobs(self, name: &str) -> Vec<Self> {
        let tasks = fs::read_dir(self.path("task")).unwrap();
        let lists = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("children")).ok());
        let ids = lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let children = ids.map(|id| Self::new(id.parse().unwrap()));
        children.filter(|child| child.runs() && child.last_argument().as_deref() == Some(name)).collect()
    }

    fn last_argument(self) -> Option<String> {
        let line = fs::read_to_string(self.path("cmdline")).ok()?;
        line.trim_end_matches('\0').rsplit('\0').next().map(str::to_owned)
    }

    /// Whether it has not ended yet; one that nobody has asked for its status has ended.
    pub(crate) fn runs(self) -> bool {
        self.status("State").is_some_and(|state| !state.starts_with(['Z', 'X']))
    }

    pub(crate) fn threads(self) -> usize {
        self.status("Threads").unwrap().parse().unwrap()
    }

    /// How many files it has open, sockets included, but not the images of plugins that are ready to be called: there is a
    /// limited number of these.
    pub(crate) fn open_files(self) -> usize {
        let entries = fs::read_dir(self.path("fd")).unwrap();
        let files = entries.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
        files.filter(|file| !file.starts_with("/memfd:wasm-memory-image (deleted)")).count()
    }

    /// A field of its status; none if it is gone.
    pub(crate) fn status(self, field: &str) -> Option<String> {
        let status = fs::read_to_string(self.path("status")).ok()?;
        let value = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        value.map(|value| value.trim().to_owned())
    }

    fn path(self, entry: &str) -> String {
        format!("/proc/{}/{entry}", self.0.as_raw_nonzero())
    }
}
