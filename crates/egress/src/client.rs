//! The client that all requests share.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hookwright_engine::ports::{Exchange, OutboundRequest, SendError, Sender, TargetRefused};
use hookwright_model::{ReceivedReply, SentRequest, TargetUrl};
use http::HeaderMap;
use reqwest::{Body, Client, Request, redirect, retry};
use tokio::time::{Instant, timeout};
use url::Url;

use crate::headers::Headers;
use crate::policy::AddressPolicy;
use crate::resolver::GuardedResolver;
use crate::tls::{self, EgressError};
use crate::tracked_body::{Progress, TrackedBody};
use crate::{failure, reply, target};

/// How long a connection may take, from resolving the name to the end of the TLS handshake; a request whose own time is
/// shorter ends earlier.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long a connection waits for the next request. Servers commonly close theirs after a minute or more; who closes
/// first does not lose a request that is just being written.
const IDLE_TIME: Duration = Duration::from_secs(30);
/// The most connections to one host that wait for a next request.
const MAX_IDLE_PER_HOST: usize = 64;

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
    client: Client,
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
        let resolver = GuardedResolver::new(Arc::clone(&policy));
        let client = Client::builder()
            .tls_backend_preconfigured(tls::config(options.extra_roots_pem.as_deref())?)
            .dns_resolver(resolver.clone())
            // A proxy would resolve names itself, past the policy.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .http1_only()
            // Replies are kept as they come, even if a feature of the client that unpacks them is switched on elsewhere
            // in the build.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .connect_timeout(CONNECT_TIME)
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .build()
            .map_err(EgressError::Client)?;
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
        let mut sent = Request::new(request.method.clone(), without_user_info(url));
        *sent.headers_mut() = headers;
        *sent.body_mut() = Some(Body::wrap(TrackedBody::new(body, progress.clone())));
        let answer = async { reply::read(self.client.execute(sent).await?).await };
        match timeout(request.timeout, answer).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(failure::of_client(&error, progress.reached())),
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
        let outcome = self.exchange(&request, sent, body).await;
        Exchange { request: as_shown(&request, shown), outcome, duration: started.elapsed() }
    }

    fn show(&self, request: &OutboundRequest) -> SentRequest {
        as_shown(request, Headers::compose(request).shown)
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
fn without_user_info(url: &Url) -> Url {
    let mut url = url.clone();
    // Neither can fail: the URL is http or https and has a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}
