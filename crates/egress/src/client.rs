//! The client that all requests share.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hookwright_engine::ports::{Exchange, OutboundRequest, SendError, Sender, TargetRefused};
use hookwright_model::redact::Redactor;
use hookwright_model::{ReceivedReply, SentRequest, TargetUrl};
use http::{HeaderMap, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::connect::Connector;
use crate::headers::Headers;
use crate::policy::AddressPolicy;
use crate::resolver::{GuardedResolver, ON_BEHALF_OF};
use crate::tls::{self, EgressError};
use crate::tracked_body::{Progress, TrackedBody};
use crate::{failure, reply, target};

/// How long a connection waits for the next request. Servers commonly close theirs after a minute or more; closing first
/// loses no request that is just being written.
const IDLE_TIME: Duration = Duration::from_secs(30);
/// The most connections to one host that wait for a next request.
const MAX_IDLE_PER_HOST: usize = 64;
/// The most headers of a reply. Some gateways add one per cookie and hop.
const MAX_REPLY_HEADERS: usize = 1_024;

/// What the client is made from.
#[derive(Debug)]
pub struct EgressOptions {
    /// Where requests may go.
    pub policy: AddressPolicy,
    /// Certificate authorities to trust beside Mozilla's: one or more certificates in PEM.
    pub extra_roots_pem: Option<Vec<u8>>,
}

/// The engine's way into the network.
pub struct Egress {
    client: Client<Connector, TrackedBody>,
    policy: Arc<AddressPolicy>,
    resolver: GuardedResolver,
}

impl Egress {
    /// Sets up the client; nothing is connected yet.
    ///
    /// # Errors
    /// When the additional certificate authorities cannot be used, or the build has no usable TLS.
    pub fn new(options: EgressOptions) -> Result<Self, EgressError> {
        let policy = Arc::new(options.policy);
        let resolver = GuardedResolver::system(Arc::clone(&policy));
        let tls = tls::config(options.extra_roots_pem.as_deref())?;
        let connector = Connector::new(Arc::clone(&policy), resolver.clone(), tls);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            // A status line that was read counts, whatever follows it: servers send warnings of their scripts, folded
            // lines and blanks before colons among their headers.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_max_headers(MAX_REPLY_HEADERS)
            .build(connector);
        Ok(Self { client, policy, resolver })
    }

    async fn exchange(
        &self,
        request: &OutboundRequest,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<ReceivedReply, SendError> {
        let url = request.url.expose();
        target::check_literal(&self.policy, url).map_err(failure::refused)?;
        let progress = Progress::default();
        let mut sent = Request::new(TrackedBody::new(body, progress.clone()));
        *sent.method_mut() = request.method.clone();
        *sent.uri_mut() = without_user_info(url)?;
        *sent.headers_mut() = headers;
        let deadline = Instant::now() + request.timeout;
        let response = ON_BEHALF_OF.scope(request.project, self.client.request(sent));
        match timeout_at(deadline, response).await {
            Ok(Ok(response)) => Ok(reply::read(response, deadline).await),
            Ok(Err(error)) => match reply::without_its_rest(&error) {
                Some(reply) => Ok(reply),
                None => Err(failure::of_client(&error, progress.reached())),
            },
            Err(_) => Err(failure::out_of_time(request.timeout, progress.reached())),
        }
    }
}

#[async_trait]
impl Sender for Egress {
    async fn send(&self, request: OutboundRequest) -> Exchange {
        let started = Instant::now();
        let Headers { sent, shown } = Headers::compose(&request);
        let body = request.body.clone().unwrap_or_default();
        let redactor = redactor(&request);
        let outcome = match self.exchange(&request, sent, body).await {
            Ok(reply) => Ok(redactor.reply(reply)),
            Err(error) => Err(SendError { message: redactor.text(error.message), ..error }),
        };
        let request = redactor.request(as_shown(&request, shown));
        Exchange { request, outcome, duration: started.elapsed() }
    }

    fn show(&self, request: &OutboundRequest) -> SentRequest {
        redactor(request).request(as_shown(request, Headers::compose(request).shown))
    }

    async fn check_target(&self, url: &TargetUrl) -> Result<(), TargetRefused> {
        let url = url.expose();
        target::check_literal(&self.policy, url).map_err(|refused| TargetRefused {
            message: refused.to_string(),
            address: Some(refused.address()),
        })?;
        target::check_name(&self.resolver, url).await
    }
}

fn redactor(request: &OutboundRequest) -> Redactor {
    Redactor::new(&request.webhook_url, &request.custom_headers, &request.secrets)
}

/// The request with these headers, which show no credentials, and a URL that shows none either.
fn as_shown(request: &OutboundRequest, headers: Vec<(String, String)>) -> SentRequest {
    SentRequest {
        method: request.method.to_string(),
        url: request.url.masked(),
        headers,
        body: request.body.clone().unwrap_or_default(),
    }
}

/// The URL as the client gets it: its user info has become a header.
fn without_user_info(url: &Url) -> Result<Uri, SendError> {
    let mut url = url.clone();
    // Neither can fail: the URL is http or https and has a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Uri::try_from(url.as_str()).map_err(|_| failure::unusable_url())
}
