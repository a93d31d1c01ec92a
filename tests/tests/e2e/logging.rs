//! The log goes where it can, and the service goes on when it cannot.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use hookwright_standin::{Answer, Fault, Receiver, Running, Standin, When};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::time::timeout;

use crate::harness::{Api, DEADLINE, FIRST_START, Home, Process, lead, until};

/// A server whose log goes somewhere else than into the harness.
struct Server {
    process: Child,
    api: Api,
}

impl Server {
    async fn start(home: &Home, log: Stdio) -> Self {
        let mut process = home.command().stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        drop(process.stderr.take());
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = async {
            loop {
                let line = lines.next_line().await.unwrap().expect("the server ended");
                if let Some(url) = line.strip_prefix("Hookwright listens on ") {
                    return url.to_owned();
                }
            }
        };
        // Standard output is closed from now on as well.
        let url = timeout(FIRST_START, url).await.expect("the server does not start");
        Self { process, api: Api::new(url) }
    }

    /// Ends it as a service manager does.
    async fn stop(mut self) -> ExitStatus {
        Process::new(self.process.id().unwrap()).signal(Signal::TERM);
        timeout(DEADLINE, self.process.wait()).await.expect("the server does not end").unwrap()
    }
}

/// A target that refuses every first attempt, which is logged, and takes the second one.
async fn stubborn() -> Running<Receiver> {
    Standin::start(Receiver::default()).await.unwrap()
}

async fn fails_once_and_delivers(server: &Server, target: &Running<Receiver>, project: &str) {
    target.script(When::next(1), Fault::Answer(Answer::status(503)));
    let id = server.api.one_delivery(project, &lead::sample()).await;
    let settled = server.api.settled(&id).await;
    assert_eq!((&settled["state"], &settled["attempt_count"]), (&json!("delivered"), &json!(2)));
}

async fn delivers_with_log(log: Stdio) {
    let target = stubborn().await;
    let home = Home::new();
    let server = Server::start(&home, log).await;
    let project = server.api.project().await;
    server.api.webhook(&project, &json!({ "url": target.url() })).await;
    for _ in 0..3 {
        fails_once_and_delivers(&server, &target, &project).await;
    }
    assert_eq!(server.api.get("/readyz").await.json(200), json!({ "status": "ready" }));
    let status = server.stop().await;
    assert!(status.success(), "the server ended with {status}");
}

#[tokio::test]
async fn a_reader_of_the_log_that_goes_away_stops_nothing() {
    delivers_with_log(Stdio::piped()).await;
}

#[tokio::test]
async fn a_log_on_a_full_disk_stops_nothing() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    delivers_with_log(full.into()).await;
}

#[tokio::test]
async fn a_log_that_cannot_even_be_opened_stops_nothing() {
    let read_only = File::open("/dev/null").unwrap();
    delivers_with_log(read_only.into()).await;
}

fn reader(path: &Path) -> pipe::Receiver {
    pipe::OpenOptions::new().open_receiver(path).unwrap()
}

#[tokio::test]
async fn a_reader_that_comes_back_is_told_how_many_lines_were_dropped() {
    let target = stubborn().await;
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let first = reader(&path);
    let log = OpenOptions::new().write(true).open(&path).unwrap();
    let server = Server::start(&home, log.into()).await;
    let project = server.api.project().await;
    server.api.webhook(&project, &json!({ "url": target.url() })).await;
    drop(first);
    fails_once_and_delivers(&server, &target, &project).await;

    let mut second = reader(&path);
    let mut text = String::new();
    until("the number of dropped lines", async || {
        fails_once_and_delivers(&server, &target, &project).await;
        let mut bytes = vec![0; 65_536];
        let read = timeout(DEADLINE, second.read(&mut bytes)).await.expect("nothing is logged").unwrap();
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        text.contains("log lines were dropped").then_some(())
    })
    .await;
    let line = text.lines().find(|line| line.contains("log lines were dropped")).unwrap();
    let lines = line.split("lines=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    assert!(lines.parse::<u64>().unwrap() > 0, "{line}");
    let status = server.stop().await;
    assert!(status.success(), "the server ended with {status}");
}
