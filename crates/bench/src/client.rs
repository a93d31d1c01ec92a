//! A pooled client, and load from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::Instant;

pub(crate) type Http = hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>;

/// How many requests are under way at once in a load.
pub(crate) const CONNECTIONS: usize = 64;

/// A client that keeps its connections.
pub(crate) fn new() -> Http {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector)
}

/// One request; the status and body of its answer.
pub(crate) async fn send(
    http: &Http,
    method: Method,
    url: &str,
    key: &str,
    body: impl Into<Bytes>,
) -> Result<(StatusCode, Bytes)> {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(Full::new(body.into()))?;
    let answer = http.request(request).await.with_context(|| format!("{url} does not answer"))?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}

/// Posts the same body for so long, over all connections at once; how many were accepted.
pub(crate) async fn load(http: &Http, url: &str, key: &str, body: &Bytes, duration: Duration) -> Result<u64> {
    let accepted = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + duration;
    let tasks = (0..CONNECTIONS).map(|_| {
        let (http, url, key, body) = (http.clone(), url.to_owned(), key.to_owned(), body.clone());
        let accepted = Arc::clone(&accepted);
        tokio::spawn(async move {
            while Instant::now() < end {
                let (status, answer) = send(&http, Method::POST, &url, &key, body.clone()).await?;
                if !status.is_success() {
                    bail!("the load was refused: {status} {}", String::from_utf8_lossy(&answer));
                }
                accepted.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    Ok(accepted.load(Ordering::Relaxed))
}
