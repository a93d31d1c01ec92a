//! The network of a world: stand-ins by host name, without sockets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hookwright_engine::ports::{Exchange, OutboundRequest, Reached, SendError, Sender, TargetRefused};
use hookwright_model::{AttemptErrorKind, ReceivedReply, SentRequest, TargetUrl};
use hookwright_standin::{Answer, Fault, Request, Scripted, Vendor, When};
use http::{HeaderMap, HeaderValue};
use parking_lot::Mutex;
use tokio::time::Instant;

/// A vendor's account at its host.
pub(crate) struct Site {
    pub(crate) account: Scripted<Box<dyn Vendor>>,
    capacity: Option<Mutex<Capacity>>,
}

impl Site {
    pub(crate) fn new(vendor: Box<dyn Vendor>) -> Self {
        Self { account: Scripted::new(vendor), capacity: None }
    }

    /// An account that takes so many requests a second, and refuses the others in its vendor's words. Where no plugin reads
    /// these, they are HTTP's own.
    pub(crate) fn limited(vendor: Box<dyn Vendor>, per_second: u32) -> Self {
        Self { account: Scripted::new(vendor), capacity: Some(Mutex::new(Capacity::new(per_second))) }
    }

    async fn exchange(&self, request: Request) -> Option<Answer> {
        let is_full = self.capacity.as_ref().is_some_and(|capacity| !capacity.lock().take());
        if is_full {
            let vendor = self.account.target();
            let busy = match vendor.connection().plugin {
                Some(_) => vendor.too_many_requests(),
                None => Answer::status(429),
            };
            self.account.script(When::next(1), Fault::Answer(busy));
        }
        self.account.exchange(request).await
    }
}

/// A bucket of requests, which is full at first and fills up again by the second. It has room for one more than a second
/// brings: some vendors' refusals leave a doubt, and a mapping looks before it tries again.
struct Capacity {
    per_second: u32,
    left: f64,
    seen: Instant,
}

impl Capacity {
    fn new(per_second: u32) -> Self {
        Self { per_second, left: f64::from(per_second) + 1.0, seen: Instant::now() }
    }

    fn take(&mut self) -> bool {
        let per_second = f64::from(self.per_second);
        let now = Instant::now();
        let filled = self.left + (now - self.seen).as_secs_f64() * per_second;
        self.left = filled.min(per_second + 1.0);
        self.seen = now;
        let is_there = self.left >= 1.0;
        if is_there {
            self.left -= 1.0;
        }
        is_there
    }
}

/// Every site by its host.
#[derive(Default)]
pub(crate) struct Internet(Mutex<HashMap<String, Arc<Site>>>);

impl Internet {
    pub(crate) fn open(&self, host: &str, site: Site) -> Arc<Site> {
        let site = Arc::new(site);
        self.0.lock().insert(host.to_owned(), Arc::clone(&site));
        site
    }
}

/// The request as a target would read it from the wire.
fn received(request: &OutboundRequest) -> Request {
    let url = request.url.expose();
    let uri = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", HeaderValue::try_from(request.id.to_string()).unwrap());
    let custom = request.custom_headers.iter().map(|(name, value)| (name.clone(), value));
    for (name, value) in custom.chain(request.plugin_headers.iter().cloned()) {
        headers.entry(name).or_insert(value);
    }
    if request.body.is_some() {
        headers.entry("content-type").or_insert(HeaderValue::from_static("application/json"));
    }
    let body = request.body.clone().unwrap_or_default();
    Request { method: request.method.clone(), uri: uri.parse().unwrap(), headers, body }
}

fn reply(answer: Answer) -> ReceivedReply {
    let (head, body) = answer.into_response().into_parts();
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
    ReceivedReply { status: head.status.as_u16(), headers: headers.collect(), body, truncated: false }
}

#[async_trait]
impl Sender for Internet {
    async fn send(&self, request: OutboundRequest) -> Exchange {
        let host = request.url.expose().host_str().unwrap().to_owned();
        let site = self.0.lock().get(&host).map(Arc::clone).unwrap();
        let started = Instant::now();
        let answered = tokio::time::timeout(request.timeout, site.exchange(received(&request))).await;
        let lost = |kind, message: &str| {
            Err(SendError { kind, message: message.to_owned(), reached: Reached::Perhaps })
        };
        let outcome = match answered {
            Ok(Some(answer)) => Ok(reply(answer)),
            Ok(None) => lost(AttemptErrorKind::Reset, "the connection broke"),
            Err(_) => lost(AttemptErrorKind::Timeout, "no answer in time"),
        };
        let duration: Duration = started.elapsed();
        Exchange { request: self.show(&request), outcome, duration }
    }

    fn show(&self, request: &OutboundRequest) -> SentRequest {
        SentRequest {
            method: request.method.to_string(),
            url: request.url.masked(),
            headers: Vec::new(),
            body: request.body.clone().unwrap_or_default(),
        }
    }

    async fn check_target(&self, _: &TargetUrl) -> Result<(), TargetRefused> {
        Ok(())
    }
}
