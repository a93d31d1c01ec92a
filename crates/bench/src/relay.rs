//! The reference of `throughput`: a server that passes each request on to one target and answers when that has answered.
//! No store, no retries, no mapping: what the two hops cost alone.

use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::client::{self, Http};

/// Runs the relay until its process is ended; prints its address first.
pub(crate) async fn serve(target: &str) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let (http, target) = (client::new(), Arc::new(target.to_owned()));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (http, target) = (http.clone(), Arc::clone(&target));
        let service = service_fn(move |request| pass_on(http.clone(), Arc::clone(&target), request));
        tokio::spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
        );
    }
}

async fn pass_on(
    http: Http,
    target: Arc<String>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>> {
    let body = request.into_body().collect().await?.to_bytes();
    let (status, _) = client::send(&http, Method::POST, &target, "none", body).await?;
    let status = if status.is_success() { StatusCode::ACCEPTED } else { status };
    Ok(Response::builder().status(status).body(Full::default())?)
}

/// The relay as a process of its own.
pub(crate) struct Relay {
    process: Child,
    pub(crate) url: String,
}

impl Relay {
    pub(crate) async fn start(target: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--relay-to", target]).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn()?;
        let stdout = process.stdout.take().context("the relay has no output")?;
        let url = BufReader::new(stdout).lines().next_line().await?.context("the relay did not start")?;
        Ok(Self { process, url })
    }

    pub(crate) fn id(&self) -> Result<u32> {
        self.process.id().context("the relay has ended")
    }
}
